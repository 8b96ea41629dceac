"""The words for an error that lasts: what fails, on which object, and the same words for the same error."""

import pytest

from controller.apimachinery.errors import (
    ConnectionLost,
    MalformedAnswer,
    RequestTimeout,
    Unauthorized,
    status_error,
)
from controller.apimachinery.resources import SECRETS
from controller.environment import persistent_errors
from controller.environment.effects import (
    AddFinalizer,
    Apply,
    Create,
    Delete,
    GroupVersion,
    Listing,
    Patch,
    Read,
    Replace,
    WakeOnChange,
)
from controller.environment.effects import Target as At
from tests.unit.environment.support.builders import NAME, namespace_target, release_target

STORAGE = Listing(SECRETS, NAME)


def _error(code, reason="", message="words"):
    return status_error(code, {"kind": "Status", "reason": reason, "message": message})


def _standing(shown, message=None):
    return [{"type": "Reconciling", "status": "True", "reason": shown.reason, "message": message or shown.message}]


@pytest.mark.parametrize(
    ("effect", "doing"),
    [
        (Create(release_target(), {}), f"Creating helmreleases.helm.fluxcd.io {NAME}/run-pipeline fails"),
        (Patch(namespace_target(), {}), f"Changing namespaces {NAME} fails"),
        (Apply(At(SECRETS, "git", NAME), {}), f"Applying secrets {NAME}/git fails"),
        (Replace(Delete(At(SECRETS, "git", NAME), "1", "1"), {}), f"Replacing secrets {NAME}/git fails"),
        (Delete(namespace_target(), "1", "1"), f"Deleting namespaces {NAME} fails"),
        (AddFinalizer(namespace_target(), (), "1"), f"Changing the finalizers of namespaces {NAME} fails"),
        (Read(release_target()), f"Reading helmreleases.helm.fluxcd.io {NAME}/run-pipeline fails"),
        (Read(STORAGE), f"Listing secrets in namespace {NAME} fails"),
        (WakeOnChange(STORAGE), f"Watching secrets in namespace {NAME} fails"),
        (
            Read(GroupVersion("metrics.k8s.io/v1beta1")),
            "Looking up the resources of metrics.k8s.io/v1beta1 fails",
        ),
        (None, "Writing the status fails"),
    ],
)
def test_the_message_names_the_failing_action_and_object(effect, doing):
    shown = persistent_errors.explain(_error(503), effect)

    assert shown.reason == "RetryingAfterError"
    assert shown.message.startswith(doing)
    assert shown.message.endswith("This is tried again.")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (_error(503, "ServiceUnavailable", "the server is currently unable to handle the request"), "503 ServiceUna"),
        (_error(429, "TooManyRequests", "storage is (re)initializing"), "storage is (re)initializing"),
        (_error(409, "Conflict", "changed"), "409 Conflict: changed"),
        (status_error(502, "<html>Bad gateway</html>"), "502: <html>"),
        (RequestTimeout("10.0.0.1:6443: no answer"), "no answer in the time allowed"),
        (ConnectionLost("10.0.0.1:43210: reset by peer"), "the connection was refused or lost"),
        (MalformedAnswer("the answer is not a JSON object: 'hunter2'"), "does not follow the Kubernetes API"),
    ],
)
def test_only_the_servers_message_is_repeated(error, words):
    message = persistent_errors.explain(error, Read(release_target())).message

    assert words in message
    assert "hunter2" not in message
    assert "43210" not in message


def test_the_servers_words_about_a_secret_are_left_out():
    error = _error(500, "InternalError", 'cannot store "hunter2"')

    for effect in (Apply(At(SECRETS, "git", NAME), {}), Read(STORAGE), Patch(At(SECRETS, "git", NAME), {})):
        message = persistent_errors.explain(error, effect).message
        assert "hunter2" not in message
        assert "InternalError" in message


def test_an_internal_error_shows_its_class_without_text_or_place():
    shown = persistent_errors.explain(KeyError("hunter2"), Create(release_target(), {}))

    assert shown.reason == "InternalError"
    assert "KeyError" in shown.message
    assert "log" in shown.message
    assert "hunter2" not in shown.message


def test_a_reconcile_that_takes_too_long_names_the_option():
    shown = persistent_errors.explain(RequestTimeout("over"), Read(release_target()), too_late=True)

    assert shown.reason == "InternalError"
    assert "--reconcile-timeout" in shown.message


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "dial tcp 10.96.0.1:443: connect: connection refused",
            "dial tcp 10.96.0.7:443: connect: connection refused",
        ),
        ("read tcp 10.1.2.3:45678->10.96.0.1:443: i/o timeout", "read tcp 10.1.2.3:45999->10.96.0.1:443: i/o timeout"),
        ("timed out after 1.234s", "timed out after 10s"),
    ],
)
def test_ports_times_and_identifiers_do_not_change_the_message(one, other):
    effect = Read(release_target())
    first = persistent_errors.explain(_error(500, "InternalError", one), effect)

    again = persistent_errors.explain(_error(500, "InternalError", other), effect, standing=_standing(first))

    assert again == first


@pytest.mark.parametrize(
    ("error", "effect"),
    [
        (_error(503, "ServiceUnavailable", "other words"), Read(release_target())),
        (_error(503), Delete(release_target(), "1", "1")),
        (_error(503), Read(namespace_target())),
        (KeyError(), Read(release_target())),
    ],
)
def test_another_error_replaces_the_current_message(error, effect):
    first = persistent_errors.explain(_error(503), Read(release_target()))

    assert persistent_errors.explain(error, effect, standing=_standing(first)) != first


def test_a_message_of_another_reason_is_never_kept():
    first = persistent_errors.explain(_error(503), Read(release_target()))
    other = [{**_standing(first)[0], "reason": "Progressing", "message": first.message.replace("503", "504")}]

    assert persistent_errors.explain(_error(503), Read(release_target()), standing=other) == first


def test_a_long_answer_is_cut():
    assert len(persistent_errors.explain(_error(500, "", "x" * 5000), Read(release_target())).message) < 450


def test_an_error_without_a_message_shows_its_class():
    shown = persistent_errors.explain(
        Unauthorized(code=401, reason="Unauthorized", message="", status={}), Read(STORAGE)
    )

    assert "Unauthorized" in shown.message
