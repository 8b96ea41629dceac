"""The journey of one environment through the small world, from nothing to deployed and back to nothing."""

import pytest

from controller.api.environment import ENVIRONMENTS, FINALIZER, UID_ANNOTATION
from controller.api.helm_operator import HELM_RELEASES
from controller.apimachinery.resources import NAMESPACES, SECRETS
from tests.unit.environment.simulation.world import World
from tests.unit.environment.support.builders import (
    LABELS,
    NAME,
    RELEASE_NAME,
    environment,
    operator_options,
    words,
)


@pytest.fixture
def world():
    return World()


def _create(world, **changes):
    world.api.put(ENVIRONMENTS, environment(**{"finalizers": (), "uid": "", **changes}))


def _status(world):
    return world.api.peek(ENVIRONMENTS, NAME)["status"]


def _writes(world):
    return [(write.verb, write.resource.plural, write.subresource) for write in world.api.writes]


def test_a_created_environment_becomes_deployed(world):
    _create(world)

    world.run(NAME)

    status = _status(world)
    assert status["applicationStatus"] == "deployed"
    assert status["applicationStatusMsg"] == words("Succeeded")
    assert status["currentPhase"] == "Waiting For Next Reconciliation Loop"
    assert status["namespaceLabels"] == LABELS
    assert status["release"] == {"engine": "helm-operator", "name": RELEASE_NAME, "revision": "abc"}
    assert world.recorded.events == ["ReleaseCreated", "Deployed"]
    assert len(world.recorded.ready) == 1


@pytest.mark.parametrize("pause", [0.0, 0.1, 0.31, 1.0, 5.0])
def test_a_deployment_takes_at_most_6_writes_however_slow_the_operator_is(world, pause):
    _create(world)
    for _ in range(20):
        for _ in range(4):
            world.sync()
            world.reconcile(NAME)
            world.seconds += pause / 4
        world.operator.step()
    world.run(NAME)

    assert _status(world)["applicationStatus"] == "deployed"
    assert len(world.api.writes) <= 6, _writes(world)


def test_the_finalizer_is_written_first_then_the_namespace_then_the_release(world):
    _create(world)
    world.run(NAME)

    assert _writes(world)[:3] == [
        ("patch", "environmentprovisioners", ""),
        ("create", "namespaces", ""),
        ("create", "helmreleases", ""),
    ]


def test_the_steady_state_causes_no_writes_even_after_a_restart(world):
    _create(world)
    world.run(NAME)
    world.api.writes.clear()

    for _ in range(3):
        world.seconds += 3600
        world.run(NAME)
        world.restart()

    assert world.api.writes == []


def test_a_new_tag_is_deployed_without_showing_the_old_success(world):
    _create(world, release={"values": {"tag": "1"}})
    world.run(NAME)
    world.api.edit(ENVIRONMENTS, NAME, "", _set_values({"tag": "2"}))
    world.recorded.events.clear()
    states = []

    def note(write):
        if write.subresource == "status":
            status = write.after["status"]
            release = world.api.peek(HELM_RELEASES, RELEASE_NAME, NAME)
            current = (release["spec"]["values"], release["status"]["observedGeneration"]) == ({"tag": "2"}, 2)
            states.append(status["applicationStatus"])
            assert status["applicationStatus"] != "deployed" or current

    world.api.on_write.append(note)
    for _ in range(12):
        for _ in range(3):
            world.sync()
            world.reconcile(NAME)
            world.seconds += 0.2
        world.operator.step()
    world.run(NAME)

    assert states[-2:] == ["deploying", "deployed"]
    assert "failed" not in states
    assert world.recorded.events == ["Deployed"]


def _set_values(values):
    def change(obj):
        obj["spec"]["application"]["release"]["values"] = values

    return change


def test_a_failed_release_is_reported_and_repaired_by_the_next_spec(world):
    world.operator.failing = True
    _create(world)
    world.run(NAME)
    assert _status(world)["applicationStatus"] == "failed"
    assert _status(world)["applicationStatusMsg"] == words("DeployFailed")

    world.operator.failing = False
    world.api.edit(ENVIRONMENTS, NAME, "", _set_values({"tag": "2"}))
    world.run(NAME)

    assert _status(world)["applicationStatus"] == "deployed"


def test_another_release_name_uninstalls_the_old_release_first(world):
    _create(world)
    world.run(NAME)
    world.api.writes.clear()
    world.api.edit(
        ENVIRONMENTS, NAME, "", lambda obj: obj["spec"]["application"]["release"].update(releaseName="renamed")
    )
    seen = []

    def note(write):
        if write.verb == "create":
            seen.append([secret["metadata"]["labels"]["name"] for secret in world.api.all(SECRETS)])

    world.api.on_write.append(note)
    world.run(NAME)

    assert [release["metadata"]["name"] for release in world.api.all(HELM_RELEASES)] == ["renamed"]
    assert seen == [[]]
    assert _status(world)["release"]["name"] == "renamed"
    assert _status(world)["applicationStatus"] == "deployed"


