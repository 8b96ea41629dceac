"""Each effect as the exact request that it becomes, and each answer as what it means."""

import traceback

import pytest

from controller.api.environment import ENVIRONMENTS, FINALIZER
from controller.apimachinery.errors import Conflict as ConflictError
from controller.apimachinery.errors import ConnectionLost, ServerError, status_error
from controller.apimachinery.errors import Forbidden as ForbiddenError
from controller.apimachinery.errors import Invalid as InvalidError
from controller.apimachinery.errors import NotFound as NotFoundError
from controller.apimachinery.resources import NAMESPACES, SECRETS
from controller.client import DeletePropagation, PatchType
from controller.environment.admission.claims import GRANTED
from controller.environment.apply import Applied, Applier
from controller.environment.effects import (
    AddFinalizer,
    Apply,
    Create,
    Delete,
    Emit,
    EventType,
    GroupVersion,
    Listing,
    Outcome,
    Patch,
    Read,
    RemoveFinalizer,
    Replace,
    TakePlace,
    TakeTurn,
    Target,
    WakeOnChange,
)
from controller.environment.observation import REFUSED, Unchangeable
from tests.unit.environment.support.builders import NAME, NOW, environment, namespace_target, release_target

ENVIRONMENT = environment()
ANSWER = {"metadata": {"name": "x", "resourceVersion": "9"}}
LISTING = Listing(SECRETS, NAME, label_selector="owner=helm", metadata_only=True)


class _Client:
    """Records requests; answers from a script, or with ANSWER."""

    def __init__(self, *answers):
        self.requests = []
        self._answers = list(answers)

    def _answer(self, verb, resource, *arguments, **parameters):
        self.requests.append((verb, resource.plural, *arguments, parameters))
        answer = self._answers.pop(0) if self._answers else ANSWER
        if isinstance(answer, Exception):
            raise answer
        return answer

    def get(self, *arguments, **parameters):
        return self._answer("get", *arguments, **parameters)

    def list(self, *arguments, **parameters):
        return self._answer("list", *arguments, **parameters)

    def create(self, *arguments, **parameters):
        return self._answer("create", *arguments, **parameters)

    def patch(self, *arguments, **parameters):
        return self._answer("patch", *arguments, **parameters)

    def delete(self, *arguments, **parameters):
        return self._answer("delete", *arguments, **parameters)


class _Neighbours:
    def __init__(self):
        self.calls = []

    def event(self, regarding, **fields):
        self.calls.append(("event", regarding["metadata"]["name"], fields))

    def turn(self, key, ended):
        self.calls.append(("turn", key, ended))
        return 7.0

    def ensure(self, listing, key):
        self.calls.append(("ensure", listing, key))

    def take_place(self, environment):
        self.calls.append(("take place", environment["metadata"]["name"]))
        return GRANTED

    def written(self, owner, resource, obj):
        self.calls.append(("written", owner["metadata"]["name"], resource.plural, obj))


def _applier(client, neighbours):
    return Applier(
        client=client,
        served=lambda group_version: frozenset({f"served in {group_version}"}),
        recorder=neighbours,
        waker=neighbours,
        take_place=neighbours.take_place,
        written=neighbours.written,
        turns=neighbours.turn,
    )


def _apply(effect, *answers):
    client, neighbours = _Client(*answers), _Neighbours()
    applier = _applier(client, neighbours)
    return applier.apply(effect, ENVIRONMENT), client.requests, neighbours.calls


def _error(code, reason, message="words", **details):
    return status_error(code, {"kind": "Status", "reason": reason, "message": message, "details": details})


def test_a_creation_is_remembered_as_our_own_write():
    applied, requests, calls = _apply(Create(release_target(), {"a": 1}))

    assert requests == [("create", "helmreleases", {"a": 1}, {"namespace": NAME})]
    assert applied == Applied({release_target(): ANSWER})
    assert calls == [("written", NAME, "helmreleases", ANSWER)]


