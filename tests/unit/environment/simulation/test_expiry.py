"""An environment that is not used any more: warned about, ended, kept, and brought back."""

from datetime import timedelta

import pytest

from controller.api.environment import (
    ACTIVE_AT_ANNOTATION,
    ADOPT_ANNOTATION,
    ENVIRONMENT_LABEL,
    ENVIRONMENTS,
    FINALIZER,
    KEEP_ANNOTATION,
    Environment,
)
from controller.api.flux import GIT_REPOSITORIES
from controller.api.flux import HELM_RELEASES as FLUX_RELEASES
from controller.api.helm_operator import HELM_RELEASES
from controller.apimachinery import conditions, objects
from controller.apimachinery.errors import Conflict
from controller.apimachinery.resources import NAMESPACES, SECRETS
from controller.environment import recorded_status
from controller.environment.decision import Wait
from controller.environment.expirations import WINDOW
from controller.environment.options import LimitOptions
from tests.unit.environment.simulation.world import World
from tests.unit.environment.support.builders import NAME, NOW, environment, foreign_namespace, operator_options

HOUR = 3600.0
# Everything that is due sooner is work in progress. The lifetimes are longer.
SOON = 120.0


def _world(**options):
    return World(operator_options(**{"expire_after": HOUR, "expire_warning": 600.0, **options}))


@pytest.fixture
def world():
    """A deployed environment that lives for an hour."""
    return _deployed(_world())


def _deployed(world, **changes):
    world.api.put(ENVIRONMENTS, environment(**{"finalizers": (), "uid": "", **changes}))
    _run(world)
    assert _state(world) == "deployed"
    world.recorded.events.clear()
    world.api.writes.clear()
    return world


def _run(world, name=NAME):
    world.run(name, patience=SOON)


def _pass(world, seconds):
    """Let time pass, with the looks that the controller wants."""
    end = world.seconds + seconds
    while world.next_look is not None and world.next_look <= end:
        world.seconds = max(world.next_look, world.seconds)
        _run(world)
    world.seconds = max(end, world.seconds)


def _expire(world):
    _pass(world, HOUR + 2)
    assert _state(world) == "expired"
    world.recorded.events.clear()
    world.api.writes.clear()


def _status(world, name=NAME):
    return world.api.peek(ENVIRONMENTS, name)["status"]


def _state(world, name=NAME):
    return _status(world, name)["applicationStatus"]


def _reasons(world, name=NAME):
    return {found["type"]: (found["status"], found["reason"]) for found in _status(world, name)["conditions"]}


def _annotate(world, annotation, value):
    def change(obj):
        obj["metadata"].setdefault("annotations", {}).update({annotation: value})

    world.api.edit(ENVIRONMENTS, NAME, "", change)


def _push(world, tag="2"):
    world.api.edit(
        ENVIRONMENTS, NAME, "", lambda obj: obj["spec"]["application"]["release"].update(values={"tag": tag})
    )


def _keep(world):
    _annotate(world, KEEP_ANNOTATION, "true")


def _use(world):
    _annotate(world, ACTIVE_AT_ANNOTATION, str(world.seconds))


REVIVALS = pytest.mark.parametrize("revive", [_push, _keep, _use])


def _is_held(world):
    found = world.api.peek(ENVIRONMENTS, NAME)
    return FINALIZER in objects.finalizers(found) and not objects.is_deleting(found)


# The end


def test_it_is_warned_about_and_then_ends_like_a_deleted_one(world):
    _pass(world, HOUR - 590)
    assert _reasons(world)["Expiring"] == ("True", "EndsSoon")
    assert _reasons(world)["Ready"] == ("True", "Deployed")
    assert world.recorded.events == ["Expiring"]

    _pass(world, 600)

    assert _reasons(world) == {"Ready": ("False", "Expired"), "Expired": ("True", "LifetimeOver")}
    assert _state(world) == "expired"
    assert _is_held(world)
    assert world.recorded.events == ["Expiring", "Expired"]
    assert world.recorded.expirations == ["enforce"]
    assert [(write.verb, write.resource.plural) for write in world.api.writes] == [
        ("patch", "environmentprovisioners"),
        ("patch", "environmentprovisioners"),
        ("delete", "helmreleases"),
        ("delete", "namespaces"),
        ("patch", "environmentprovisioners"),
    ]
    assert world.api.peek(NAMESPACES, NAME) is None
    # Nothing of it is shown any more.
    assert not _status(world).keys() & {"release", "namespaceLabels", "url", "urls"}