def test_a_release_deleted_by_hand_is_created_again(world):
    _create(world)
    world.run(NAME)
    world.api.remove(HELM_RELEASES, RELEASE_NAME, NAME)

    world.run(NAME)

    assert world.api.peek(HELM_RELEASES, RELEASE_NAME, NAME)
    assert _status(world)["applicationStatus"] == "deployed"


@pytest.mark.parametrize("field", ["labels", "annotations", "both"])
def test_a_release_without_its_marks_is_found(world, field):
    _create(world)
    world.run(NAME)
    uid = world.api.peek(HELM_RELEASES, RELEASE_NAME, NAME)["metadata"]["uid"]

    def strip(obj):
        for name in ("labels", "annotations") if field == "both" else (field,):
            del obj["metadata"][name]

    world.api.edit(HELM_RELEASES, RELEASE_NAME, NAME, strip)
    world.run(NAME)

    metadata = world.api.peek(HELM_RELEASES, RELEASE_NAME, NAME)["metadata"]
    assert metadata["uid"] == uid
    assert metadata["labels"]["tronador.stakater.com/environment"] == NAME
    assert "tronador.stakater.com/environment-uid" in metadata["annotations"]


def test_a_release_changed_just_before_the_patch_is_read_again(world):
    _create(world, release={"values": {"a": 1, "b": 2}})
    world.run(NAME)
    world.api.edit(ENVIRONMENTS, NAME, "", _set_values({"b": 2}))
    world.sync(ENVIRONMENTS)
    # Somebody else removes the very field, and our cache of releases does not know it yet.
    world.api.edit(HELM_RELEASES, RELEASE_NAME, NAME, lambda obj: obj["spec"]["values"].pop("a"))

    result = world.reconcile(NAME)

    assert result.requeue
    assert "Stalled" not in [condition["type"] for condition in _status(world)["conditions"]]
    world.run(NAME)
    assert _status(world)["applicationStatus"] == "deployed"


def test_an_environment_that_only_an_old_cache_shows_gets_no_namespace(world):
    old = _last_state_of_a_gone_one(world)

    # The process that becomes the leader now has not seen that yet.
    world.restart()
    world.stores[ENVIRONMENTS].hold(old)
    world.api.writes.clear()
    world.reconcile(NAME)
    assert world.api.writes == []
    world.run(NAME)
    assert world.api.peek(NAMESPACES, NAME) is None


def test_an_environment_that_was_made_again_behind_an_old_cache_gets_its_namespace(world):
    old = _last_state_of_a_gone_one(world)
    _create(world)

    world.restart()
    world.stores[ENVIRONMENTS].hold(old)
    world.reconcile(NAME)
    new = world.api.peek(ENVIRONMENTS, NAME)
    assert new["metadata"]["uid"] != old["metadata"]["uid"]
    assert new["metadata"]["finalizers"] == [FINALIZER]
    assert world.api.peek(NAMESPACES, NAME)["metadata"]["annotations"][UID_ANNOTATION] == new["metadata"]["uid"]


def test_a_release_that_changed_behind_an_old_cache_is_read_before_it_is_deleted(world):
    _create(world)
    world.run(NAME)
    world.stores[HELM_RELEASES].hold(world.api.peek(HELM_RELEASES, "run-pipeline", NAME))
    world.api.edit(HELM_RELEASES, "run-pipeline", NAME, lambda obj: obj["metadata"].update(labels={}, annotations={}))
    world.api.remove(ENVIRONMENTS, NAME)
    world.stores[ENVIRONMENTS].hold(world.api.peek(ENVIRONMENTS, NAME))
    world.api.writes.clear()

    assert world.reconcile(NAME).requeue
    assert HELM_RELEASES not in {write.resource for write in world.api.writes}
    world.reconcile(NAME)
    assert (HELM_RELEASES, NAME, "run-pipeline") in world.api.reads


def _last_state_of_a_gone_one(world):
    """Deploy an environment and take it down again; return how it was before."""
    _create(world)
    world.run(NAME)
    old = world.api.peek(ENVIRONMENTS, NAME)
    world.api.remove(ENVIRONMENTS, NAME)
    world.run(NAME)
    assert world.api.peek(ENVIRONMENTS, NAME) is None
    return old


