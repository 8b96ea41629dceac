"""One reconcile: its rounds, its errors, and the status that it writes at the end, if at all."""

import pytest

from controller.api import flux
from controller.api.environment import ENVIRONMENTS, FINALIZER
from controller.api.helm_operator import HELM_RELEASES
from controller.apimachinery.errors import ApiError, ConnectionLost, status_error
from controller.apimachinery.resources import NAMESPACES, SERVICE_ACCOUNTS
from controller.cache import ConsistencyError
from controller.environment import engines, rights
from controller.environment.options import EnvironmentOptions
from controller.runtime.reconcile import Result
from tests.unit.environment.simulation.world import World
from tests.unit.environment.support.builders import (
    NAME,
    RELEASE_NAME,
    environment,
    flux_release,
    foreign_namespace,
    helm_release,
    namespace,
    operator_options,
)


def _world(options=None, **changes):
    world = World(options)
    world.api.put(ENVIRONMENTS, environment(**{"finalizers": (), "uid": "", **changes}))
    world.sync()
    return world


def _refuse(world, verb, resource, error):
    world.api.refuse = lambda v, r, *_: error if (v, r) == (verb, resource) else None


def _error(code, reason, message="words", **details):
    return status_error(code, {"kind": "Status", "reason": reason, "message": message, "details": details})


def _status(world):
    return world.api.peek(ENVIRONMENTS, NAME).get("status") or {}


def _stalled(world):
    return [c["reason"] for c in _status(world).get("conditions") or () if c["type"] == "Stalled"]


def test_an_environment_that_is_gone_is_forgotten():
    assert World().reconcile("gone") == Result()


def test_a_teardown_that_moves_to_another_shard_is_not_measured():
    world = _world(deleting=True, finalizers=[FINALIZER])
    world.api.put(NAMESPACES, namespace())
    world.reconcile(NAME)
    before = list(world.api.writes)

    world.stores[ENVIRONMENTS].leave(NAME)

    assert world.reconcile_strictly(NAME) == Result()
    assert world.recorded.torn_down == []
    assert world.api.writes == before


def test_an_environment_that_only_waits_for_others_says_so():
    world = _world(deleting=True, finalizers=["others"])

    world.run(NAME)

    assert [write.subresource for write in world.api.writes] == ["status"]
    message = "Everything is removed. These finalizers of others still hold the environment: others"
    assert _status(world)["applicationStatusMsg"] == message


def test_one_reconcile_creates_the_release():
    world = _world()

    world.reconcile(NAME)

    assert [(write.verb, write.resource) for write in world.api.writes] == [
        ("patch", ENVIRONMENTS),
        ("create", NAMESPACES),
        ("create", HELM_RELEASES),
    ]


# Caches that lag


def test_our_own_writes_are_awaited_in_the_cache():
    world = _world()
    world.reconcile(NAME)
    writes = len(world.api.writes)

    with pytest.raises(ConsistencyError):
        world.reconcile_strictly(NAME)
    assert len(world.api.writes) == writes
    world.sync(ENVIRONMENTS)
    with pytest.raises(ConsistencyError):
        world.reconcile_strictly(NAME)
    world.sync()
    world.reconcile_strictly(NAME)


def test_a_namespace_missing_from_the_cache_is_not_assumed_to_be_ours():
    world = _world()
    world.api.put(NAMESPACES, foreign_namespace())

    world.reconcile(NAME)

    assert world.api.peek(NAMESPACES, NAME)["metadata"]["labels"] == {"owner": "somebody"}
    assert world.api.all(HELM_RELEASES) == []
    assert _stalled(world) == ["NamespaceNotOwned"]


def test_a_release_missing_from_the_cache_is_found_and_corrected():
    world = _world()
    world.api.put(NAMESPACES, namespace())
    world.api.put(HELM_RELEASES, helm_release(labels={}) | {"spec": {"chart": {}}})
    world.sync()

    world.reconcile(NAME)

    found = world.api.peek(HELM_RELEASES, RELEASE_NAME, NAME)
    assert found["spec"] == helm_release()["spec"]
    assert found["metadata"]["labels"]["tronador.stakater.com/environment"] == NAME


def test_a_conflict_is_retried_without_a_report():
    world = _world()
    world.api.edit(ENVIRONMENTS, NAME, "", lambda obj: obj["metadata"].update(labels={"changed": "meanwhile"}))

    assert world.reconcile(NAME) == Result(requeue=True)
    assert world.api.writes == []


def test_an_environment_that_disappeared_is_retried_without_a_report():
    world = _world()
    world.api.remove(ENVIRONMENTS, NAME)

    assert world.reconcile(NAME) == Result(requeue=True)
    assert world.api.writes == []


# Errors


