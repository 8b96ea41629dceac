"""What an error of the API server means for an environment."""

import pytest

from controller.apimachinery.errors import ConnectionLost, NotLeader, Stopped, status_error, without_content
from controller.apimachinery.resources import CONFIG_MAPS, SECRETS
from controller.environment.decision import Stop, Wait
from controller.environment.effects import Apply, Create, Delete, Listing, Patch, Read, Target, WakeOnChange
from controller.environment.failures import explain
from tests.unit.environment.support.builders import (
    NAME,
    namespace_target,
    operator_options,
    release_target,
)

OPTIONS = operator_options(recheck_interval=7)
CREATE = Create(release_target(), {})


def _error(code, reason="", message="", **details):
    return status_error(code, {"kind": "Status", "reason": reason, "message": message, "details": details})


def test_a_kind_unknown_to_the_cluster_is_awaited():
    decision = explain(CREATE, status_error(404, "404 page not found"), OPTIONS)

    assert isinstance(decision, Wait)
    assert decision.reason == "ReleaseEngineMissing"
    assert "helmreleases.helm.fluxcd.io" in decision.message
    assert decision.recheck_after == 7


@pytest.mark.parametrize("code", [403, 405])
def test_a_kind_whose_definition_is_being_deleted_is_awaited(code):
    words = "helmreleases is forbidden: create not allowed while custom resource definition is terminating"

    engine = explain(CREATE, _error(code, "Forbidden", words), OPTIONS)
    shared = explain(Apply(Target(CONFIG_MAPS, "x", NAME), {}), _error(code, "Forbidden", words), OPTIONS)

    assert isinstance(engine, Wait)
    assert engine.reason == "ReleaseEngineMissing"
    assert "helmreleases.helm.fluxcd.io" in engine.message
    assert engine.recheck_after == 7
    assert isinstance(shared, Wait)
    assert shared.reason == "UnknownKind"


@pytest.mark.parametrize(("code", "reason"), [(405, "MethodNotAllowed"), (413, "RequestEntityTooLarge"), (415, "X")])
def test_a_refusal_with_a_rare_code_needs_a_person_too(code, reason):
    decision = explain(CREATE, _error(code, reason, "limit is 3145728"), OPTIONS)

    assert isinstance(decision, Stop)
    assert decision.reason == "Rejected"
    assert "limit is 3145728" in decision.message


def test_a_terminating_namespace_is_awaited():
    error = _error(403, "Forbidden", "...", causes=[{"reason": "NamespaceTerminating"}])

    decision = explain(CREATE, error, OPTIONS)

    assert isinstance(decision, Wait)
    assert decision.reason == "NamespaceTerminating"


def test_a_missing_right_needs_a_person_and_shows_the_servers_message():
    decision = explain(CREATE, _error(403, "Forbidden", 'User "x" cannot create resource "helmreleases"'), OPTIONS)

    assert isinstance(decision, Stop)
    assert decision.reason == "Forbidden"
    assert 'User "x" cannot create resource "helmreleases"' in decision.message
    assert decision.recheck_after == 7


@pytest.mark.parametrize("code", [400, 422])
def test_an_object_that_the_server_refuses_needs_a_person_and_is_named(code):
    decision = explain(Patch(namespace_target(), {}), _error(code, "Invalid", "spec.x: bad"), OPTIONS)

    assert isinstance(decision, Stop)
    assert decision.reason == "Rejected"
    assert "namespaces" in decision.message
    assert "spec.x: bad" in decision.message


@pytest.mark.parametrize(
    "error",
    [
        _error(409, "Conflict"),
        _error(409, "AlreadyExists"),
        _error(404, "NotFound"),
        _error(401, "Unauthorized"),
        _error(429, "TooManyRequests"),
        _error(500, "InternalError"),
        _error(410, "Expired"),
        _error(408, "Timeout"),
        ConnectionLost("reset"),
        Stopped("stopping"),
        NotLeader("not the leader"),
    ],
)
def test_errors_that_a_retry_may_resolve_are_not_shown_at_once(error):
    assert explain(CREATE, error, OPTIONS) is None


