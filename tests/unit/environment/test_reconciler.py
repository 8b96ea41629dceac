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


def test_an_environment_that_waits_for_others_alone_says_so_and_no_more():
    world = _world(deleting=True, finalizers=["others"])

    world.run(NAME)

    assert [write.subresource for write in world.api.writes] == ["status"]
    message = "Everything is removed. These finalizers of others still hold the environment: others"
    assert _status(world)["applicationStatusMsg"] == message


def test_one_reconcile_leads_to_the_release():
    world = _world()

    world.reconcile(NAME)

    assert [(write.verb, write.resource) for write in world.api.writes] == [
        ("patch", ENVIRONMENTS),
        ("create", NAMESPACES),
        ("create", HELM_RELEASES),
    ]


# Caches that lag


def test_our_own_writes_are_waited_for():
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


def test_a_namespace_that_the_cache_does_not_know_yet_is_not_taken_for_ours():
    world = _world()
    world.api.put(NAMESPACES, foreign_namespace())

    world.reconcile(NAME)

    assert world.api.peek(NAMESPACES, NAME)["metadata"]["labels"] == {"owner": "somebody"}
    assert world.api.all(HELM_RELEASES) == []
    assert _stalled(world) == ["NamespaceNotOwned"]


def test_a_release_that_the_cache_does_not_know_is_found_and_put_right():
    world = _world()
    world.api.put(NAMESPACES, namespace())
    world.api.put(HELM_RELEASES, helm_release(labels={}) | {"spec": {"chart": {}}})
    world.sync()

    world.reconcile(NAME)

    found = world.api.peek(HELM_RELEASES, RELEASE_NAME, NAME)
    assert found["spec"] == helm_release()["spec"]
    assert found["metadata"]["labels"]["tronador.stakater.com/environment"] == NAME


def test_a_conflict_is_tried_again_quietly():
    world = _world()
    world.api.edit(ENVIRONMENTS, NAME, "", lambda obj: obj["metadata"].update(labels={"changed": "meanwhile"}))

    assert world.reconcile(NAME) == Result(requeue=True)
    assert world.api.writes == []


def test_an_environment_that_vanished_is_tried_again_quietly():
    world = _world()
    world.api.remove(ENVIRONMENTS, NAME)

    assert world.reconcile(NAME) == Result(requeue=True)
    assert world.api.writes == []


# Errors


def test_a_missing_engine_is_waited_for_and_shown():
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
def test_a_refusal_is_shown_looked_at_again_and_heals(error, reason):
    world = _world()
    _refuse(world, "create", HELM_RELEASES, error)

    result = world.reconcile(NAME)

    assert _stalled(world) == [reason]
    assert error.message in _status(world)["applicationStatusMsg"]
    assert result.requeue_after == 10
    world.api.refuse = lambda *_: None
    world.run(NAME)
    assert _status(world)["applicationStatus"] == "deployed"


def test_what_comes_after_a_refusal_is_not_done():
    world = _world()
    _refuse(world, "create", NAMESPACES, _error(403, "Forbidden"))

    world.reconcile(NAME)

    assert [write.resource for write in world.api.writes] == [ENVIRONMENTS, ENVIRONMENTS]
    assert [write.subresource for write in world.api.writes] == ["", "status"]


def test_an_error_that_a_retry_may_heal_is_raised_and_not_shown_at_once():
    world = _world()
    _refuse(world, "create", NAMESPACES, ConnectionLost("reset"))

    with pytest.raises(ConnectionLost):
        world.reconcile_strictly(NAME)
    assert _status(world) == {}


def test_a_refusal_that_never_ends_does_not_make_an_endless_reconcile():
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


def test_a_passing_state_is_only_written_when_it_lasts():
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


def test_without_a_settle_time_every_state_is_written_at_once():
    world = _world(operator_options(status_settle=0))

    world.reconcile(NAME)

    assert _status(world)["currentPhase"] == "Deploying Release"


def test_a_lasting_state_is_written_at_once():
    world = _world(chart={"git": "file:///etc"})

    assert world.reconcile(NAME) == Result()
    assert _stalled(world) == ["InvalidSpec"]


def test_a_status_that_is_right_is_not_written_again():
    world = _world(chart={"git": "file:///etc"})
    world.reconcile(NAME)
    world.sync()
    world.api.writes.clear()
    world.seconds += 100

    assert world.reconcile(NAME) == Result()
    assert world.api.writes == []


def test_the_reconcile_that_takes_the_finalizer_off_writes_nothing_after_it():
    world = _world(deleting=True, finalizers=[FINALIZER, "others"])

    world.reconcile(NAME)

    assert [write.subresource for write in world.api.writes] == [""]
    assert world.api.peek(ENVIRONMENTS, NAME)["metadata"]["finalizers"] == ["others"]
    assert _status(world) == {}


def test_a_teardown_that_ended_does_not_start_again_on_a_stale_cache():
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


def test_an_environment_created_again_under_the_name_of_one_that_ended_is_taken_up():
    world = _world(deleting=True, finalizers=[FINALIZER])
    world.reconcile_strictly(NAME)
    world.api.put(ENVIRONMENTS, environment(finalizers=(), uid="another"))
    world.sync()

    world.reconcile_strictly(NAME)

    assert world.api.peek(ENVIRONMENTS, NAME)["metadata"]["finalizers"] == [FINALIZER]


def test_a_bad_environment_heals_when_it_is_corrected():
    world = _world(chart={"git": "file:///etc"})
    world.run(NAME)
    world.api.edit(
        ENVIRONMENTS, NAME, "", lambda obj: obj["spec"]["application"]["release"]["chart"].update(git="https://a.b/c")
    )

    world.run(NAME)

    assert _status(world)["applicationStatus"] == "deployed"
    assert _stalled(world) == []


def test_a_refused_namespace_heals_when_its_owner_consents():
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


def test_a_refusal_right_after_our_binding_was_made_is_waited_out_and_not_shown_as_a_failure():
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


def test_an_ordinary_race_is_logged_for_developers_and_what_lasts_as_a_warning(logs):
    world = _with_flux()
    _refuse(world, "create", SERVICE_ACCOUNTS, _error(403, "Forbidden", 'cannot create resource "serviceaccounts"'))

    for _ in range(40):
        world.sync()
        world.reconcile(NAME)
        world.seconds += 0.3

    said = {(line["event"], line["reason"], line["log_level"]) for line in logs if line["event"].startswith("effect")}
    assert said == {("effect postponed", "AwaitingRights", "debug"), ("effect failed", "Forbidden", "warning")}


def test_a_refusal_that_outlasts_new_rights_names_the_missing_right():
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


def test_in_a_cluster_without_an_engine_the_environment_waits_and_goes_on_when_one_appears():
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


def test_deleted_before_any_engine_was_recorded_the_release_of_whichever_is_looked_for():
    world = _world(EnvironmentOptions(release_engine="auto"), deleting=True, finalizers=[FINALIZER])
    world.api.put(NAMESPACES, namespace())
    made = flux_release()
    # Its labels were stripped before anybody saw it: no cache has it.
    made["metadata"] = {**made["metadata"], "labels": {}}
    world.api.put(flux.HELM_RELEASES, made)
    world.sync()

    world.reconcile(NAME)

    assert [(w.verb, w.resource) for w in world.api.writes] == [("delete", flux.HELM_RELEASES)]