def test_an_object_that_already_exists_is_read_and_decided_again():
    applied, requests, calls = _apply(Create(namespace_target(), {}), _error(409, "AlreadyExists"), ANSWER)

    assert [request[0] for request in requests] == ["create", "get"]
    assert applied == Applied({namespace_target(): ANSWER}, decide_again=True)
    # No label limits the cache of namespaces, so it is worth waiting for.
    assert calls == [("written", NAME, "namespaces", ANSWER)]


def test_a_release_that_already_exists_is_not_awaited_in_the_cache():
    _, _, calls = _apply(Create(release_target(), {}), _error(409, "AlreadyExists"), ANSWER)

    assert calls == []


def test_a_turn_to_end_is_taken_for_the_environment():
    turn = TakeTurn(NOW)
    applied, requests, calls = _apply(turn)

    assert (applied, requests) == (Applied({turn: 7.0}, decide_again=True), [])
    assert calls == [("turn", NAME, NOW)]


def test_a_place_is_taken_for_the_environment():
    applied, requests, calls = _apply(TakePlace())

    assert (applied, requests) == (Applied({TakePlace(): GRANTED}, decide_again=True), [])
    assert calls == [("take place", NAME)]


def test_an_object_that_existed_and_is_gone_is_decided_again():
    applied, _, _ = _apply(Create(namespace_target(), {}), _error(409, "AlreadyExists"), _error(404, "NotFound"))

    assert applied == Applied({namespace_target(): None}, decide_again=True)


def test_an_object_that_exists_and_cannot_be_read_is_refused():
    with pytest.raises(ForbiddenError):
        _apply(Create(namespace_target(), {}), _error(409, "AlreadyExists"), _error(403, "Forbidden"))


def test_a_mapping_is_sent_as_a_merge_patch():
    applied, requests, calls = _apply(Patch(namespace_target(), {"metadata": {}}))

    assert requests == [
        ("patch", "namespaces", NAME, {"metadata": {}}, {"namespace": "", "patch_type": PatchType.MERGE})
    ]
    assert applied == Applied({namespace_target(): ANSWER})
    assert calls == [("written", NAME, "namespaces", ANSWER)]


def test_operations_are_sent_as_a_json_patch():
    _, requests, _ = _apply(Patch(release_target(), [{"op": "remove", "path": "/spec/x"}]))

    assert requests[0][-1] == {"namespace": NAME, "patch_type": PatchType.JSON}


def test_operations_that_no_longer_fit_are_a_conflict():
    with pytest.raises(ConflictError):
        _apply(Patch(release_target(), [{"op": "test"}]), _error(422, "Invalid"))


@pytest.mark.parametrize(
    ("body", "details"),
    [([{"op": "add"}], {"causes": [{"field": "spec.x"}]}), ({"spec": {}}, {}), ({"spec": {}}, {"causes": [{}]})],
)
def test_a_patch_refused_by_the_schema_is_reported_as_refused(body, details):
    with pytest.raises(InvalidError):
        _apply(Patch(release_target(), body), _error(422, "Invalid", **details))


@pytest.mark.parametrize(
    ("effect", "finalizers"),
    [
        (AddFinalizer(Target(ENVIRONMENTS, NAME), ("other", FINALIZER), "7"), ["other", FINALIZER]),
        (RemoveFinalizer(Target(ENVIRONMENTS, NAME), ("other",), "7"), ["other"]),
        (RemoveFinalizer(Target(ENVIRONMENTS, NAME), (), "7"), None),
    ],
)
def test_finalizers_are_patched_at_the_version_that_was_seen(effect, finalizers):
    _, requests, calls = _apply(effect)

    [(verb, plural, name, body, parameters)] = requests
    assert (verb, plural, name) == ("patch", "environmentprovisioners", NAME)
    assert body == {"metadata": {"finalizers": finalizers, "resourceVersion": "7"}}
    assert parameters["patch_type"] is PatchType.MERGE
    assert calls == [("written", NAME, "environmentprovisioners", ANSWER)]


def test_operations_refused_by_a_webhook_are_not_retried():
    words = 'admission webhook "guard.example.com" denied the request: no'

    with pytest.raises(InvalidError, match="guard"):
        _apply(Patch(release_target(), [{"op": "test"}]), _error(422, "Invalid", words))