def test_an_expired_environment_costs_nothing(world):
    _expire(world)

    for _ in range(3):
        world.restart()
        world.seconds += 86400
        assert world.reconcile_strictly(NAME).requeue_after is None
        assert (world.api.writes, world.api.reads) == ([], set())


def test_time_alone_writes_nothing(world):
    for _ in range(10):
        world.seconds += 200
        world.restart()
        _run(world)

    assert world.api.writes == []


def test_nothing_is_removed_before_the_end_is_recorded(world):
    _pass(world, HOUR - 10)
    world.api.refuse = lambda verb, resource, *_: (
        Conflict(code=409, reason="Conflict", message="", status={})
        if (verb, resource) == ("patch", ENVIRONMENTS)
        else None
    )
    world.seconds += 20
    for _ in range(5):
        world.sync()
        world.reconcile(NAME)

    assert [write.verb for write in world.api.writes if write.verb == "delete"] == []


def test_a_push_that_the_cache_does_not_have_yet_is_in_time(world):
    _pass(world, HOUR - 10)
    _push(world)
    world.seconds += 20
    # The write that records the end fails, because it is about another version.
    world.reconcile(NAME)
    _run(world)

    assert _state(world) == "deployed"
    assert world.recorded.expirations == []
    assert "delete" not in [write.verb for write in world.api.writes]


# Reports


def test_in_report_mode_only_the_condition_and_the_metric_show_it():
    world = _deployed(_world(expire_mode="report"))
    _pass(world, HOUR - 100)
    assert _reasons(world)["Expiring"] == ("True", "WouldEnd")

    _pass(world, 10 * HOUR)

    assert _reasons(world)["Expiring"] == ("True", "WouldHaveEnded")
    assert _state(world) == "deployed"
    assert world.recorded.expirations == ["report"]
    assert world.recorded.events == []
    assert len(world.api.writes) == 2


def test_report_mode_brings_back_what_has_expired(world):
    _expire(world)
    world.options = operator_options(expire_after=HOUR, expire_mode="report")
    world.restart()
    _run(world)

    assert _state(world) == "deployed"


# Switching on and off


def test_switching_it_on_ends_nothing_before_the_time_has_passed():
    world = _deployed(_world(expire_after=0.0))
    assert not _status(world).keys() & {"lastActivityTime", "lifetime", "expiresAt"}
    world.seconds += 30 * 86400
    world.options = operator_options(expire_after=HOUR)
    world.restart()

    _run(world)
    assert [write.subresource for write in world.api.writes] == ["status"]
    _pass(world, HOUR - 5)
    assert _state(world) == "deployed"
    _pass(world, 10)
    assert _state(world) == "expired"


def test_switching_it_off_and_on_again_starts_all_over(world):
    world.options = operator_options()
    world.restart()
    _run(world)
    assert not _status(world).keys() & {"lastActivityTime", "lifetime", "expiresAt"}

    world.seconds += 30 * 86400
    world.options = operator_options(expire_after=HOUR)
    world.restart()
    _run(world)
    assert _state(world) == "deployed"


def test_switching_it_off_brings_back_what_has_expired(world):
    _expire(world)
    world.options = operator_options()
    world.restart()
    _run(world)

    assert _state(world) == "deployed"


def test_a_restored_backup_ends_nothing(world):
    # Backups have no status, or one from long ago.
    world.seconds += 30 * 86400
    world.api.edit(ENVIRONMENTS, NAME, "", lambda obj: obj.pop("status"))
    world.restart()
    _run(world)

    assert _state(world) == "deployed"


def test_a_clock_that_was_ahead_ends_nothing_early_or_late(world):
    world.seconds += 3 * HOUR
    _use(world)
    _run(world)
    assert _state(world) == "deployed"
    # The next leader has the right time.
    world.seconds -= 3 * HOUR
    world.restart()
    _run(world)
    began = world.seconds
    world.seconds += 1
    assert _status(world)["lastActivityTime"] <= world.timestamp()

    _pass(world, HOUR + 2)
    assert _state(world) == "expired"
    assert world.seconds - began < HOUR + 10