def test_a_missing_engine_is_awaited_and_shown():
    world = _world()
    _refuse(world, "create", HELM_RELEASES, status_error(404, "404 page not found"))
    for _ in range(3):
        world.sync()
        result = world.reconcile(NAME)
        world.seconds += 0.2

    assert {c["reason"] for c in _status(world)["conditions"] if c["type"] == "Reconciling"} == {"ReleaseEngineMissing"}
    assert _status(world)["applicationStatus"] == "pending"
    assert result.requeue_after is not None

    world.api.refuse = lambda *_: None
    world.run(NAME)
    assert _status(world)["applicationStatus"] == "deployed"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (_error(403, "Forbidden", "cannot create helmreleases"), "Forbidden"),
        (_error(422, "Invalid", "spec.x: bad", causes=[{"field": "spec.x"}]), "Rejected"),
    ],
)
def test_a_refusal_is_shown_rechecked_and_recovered_from(error, reason):
    world = _world()
    _refuse(world, "create", HELM_RELEASES, error)

    result = world.reconcile(NAME)

    assert _stalled(world) == [reason]
    assert error.message in _status(world)["applicationStatusMsg"]
    assert result.requeue_after == 10
    world.api.refuse = lambda *_: None
    world.run(NAME)
    assert _status(world)["applicationStatus"] == "deployed"


def test_effects_after_a_refusal_are_not_applied():
    world = _world()
    _refuse(world, "create", NAMESPACES, _error(403, "Forbidden"))

    world.reconcile(NAME)

    assert [write.resource for write in world.api.writes] == [ENVIRONMENTS, ENVIRONMENTS]
    assert [write.subresource for write in world.api.writes] == ["", "status"]


def test_an_error_that_a_retry_may_resolve_is_raised_and_not_shown_at_once():
    world = _world()
    _refuse(world, "create", NAMESPACES, ConnectionLost("reset"))

    with pytest.raises(ConnectionLost):
        world.reconcile_strictly(NAME)
    assert _status(world) == {}


def test_a_lasting_refusal_does_not_cause_an_endless_reconcile():
    # Created by somebody else, and we may neither see nor make it.
    world = _world()
    world.api.put(NAMESPACES, namespace())
    world.api.put(HELM_RELEASES, helm_release(labels={}))
    world.sync()
    _refuse(world, "get", HELM_RELEASES, _error(403, "Forbidden", "cannot get helmreleases"))

    result = world.reconcile_strictly(NAME)

    assert _stalled(world) == ["Forbidden"]
    assert result.requeue_after is not None


# The status


def test_a_temporary_state_is_written_only_if_it_lasts():
    world = _world(operator_options(status_settle=0.3))

    result = world.reconcile(NAME)
    assert result.requeue_after == pytest.approx(0.3)
    assert _status(world) == {}

    world.sync()
    world.seconds += 0.1
    world.reconcile(NAME)
    world.seconds += 0.2
    assert world.reconcile(NAME).requeue_after == pytest.approx(0.1)
    assert _status(world) == {}
    world.seconds += 0.11
    world.reconcile(NAME)
    assert _status(world)["applicationStatus"] == "pending"


def test_every_state_is_written_at_once_without_a_settle_time():
    world = _world(operator_options(status_settle=0))

    world.reconcile(NAME)

    assert _status(world)["currentPhase"] == "Deploying Release"


def test_a_lasting_state_is_written_at_once():
    world = _world(chart={"git": "file:///etc"})

    assert world.reconcile(NAME) == Result()
    assert _stalled(world) == ["InvalidSpec"]


def test_a_correct_status_is_not_written_again():
    world = _world(chart={"git": "file:///etc"})
    world.reconcile(NAME)
    world.sync()
    world.api.writes.clear()
    world.seconds += 100

    assert world.reconcile(NAME) == Result()
    assert world.api.writes == []


def test_nothing_is_written_after_the_finalizer_is_removed():
    world = _world(deleting=True, finalizers=[FINALIZER, "others"])

    world.reconcile(NAME)

    assert [write.subresource for write in world.api.writes] == [""]
    assert world.api.peek(ENVIRONMENTS, NAME)["metadata"]["finalizers"] == ["others"]
    assert _status(world) == {}


def test_a_stale_cache_does_not_restart_a_finished_teardown():
    world = _world(deleting=True, finalizers=[FINALIZER])
    world.reconcile_strictly(NAME)
    assert world.recorded.events == ["TeardownStarted", "TeardownFinished"]

    assert world.reconcile_strictly(NAME) == Result()

    assert world.recorded.events == ["TeardownStarted", "TeardownFinished"]
    assert not world.api.reads


@pytest.mark.parametrize("verb", ["get", "patch"])
def test_a_teardown_whose_first_reconcile_fails_is_announced_once(verb):
    world = _world(deleting=True, finalizers=[FINALIZER])
    refused = ENVIRONMENTS if verb == "patch" else NAMESPACES
    _refuse(world, verb, refused, _error(503, "ServiceUnavailable"))
    with pytest.raises(ApiError):
        world.reconcile_strictly(NAME)
    world.api.refuse = lambda *_: None

    world.reconcile_strictly(NAME)

    assert world.recorded.events == ["TeardownStarted", "TeardownFinished"]