READ = {"namespace": NAME, "uid": "uid-9", "resource_version": "9"}


def test_a_deletion_names_the_uid_and_the_version_that_were_read():
    applied, requests, _ = _apply(Delete(release_target(), "uid-9", "9"))

    # A Job leaves its pods behind where nothing is said about what belongs to it.
    parameters = {**READ, "propagation": DeletePropagation.BACKGROUND}
    assert requests == [("delete", "helmreleases", "run-pipeline", parameters)]
    assert applied == Applied({})


def test_an_object_that_is_already_gone_counts_as_deleted():
    applied, _, _ = _apply(Delete(release_target(), "uid-9", "9"), _error(404, "NotFound"))

    assert applied == Applied({})


def test_another_uid_or_version_is_a_conflict():
    with pytest.raises(ConflictError):
        _apply(Delete(release_target(), "uid-9", "9"), _error(409, "Conflict"))


def test_discovery_is_asked_for_served_kinds():
    applied, requests, _ = _apply(Read(GroupVersion("apps/v1")))

    assert applied == Applied({GroupVersion("apps/v1"): frozenset({"served in apps/v1"})}, decide_again=True)
    assert requests == []


@pytest.mark.parametrize(
    ("answer", "want"),
    [
        (ANSWER, ANSWER),
        (_error(404, "NotFound"), None),
        (status_error(404, "no such page"), None),
        (_error(403, "x"), REFUSED),
    ],
)
def test_an_object_is_read_live(answer, want):
    applied, requests, _ = _apply(Read(release_target()), answer)

    assert requests == [("get", "helmreleases", "run-pipeline", {"namespace": NAME})]
    assert applied == Applied({release_target(): want}, decide_again=True)


@pytest.mark.parametrize(
    ("answer", "want"),
    [
        ({"items": [ANSWER]}, (ANSWER,)),
        ({"items": None}, ()),
        (_error(404, "NotFound"), ()),
        (_error(403, "x"), REFUSED),
    ],
)
def test_a_listing_is_read_live_with_both_its_selectors(answer, want):
    applied, requests, _ = _apply(Read(LISTING), answer)

    parameters = {
        "namespace": NAME,
        "label_selector": "owner=helm",
        "field_selector": "",
        "metadata_only": True,
        "limit": None,
    }
    assert requests == [("list", "secrets", parameters)]
    assert applied == Applied({LISTING: want}, decide_again=True)


@pytest.mark.parametrize("error", [ConnectionLost("reset"), _error(500, "InternalError"), _error(429, "x")])
@pytest.mark.parametrize(
    "effect",
    [
        Read(release_target()),
        Create(release_target(), {}),
        Patch(release_target(), {}),
        Delete(release_target(), "1", "1"),
    ],
)
def test_an_error_without_an_answer_is_raised(effect, error):
    with pytest.raises(type(error)):
        _apply(effect, error)


@pytest.mark.parametrize(
    ("effect", "error", "kind"),
    [
        (Create(release_target(), {}), _error(404, "NotFound"), NotFoundError),
        (Create(release_target(), {}), _error(403, "Forbidden"), ForbiddenError),
        (Patch(release_target(), {}), _error(409, "Conflict"), ConflictError),
        (Patch(release_target(), {}), _error(404, "NotFound"), NotFoundError),
    ],
)
def test_a_refused_write_raises_an_error(effect, error, kind):
    with pytest.raises(kind):
        _apply(effect, error)


def test_a_wake_up_is_requested_for_the_environment():
    applied, requests, calls = _apply(WakeOnChange(LISTING))

    assert (applied, requests) == (Applied({}), [])
    assert calls == [("ensure", LISTING, NAME)]


def test_an_event_is_about_the_environment():
    _, requests, calls = _apply(Emit(EventType.WARNING, "Stalled", "Reconcile", "words"))

    assert requests == []
    assert calls == [("event", NAME, {"type": "Warning", "reason": "Stalled", "action": "Reconcile", "note": "words"})]