def test_what_a_wrong_clock_has_ended_comes_back_with_the_right_one(world):
    world.seconds += 3 * HOUR
    world.restart()
    _run(world)
    assert _state(world) == "expired"

    world.seconds -= 3 * HOUR
    world.restart()
    _run(world)
    assert _state(world) == "deployed"


# Activity


@REVIVALS
def test_activity_puts_off_the_end(world, revive):
    _pass(world, HOUR - 100)
    revive(world)
    _run(world)
    assert "Expiring" not in _reasons(world)

    _pass(world, HOUR - 10)
    assert _state(world) == "deployed"


@REVIVALS
def test_activity_brings_an_expired_environment_back_within_seconds(world, revive):
    _expire(world)
    world.seconds += 86400
    _run(world)
    began = world.seconds
    revive(world)
    _run(world)

    assert _state(world) == "deployed"
    assert world.seconds - began < 5
    assert "Expired" not in _reasons(world)
    assert world.recorded.events == ["ReleaseCreated", "Revived", "Deployed"]
    # Users waited from the revival on, and not from the end.
    assert world.recorded.ready[-1] < 5


@REVIVALS
@pytest.mark.parametrize("steps", range(1, 9))
def test_activity_during_the_removal_creates_all_again_after_it(world, revive, steps):
    _pass(world, HOUR - 10)
    world.seconds += 20
    for _ in range(steps):
        world.sync()
        world.reconcile(NAME)
        world.seconds += 1
        if steps % 2:
            world.engines_step()
    revive(world)
    _run(world)

    assert _state(world) == "deployed"
    assert "Expired" not in _reasons(world)
    deleted = [write for write in world.api.writes if write.verb == "delete"]
    created = [write for write in world.api.writes if write.verb == "create"]
    assert [write.resource for write in deleted] == [HELM_RELEASES, NAMESPACES]
    assert [write.resource for write in created] == [NAMESPACES, HELM_RELEASES]


def test_it_can_expire_and_come_back_many_times_in_a_row():
    world = _world(expire_after=30.0)
    world.api.put(ENVIRONMENTS, environment(finalizers=(), uid=""))
    world.run(NAME, patience=5.0)
    for turn in range(6):
        world.seconds += 32
        world.run(NAME, patience=5.0)
        assert _state(world) == "expired"
        began = world.seconds
        _push(world, str(turn))
        world.run(NAME, patience=5.0)
        assert _state(world) == "deployed"
        assert world.seconds - began < 5, "the corrections of an earlier life delay nothing"
        assert "Contested" not in _reasons(world)


def test_without_keep_it_ends_at_its_own_time(world):
    _keep(world)
    _run(world)
    assert "expiresAt" not in _status(world)
    _pass(world, 10 * HOUR)
    assert _state(world) == "deployed"

    _annotate(world, KEEP_ANNOTATION, "false")
    _run(world)
    assert _state(world) == "expired"


def test_a_wrong_keep_is_refused_and_ends_nothing(world):
    _annotate(world, KEEP_ANNOTATION, "yes")
    _run(world)
    _pass(world, 10 * HOUR)

    stalled = conditions.find(_status(world)["conditions"], "Stalled")
    assert stalled["reason"] == "InvalidSpec"
    assert stalled["message"].startswith("metadata.annotations")
    assert "'yes'" in stalled["message"]
    assert world.api.peek(NAMESPACES, NAME)


def test_a_refused_spec_ends_too(world):
    world.api.edit(
        ENVIRONMENTS,
        NAME,
        "",
        lambda obj: obj["spec"]["application"]["release"].update(targetNamespace="kube-system"),
    )
    _run(world)
    assert _state(world) == "failed"

    _pass(world, HOUR + 2)
    assert _reasons(world) == {"Ready": ("False", "Expired"), "Expired": ("True", "LifetimeOver")}
    assert world.api.peek(NAMESPACES, NAME) is None


# What else can happen