def test_a_new_environment_with_a_used_name_is_reconciled():
    world = _world(deleting=True, finalizers=[FINALIZER])
    world.reconcile_strictly(NAME)
    world.api.put(ENVIRONMENTS, environment(finalizers=(), uid="another"))
    world.sync()

    world.reconcile_strictly(NAME)

    assert world.api.peek(ENVIRONMENTS, NAME)["metadata"]["finalizers"] == [FINALIZER]


def test_a_bad_environment_recovers_when_it_is_corrected():
    world = _world(chart={"git": "file:///etc"})
    world.run(NAME)
    world.api.edit(
        ENVIRONMENTS, NAME, "", lambda obj: obj["spec"]["application"]["release"]["chart"].update(git="https://a.b/c")
    )

    world.run(NAME)

    assert _status(world)["applicationStatus"] == "deployed"
    assert _stalled(world) == []


def test_a_refused_namespace_is_used_once_its_owner_consents():
    world = _world()
    world.api.put(NAMESPACES, foreign_namespace())
    world.run(NAME)
    assert _stalled(world) == ["NamespaceNotOwned"]
    world.api.edit(
        NAMESPACES, NAME, "", lambda obj: obj["metadata"].update(annotations={"tronador.stakater.com/adopt": NAME})
    )

    world.run(NAME)

    assert _status(world)["applicationStatus"] == "deployed"


# Rights that are not in force yet


def _with_flux(**options):
    return _world(EnvironmentOptions(release_engine="flux", service_account="tronador", **options))


def test_a_refusal_right_after_our_binding_was_created_is_not_a_failure():
    world = _with_flux()
    error = _error(403, "Forbidden", 'cannot create resource "serviceaccounts"')
    _refuse(world, "create", SERVICE_ACCOUNTS, error)

    result = world.reconcile(NAME)

    assert 0 < result.requeue_after < 1
    assert _stalled(world) == []
    assert world.api.all(flux.HELM_RELEASES) == []
    world.api.refuse = lambda *_: None
    world.seconds += 0.2
    world.run(NAME)
    assert _status(world)["applicationStatus"] == "deployed"


def test_an_ordinary_race_is_logged_at_debug_level_and_a_lasting_one_warns(logs):
    world = _with_flux()
    _refuse(world, "create", SERVICE_ACCOUNTS, _error(403, "Forbidden", 'cannot create resource "serviceaccounts"'))

    for _ in range(40):
        world.sync()
        world.reconcile(NAME)
        world.seconds += 0.3

    said = {(line["event"], line["reason"], line["log_level"]) for line in logs if line["event"].startswith("effect")}
    assert said == {("effect postponed", "AwaitingRights", "debug"), ("effect failed", "Forbidden", "warning")}


def test_a_lasting_refusal_is_shown_with_the_missing_right():
    world = _with_flux()
    _refuse(world, "create", SERVICE_ACCOUNTS, _error(403, "Forbidden", 'cannot create resource "serviceaccounts"'))
    end = world.seconds + rights.SETTLE + 3
    while world.seconds < end:
        world.sync()
        result = world.reconcile(NAME)
        world.seconds += max(result.requeue_after or 0.1, 0.1)

    assert _stalled(world) == ["Forbidden"]
    assert "serviceaccounts" in _status(world)["applicationStatusMsg"]


# The engine


def test_an_environment_waits_until_an_engine_is_installed():
    world = _world(EnvironmentOptions(release_engine="auto"))
    world.api.serves = set()
    for _ in range(3):
        world.sync()
        world.seconds += world.reconcile(NAME).requeue_after or 0.1
    ready = {c["type"]: c["reason"] for c in _status(world)["conditions"]}
    assert (_status(world)["applicationStatus"], ready["Ready"]) == ("pending", "ReleaseEngineMissing")

    world.api.serves = set(engines.resources())
    world.run(NAME)

    assert _status(world)["applicationStatus"] == "deployed"
    assert _status(world)["release"]["engine"] == "flux"


def test_a_deletion_without_a_recorded_engine_checks_every_engine():
    world = _world(EnvironmentOptions(release_engine="auto"), deleting=True, finalizers=[FINALIZER])
    world.api.put(NAMESPACES, namespace())
    made = flux_release()
    # Its labels were stripped before anybody saw it: no cache has it.
    made["metadata"] = {**made["metadata"], "labels": {}}
    world.api.put(flux.HELM_RELEASES, made)
    world.sync()

    world.reconcile(NAME)

    assert [(w.verb, w.resource) for w in world.api.writes] == [("delete", flux.HELM_RELEASES)]