def test_the_status_subresource_is_merged_at_the_observed_version():
    client, neighbours = _Client(), _Neighbours()
    applier = _applier(client, neighbours)

    applier.patch_status(environment(version="8"), Target(ENVIRONMENTS, NAME), {"a": None})

    body = {"metadata": {"resourceVersion": "8"}, "status": {"a": None}}
    assert client.requests == [("patch", "environmentprovisioners", NAME, body, {"subresource": "status"})]
    assert neighbours.calls == [("written", NAME, "environmentprovisioners", ANSWER)]


def test_every_resource_is_read_in_its_own_scope():
    _, requests, _ = _apply(Read(Target(NAMESPACES, "a")))

    assert requests == [("get", "namespaces", "a", {"namespace": ""})]


def test_an_applied_object_is_known_for_the_rest_of_the_reconcile():
    target = Target(SECRETS, "git", NAME)
    applied, requests, calls = _apply(Apply(target, {"data": {}}))

    parameters = {"namespace": NAME, "patch_type": PatchType.APPLY, "force": True}
    assert requests == [("patch", "secrets", "git", {"data": {}}, parameters)]
    assert applied == Applied({target: ANSWER, Outcome(target): True})
    # No cache holds it, so none could be waited for.
    assert calls == []


@pytest.mark.parametrize(("code", "kind"), [(422, InvalidError), (403, ForbiddenError), (500, ServerError)])
def test_the_servers_answer_about_a_secret_is_not_repeated(code, kind):
    causes = [{"reason": "FieldValueInvalid", "field": "data[password]", "message": "Invalid value: hunter2"}]
    error = _error(code, "Refused", "Invalid value: hunter2", causes=causes)

    with pytest.raises(kind) as caught:
        _apply(Apply(Target(SECRETS, "git", NAME), {}), error)

    shown = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value))
    assert "hunter2" not in shown
    assert "data[password]" in str(caught.value)


def test_the_servers_answer_about_other_objects_is_repeated():
    with pytest.raises(InvalidError, match="replicas"):
        _apply(Apply(release_target(), {}), _error(422, "Invalid", "replicas: Invalid value"))


SECRET = Target(SECRETS, "git", NAME)
IMMUTABLE = {"field": "type", "message": 'Invalid value: "x": field is immutable'}
OF_ANOTHER_TYPE = _error(422, "Invalid", causes=[IMMUTABLE])


def test_immutable_fields_are_named_in_the_result():
    applied, _, _ = _apply(Apply(SECRET, {}), OF_ANOTHER_TYPE)

    assert applied == Applied({Outcome(SECRET): Unchangeable(("type",))}, decide_again=True)


def test_a_replaced_object_is_deleted_as_it_was_read_and_applied_at_once():
    applied, requests, _ = _apply(Replace(Delete(SECRET, "uid-9", "9"), {"data": {}}), {}, ANSWER)

    gone = {**READ, "propagation": DeletePropagation.BACKGROUND}
    made = {"namespace": NAME, "patch_type": PatchType.APPLY, "force": True}
    assert requests == [("delete", "secrets", "git", gone), ("patch", "secrets", "git", {"data": {}}, made)]
    assert applied == Applied({SECRET: ANSWER, Outcome(SECRET): True})


def test_an_object_that_is_no_longer_ours_is_not_replaced():
    with pytest.raises(ConflictError):
        _apply(Replace(Delete(SECRET, "uid-9", "9"), {}), _error(409, "Conflict"))


def test_an_object_that_remains_after_its_deletion_is_read():
    applied, requests, _ = _apply(Replace(Delete(SECRET, "uid-9", "9"), {}), {}, OF_ANOTHER_TYPE, ANSWER)

    assert [request[0] for request in requests] == ["delete", "patch", "get"]
    outcome = Unchangeable(("type",), replaced=True)
    assert applied == Applied({SECRET: ANSWER, Outcome(SECRET): outcome}, decide_again=True)


@pytest.mark.parametrize(
    "effect", [Apply(SECRET, {"password": "hunter2"}), Replace(Delete(SECRET, "uid-9", "9"), {"password": "hunter2"})]
)
def test_an_effect_never_shows_the_applied_content(effect):
    assert "hunter2" not in repr(effect)