def test_a_resumed_environment_continues_where_it_stopped(world):
    _create(world)
    world.run(NAME)
    world.api.edit(ENVIRONMENTS, NAME, "", lambda obj: obj["spec"].update(suspend=True))
    world.api.edit(NAMESPACES, NAME, "", lambda obj: obj["metadata"]["labels"].pop("kind"))
    world.run(NAME)
    assert _status(world)["applicationStatus"] == "suspended"
    assert "kind" not in world.api.peek(NAMESPACES, NAME)["metadata"]["labels"]

    world.api.edit(ENVIRONMENTS, NAME, "", lambda obj: obj["spec"].update(suspend=False))
    world.run(NAME)

    assert _status(world)["applicationStatus"] == "deployed"
    assert world.api.peek(NAMESPACES, NAME)["metadata"]["labels"]["kind"] == "pr"


def _gone(world):
    return [
        (write.verb, write.resource.plural)
        for write in world.api.writes
        if write.verb == "delete" or (write.resource == ENVIRONMENTS and write.after is None)
    ]


def test_a_deletion_removes_the_release_then_the_namespace_then_the_environment(world):
    _create(world)
    world.run(NAME)
    world.api.writes.clear()
    left = []
    world.api.on_write.append(
        lambda write: left.append(len(world.api.all(SECRETS))) if write.resource == NAMESPACES else None
    )
    world.recorded.events.clear()
    world.api.remove(ENVIRONMENTS, NAME)

    world.run(NAME)

    assert _gone(world) == [("delete", "helmreleases"), ("delete", "namespaces"), ("patch", "environmentprovisioners")]
    assert left == [0]
    assert world.api.all(ENVIRONMENTS) == world.api.all(NAMESPACES) == world.api.all(HELM_RELEASES) == []
    assert world.recorded.events == ["TeardownStarted", "TeardownFinished"]
    assert not world.recorded.waking


def test_an_uninstall_that_never_ends_times_out_with_a_warning():
    world = World(operator_options(teardown_timeout=60))
    _create(world)
    world.run(NAME)
    world.operator.stuck = True
    world.api.remove(ENVIRONMENTS, NAME)

    world.run(NAME)

    assert world.api.all(ENVIRONMENTS) == world.api.all(NAMESPACES) == []
    assert world.recorded.events.count("UninstallTimedOut") == 1
    assert 60 <= world.seconds < 90


def test_a_release_held_by_a_foreign_finalizer_delays_the_teardown_only_so_long():
    world = World(operator_options(teardown_timeout=60))
    _create(world)
    world.run(NAME)
    world.api.edit(HELM_RELEASES, RELEASE_NAME, NAME, lambda obj: obj["metadata"].update(finalizers=["example.com/x"]))
    world.api.remove(ENVIRONMENTS, NAME)
    for _ in range(30):
        world.sync()
        result = world.reconcile(NAME)
        world.seconds += max(result.requeue_after or 1, 0.001)
        world.operator.step()
        world.api.finish_namespaces()

    assert world.api.peek(NAMESPACES, NAME)["metadata"]["deletionTimestamp"]
    assert FINALIZER in world.api.peek(ENVIRONMENTS, NAME)["metadata"]["finalizers"]
    assert _status(world)["currentPhase"] == "Deleting Namespace"

    world.api.edit(HELM_RELEASES, RELEASE_NAME, NAME, lambda obj: obj["metadata"].pop("finalizers"))
    world.run(NAME)

    assert world.api.all(ENVIRONMENTS) == []


def test_a_recreated_environment_is_deployed_in_a_new_namespace(world):
    _create(world)
    world.run(NAME)
    before = world.api.peek(NAMESPACES, NAME)["metadata"]["uid"]
    world.api.remove(ENVIRONMENTS, NAME)
    world.run(NAME)
    _create(world)
    world.run(NAME)

    assert _status(world)["applicationStatus"] == "deployed"
    assert world.api.peek(NAMESPACES, NAME)["metadata"]["uid"] != before


def test_an_environment_deleted_during_downtime_is_removed_after_the_start(world):
    _create(world)
    world.run(NAME)
    world.api.remove(ENVIRONMENTS, NAME)
    world.restart()

    world.run(NAME)

    assert world.api.all(ENVIRONMENTS) == world.api.all(NAMESPACES) == []


def test_a_namespace_deleted_by_hand_is_created_again_with_its_release(world):
    _create(world)
    world.run(NAME)
    world.api.remove(NAMESPACES, NAME)

    world.run(NAME)

    assert _status(world)["applicationStatus"] == "deployed"
    assert "deletionTimestamp" not in world.api.peek(NAMESPACES, NAME)["metadata"]
