"""Each answer is mapped to the class of error that callers distinguish."""

import pytest

from controller.apimachinery import errors


def _status(code, reason, message="", **details):
    return {"kind": "Status", "code": code, "reason": reason, "message": message, "details": details}


@pytest.mark.parametrize(
    ("code", "reason", "want"),
    [
        (400, "BadRequest", errors.BadRequest),
        (401, "Unauthorized", errors.Unauthorized),
        (403, "Forbidden", errors.Forbidden),
        (404, "NotFound", errors.NotFound),
        (409, "AlreadyExists", errors.AlreadyExists),
        (409, "Conflict", errors.Conflict),
        (410, "Expired", errors.Expired),
        (410, "Gone", errors.Expired),
        (422, "Invalid", errors.Invalid),
        (429, "TooManyRequests", errors.TooManyRequests),
        (500, "InternalError", errors.ServerError),
        (504, "Timeout", errors.ServerError),
    ],
)
def test_each_answer_has_its_class(code, reason, want):
    assert type(errors.status_error(code, _status(code, reason))) is want


def test_the_html_page_of_a_proxy_is_an_error_with_a_cut_message():
    error = errors.status_error(503, "<html>" + "x" * 5000)

    assert type(error) is errors.ServerError
    assert len(error.message) == errors.TEXT_LIMIT
    assert error.status == {}


def test_a_missing_resource_is_distinguished_from_a_missing_object():
    assert errors.status_error(404, "404 page not found\n").resource_missing
    assert not errors.status_error(404, _status(404, "NotFound")).resource_missing


@pytest.mark.parametrize(
    "status",
    [
        _status(403, "Forbidden", causes=[{"reason": "NamespaceTerminating"}]),
        _status(403, "Forbidden", "unable to create new content in namespace x because it is being terminated"),
    ],
)
def test_a_terminating_namespace_is_recognised(status):
    assert errors.status_error(403, status).namespace_terminating


def test_a_refusal_by_rbac_is_not_a_terminating_namespace():
    assert not errors.status_error(403, _status(403, "Forbidden", "cannot create")).namespace_terminating


def test_an_error_reads_as_code_reason_and_message():
    assert str(errors.status_error(409, _status(409, "Conflict", "changed"))) == "409 Conflict: changed"
    assert str(errors.status_error(500, "oops")) == "500: oops"


@pytest.mark.parametrize("code", [400, 401, 403, 404, 409, 410, 422, 429, 500])
def test_an_error_without_content_keeps_its_class_but_no_submitted_value(code):
    causes = [{"reason": "FieldValueInvalid", "field": "data[a]", "message": "hunter2"}, {"message": "hunter2"}]
    details = {"name": "hunter2", "causes": causes}
    status = {"kind": "Status", "reason": "Refused", "message": "hunter2", "details": details}
    error = errors.status_error(code, status, retry_after=3.0)

    bare = errors.without_content(error)

    assert type(bare) is type(error)
    assert (bare.code, bare.reason, bare.retry_after) == (code, "Refused", 3.0)
    assert bare.causes[0] == {"reason": "FieldValueInvalid", "field": "data[a]"}
    assert bare.message == "Refused (data[a]); details withheld (may contain secrets)"
    assert "hunter2" not in str(bare) + repr(vars(bare))


def test_an_answer_that_was_not_a_status_stays_so_without_its_content():
    bare = errors.without_content(errors.status_error(404, "404 hunter2 not found"))
    assert bare.resource_missing
    assert bare.message == "404; details withheld (may contain secrets)"
    assert not errors.without_content(
        errors.status_error(404, {"kind": "Status", "reason": "NotFound"})
    ).resource_missing


def test_a_terminating_namespace_is_recognised_without_content_too():
    error = errors.status_error(403, {"kind": "Status", "details": {"causes": [{"reason": "NamespaceTerminating"}]}})
    assert errors.without_content(error).namespace_terminating