@pytest.mark.parametrize(
    ("effect", "resource"),
    [
        (Read(release_target()), "helmreleases.helm.fluxcd.io"),
        (Read(Listing(SECRETS, NAME)), "secrets"),
        (WakeOnChange(Listing(SECRETS, NAME)), "secrets"),
        (Delete(namespace_target(), "1", "1"), "namespaces"),
    ],
)
def test_the_message_names_the_resource_that_failed(effect, resource):
    assert f"does not serve {resource};" in explain(effect, status_error(404, "404 page not found"), OPTIONS).message


APPLY = Apply(Target(CONFIG_MAPS, "proxy", NAME), {})


def test_a_missing_right_for_a_shared_object_is_named_with_its_label():
    decision = explain(APPLY, _error(403, "Forbidden", "no"), OPTIONS)

    assert isinstance(decision, Stop)
    assert decision.reason == "Forbidden"
    for words in ("patch", "configmaps", NAME, "tronador.stakater.com/aggregate-to-environment"):
        assert words in decision.message


def test_a_refused_object_is_named_with_what_asks_for_it():
    effect = Apply(Target(CONFIG_MAPS, "proxy", NAME), {}, "tronador-config: resources.manifests[0]")

    decision = explain(effect, _error(400, "BadRequest", "data: not a map"), OPTIONS)

    assert "refused configmaps 'proxy' (tronador-config: resources.manifests[0]): data: not a map" in decision.message


def test_a_new_right_for_shared_objects_is_awaited():
    decision = explain(APPLY, _error(403, "Forbidden", "no"), OPTIONS, fresh_rights=True)

    assert isinstance(decision, Wait)
    assert decision.reason == "AwaitingRights"


def test_a_recently_removed_kind_of_a_shared_object_is_awaited():
    decision = explain(APPLY, status_error(404, "404 page not found"), OPTIONS)

    assert isinstance(decision, Wait)
    assert decision.reason == "UnknownKind"


@pytest.mark.parametrize("effect", [CREATE, APPLY])
@pytest.mark.parametrize(
    "words",
    [
        'pods "x" is forbidden: exceeded quota: small, requested: pods=1, used: pods=1, limited: pods=1',
        'admission webhook "guard.example.com" denied the request: no',
        "namespaces \"x\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'p' denied request: no",
    ],
)
def test_refusals_unrelated_to_rights_do_not_ask_for_one(effect, words):
    decision = explain(effect, _error(403, "Forbidden", words), OPTIONS)

    assert isinstance(decision, Stop)
    assert words in decision.message
    assert "grant" not in decision.message
    assert "aggregate-to-environment" not in decision.message


def test_a_silent_webhook_is_named_in_a_stable_message():
    def explained(port):
        words = (
            f'Internal error occurred: failed calling webhook "guard.example.com": dial tcp 10.0.0.1:{port}: refused'
        )
        return explain(CREATE, _error(500, "InternalError", words), OPTIONS)

    assert isinstance(explained(1), Wait)
    assert explained(1).reason == "WebhookSilent"
    assert "guard.example.com" in explained(1).message
    assert explained(1) == explained(2)
    assert explained(1).recheck_after == 7


def test_a_refused_secret_is_named_with_its_field_but_not_the_servers_message():
    causes = [{"reason": "FieldValueInvalid", "field": "type", "message": 'Invalid value: "hunter2"'}]
    error = _error(422, "Invalid", 'Secret "git" is invalid: type: Invalid value: "hunter2"', causes=causes)

    decision = explain(Apply(Target(SECRETS, "git", NAME), {}), without_content(error), OPTIONS)

    assert isinstance(decision, Stop)
    assert decision.reason == "Rejected"
    assert "secrets 'git'" in decision.message
    assert "(type)" in decision.message
    assert "hunter2" not in decision.message