def test_a_suspended_environment_does_not_expire(world):
    _pass(world, HOUR - 100)
    world.api.edit(ENVIRONMENTS, NAME, "", lambda obj: obj["spec"].update(suspend=True))
    _run(world)
    assert "expiresAt" not in _status(world)
    assert "Expiring" not in _reasons(world)

    _pass(world, 10 * HOUR)
    assert _state(world) == "suspended"
    assert world.api.peek(NAMESPACES, NAME)

    world.api.edit(ENVIRONMENTS, NAME, "", lambda obj: obj["spec"].update(suspend=False))
    _run(world)
    _pass(world, HOUR - 100)
    assert _state(world) == "deployed"


def test_an_expired_environment_that_is_suspended_comes_back_when_it_is_resumed(world):
    _expire(world)
    world.api.edit(ENVIRONMENTS, NAME, "", lambda obj: obj["spec"].update(suspend=True))
    _run(world)
    assert _state(world) == "suspended"
    assert world.api.peek(NAMESPACES, NAME) is None

    world.api.edit(ENVIRONMENTS, NAME, "", lambda obj: obj["spec"].update(suspend=False))
    _run(world)
    assert _state(world) == "deployed"


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 20])
def test_one_that_is_deleted_at_or_after_its_end_is_gone(world, steps):
    _pass(world, HOUR - 10)
    world.seconds += 20
    for _ in range(steps):
        world.sync()
        world.reconcile(NAME)
        world.engines_step()
        world.api.finish_namespaces()
        world.seconds += 1
    world.api.remove(ENVIRONMENTS, NAME)
    world.run(NAME)

    assert world.api.peek(ENVIRONMENTS, NAME) is None
    assert world.api.peek(NAMESPACES, NAME) is None


def test_an_adopted_namespace_stays_and_can_be_used_again():
    world = _world()
    world.api.put(NAMESPACES, foreign_namespace(annotations={ADOPT_ANNOTATION: NAME}))
    _deployed(world)
    world.api.put(SECRETS, {"metadata": {"name": "theirs", "namespace": NAME, "labels": {}}})
    _expire(world)

    namespace = world.api.peek(NAMESPACES, NAME)
    assert objects.labels(namespace) == {"owner": "somebody"}
    assert objects.annotations(namespace) == {ADOPT_ANNOTATION: NAME}
    assert world.api.all(HELM_RELEASES) == []
    assert world.api.peek(SECRETS, "theirs", NAME)

    _push(world)
    _run(world)
    assert _state(world) == "deployed"
    assert objects.labels(world.api.peek(NAMESPACES, NAME))[ENVIRONMENT_LABEL] == NAME


def test_a_namespace_that_does_not_go_is_shown_and_blocks_nothing_else(world):
    world.api.edit(NAMESPACES, NAME, "", lambda obj: obj["metadata"].update(finalizers=["example.com/hold"]))
    _pass(world, HOUR - 10)
    world.seconds += 20
    for _ in range(30):
        world.sync()
        world.reconcile(NAME)
        world.engines_step()
        world.api.finish_namespaces()
        world.seconds += 60
    assert _state(world) == "uninstalling"
    assert _reasons(world)["TeardownBlocked"][0] == "True"
    assert _reasons(world)["Expired"] == ("True", "LifetimeOver")

    world.api.edit(NAMESPACES, NAME, "", lambda obj: obj["metadata"].update(finalizers=[]))
    world.api.finish_namespaces()
    _run(world)
    assert _state(world) == "expired"


def test_somebody_who_makes_a_namespace_of_ours_in_an_expired_environment_sees_it_removed(world):
    _expire(world)
    world.api.put(NAMESPACES, {"metadata": {"name": NAME, "labels": {ENVIRONMENT_LABEL: NAME}}})
    _run(world)

    assert _state(world) == "expired"
    assert world.api.peek(NAMESPACES, NAME) is None


def test_an_expired_environment_comes_back_with_the_engine_of_today(world):
    _expire(world)
    world.options = operator_options(expire_after=HOUR, release_engine="flux")
    world.restart()
    _run(world)
    assert _state(world) == "expired"

    _push(world)
    _run(world)
    assert _state(world) == "deployed"
    assert len(world.api.all(FLUX_RELEASES)) == len(world.api.all(GIT_REPOSITORIES)) == 1
    assert _status(world)["release"]["engine"] == "flux"


def test_with_flux_release_and_source_go_first():
    world = _deployed(_world(release_engine="flux"))
    _expire(world)
    assert (world.api.all(FLUX_RELEASES), world.api.all(GIT_REPOSITORIES)) == ([], [])
    assert world.flux.abandoned == set(), "Flux uninstalled it, while its account was there"


@pytest.mark.parametrize("crash", ["crash_before", "crash_after"])
@pytest.mark.parametrize("write", range(1, 7))
@pytest.mark.parametrize("revive", [None, _push])
def test_a_process_that_dies_at_any_write_leaves_an_end_that_is_completed(world, crash, write, revive):
    _pass(world, HOUR - 10)
    world.seconds += 20
    setattr(world.api, crash, write)
    _run(world)
    if revive:
        assert _state(world) == "expired"
        setattr(world.api, crash, write)
        revive(world)
        _run(world)

    assert _state(world) == ("deployed" if revive else "expired")


def test_an_error_that_lasts_keeps_the_end_in_the_status(world):
    _expire(world)
    found = Environment(world.api.peek(ENVIRONMENTS, NAME))
    error = Wait(reason="InternalError", message="The controller failed.")

    shown = recorded_status.unjudged(found, error, world.options, NOW + timedelta(seconds=world.seconds))
    assert conditions.find(shown["conditions"], "Expired") == conditions.find(found.conditions, "Expired")
    assert shown["expiresAt"] == found.status["expiresAt"]

    world.api.edit(ENVIRONMENTS, NAME, "", lambda obj: obj.update(status=shown))
    _run(world)
    assert _state(world) == "expired"
    assert [write.verb for write in world.api.writes] == ["patch"]


# Many at once


def test_no_more_than_the_burst_end_in_ten_minutes_across_a_restart():
    world = _world(expire_burst=2, expire_after=HOUR, status_settle=0.0)
    names = [f"shop-{number}" for number in range(7)]
    for name in names:
        world.api.put(ENVIRONMENTS, environment(name=name, finalizers=(), uid=""))
        _run(world, name)
    world.seconds = 2 * HOUR
    ended = []
    looks = dict.fromkeys(names, world.seconds)
    reconciles = 0
    while len(ended) < len(names):
        name = min(looks, key=lambda key: looks[key])
        world.seconds = max(world.seconds, looks[name])
        reconciles += 1
        _run(world, name)
        if _state(world, name) == "expired":
            ended.append(world.seconds)
            looks.pop(name)
            if len(ended) == 3:
                world.restart()
                looks = dict.fromkeys(looks, world.seconds)
        else:
            assert _reasons(world, name)["Expiring"] == ("True", "EndsLater")
            looks[name] = world.next_look
    for first, third in zip(ended, ended[2:], strict=False):
        assert third - first >= WINDOW - 10, ended
    assert ended[-1] - ended[0] < 4 * WINDOW + 60
    assert world.recorded.events.count("Expiring") == len(names) - 2, "those that wait are warned once"
    assert reconciles < 25, "those that wait look again only when it is their turn"


def test_an_expired_environment_holds_no_place_and_queues_for_one_when_it_comes_back():
    world = _deployed(_world(limits=LimitOptions(max_environments=1)))
    _expire(world)
    world.api.put(ENVIRONMENTS, environment(name="other", finalizers=(), uid=""))
    _run(world, "other")
    assert _state(world, "other") == "deployed"

    _push(world)
    _run(world)
    assert _state(world) == "queued"
    assert "Expired" not in _reasons(world)

    world.api.remove(ENVIRONMENTS, "other")
    world.run("other")
    world.sync()
    assert NAME in world.woken
    _run(world)
    assert _state(world) == "deployed"


def test_a_free_place_is_not_kept_for_an_expired_environment():
    world = _deployed(_world(limits=LimitOptions(max_environments=1)))
    _expire(world)
    for name in ("second", "third"):
        world.api.put(ENVIRONMENTS, environment(name=name, finalizers=(), uid=""))
        _run(world, name)
    assert [_state(world, name) for name in ("second", "third")] == ["deployed", "queued"]

    # A resync shows it again.
    world.changed(ENVIRONMENTS, NAME)
    world.woken.clear()
    world.api.remove(ENVIRONMENTS, "second")
    world.run("second")
    world.sync()
    assert world.woken == ["third"]
