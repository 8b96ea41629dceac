"""How the changes of watched objects become keys in a queue."""

from collections import Counter

import pytest

from controller.api.environment import ENVIRONMENT_LABEL, ENVIRONMENTS
from controller.api.helm_operator import HELM_RELEASES
from controller.apimachinery import objects
from controller.app import caches
from controller.app.caches import Spread
from controller.cache import DeletedFinalStateUnknown, Store
from controller.environment.watches import WATCHES
from controller.workqueue import RateLimitingQueue
from tests.unit.environment.support.builders import environment
from tests.unit.fakes import FakeClock

MANY = 10_000
PERIOD = 36_000.0


class Informer:
    """Keeps its handler and the state of its registration. A handler that comes late gets what there is."""

    def __init__(self):
        self.store = Store()
        self.synced = False

    def add_handler(self, handler, *, name, at_once):
        self.handler = handler
        for obj in self.store.list():
            handler.on_add(obj)
        return self

    def has_synced(self):
        return self.synced


def repeats_nothing(_resource, _key, _obj):
    return False


@pytest.fixture
def queue():
    return RateLimitingQueue(name="test", clock=FakeClock())


@pytest.fixture
def informers(queue):
    informers = {watch.resource: Informer() for watch in WATCHES}
    caches.enqueue(informers, queue, resync_period=PERIOD, repeats=repeats_nothing)
    return informers


def fill(informer, *objs):
    for obj in objs:
        informer.store.put(objects.key(obj), obj, resource_version="1")
        informer.handler.on_add(obj)


def up_to_date(name):
    return environment(name=name, status={"observedGeneration": 1})


def test_a_change_goes_before_ten_thousand_environments_of_the_start(informers, queue):
    of_environments = informers[ENVIRONMENTS]
    fill(of_environments, *(up_to_date(f"e-{number}") for number in range(MANY)))
    of_environments.synced = True
    fill(of_environments, up_to_date("new"))
    of_environments.handler.on_update(up_to_date("e-7"), up_to_date("e-7"))
    assert len(queue) == MANY + 1
    assert [queue.get() for _ in range(3)] == ["new", "e-7", "e-0"]


def test_work_that_was_left_goes_before_environments_that_are_up_to_date(informers, queue):
    left = environment(name="updated", generation=2, status={"observedGeneration": 1})
    deleted = environment(name="deleted", status={"observedGeneration": 1}, deleting=True)
    fill(informers[ENVIRONMENTS], up_to_date("a"), left, environment(name="created"), deleted)
    assert [queue.get() for _ in range(4)] == ["updated", "created", "deleted", "a"]


@pytest.mark.parametrize("is_new", [True, False], ids=["created", "changed"])
def test_an_object_that_only_repeats_what_the_last_reconcile_left_queues_nothing(queue, is_new):
    asked = []

    def repeats(resource, key, obj):
        asked.append((resource, key, obj))
        return key == "a"

    informers = {watch.resource: Informer() for watch in WATCHES}
    caches.enqueue(informers, queue, resync_period=PERIOD, repeats=repeats)
    handler = informers[ENVIRONMENTS].handler
    handler.has_synced = lambda: True
    for name in ("a", "b"):
        before, after = environment(name=name), environment(name=name, labels={"changed": "x"})
        handler.on_add(after) if is_new else handler.on_update(before, after)
        assert asked[-1] == (ENVIRONMENTS, name, after)
    assert queue.snapshot().ready == ("b",)


def test_an_object_that_is_gone_or_due_for_a_resync_never_counts_as_a_repetition(queue):
    informers = {watch.resource: Informer() for watch in WATCHES}
    caches.enqueue(informers, queue, resync_period=0.0, repeats=lambda *_: True)
    same = environment(name="same")
    fill(informers[ENVIRONMENTS], environment(name="gone"))
    informers[ENVIRONMENTS].handler.on_delete(environment(name="gone"))
    informers[ENVIRONMENTS].handler.on_update(same, same)
    assert queue.snapshot().ready == ("gone", "same")


def test_what_a_new_leader_finds_is_queued_as_at_a_start(queue):
    informers = {watch.resource: Informer() for watch in WATCHES}
    for obj in (up_to_date("a"), environment(name="created"), up_to_date("b")):
        informers[ENVIRONMENTS].store.put(objects.key(obj), obj, resource_version="1")
    for informer in informers.values():
        informer.synced = True
    caches.enqueue(informers, queue, resync_period=PERIOD, repeats=repeats_nothing)
    assert [queue.get() for _ in range(3)] == ["created", "a", "b"]


@pytest.mark.parametrize(
    ("after", "first"),
    [
        ({"status": {"phase": "Succeeded"}}, "begun"),
        ({"spec": {"values": {}}}, "new"),
        (None, "begun"),
    ],
    ids=["progress", "echo", "gone"],
)
def test_what_the_engine_did_for_one_environment_goes_before_new_ones(informers, queue, after, first):
    for informer in informers.values():
        informer.synced = True
    begun = environment(name="begun")
    fill(informers[ENVIRONMENTS], begun)
    assert queue.get() == "begun"
    queue.done("begun")
    fill(informers[ENVIRONMENTS], environment(name="new"))
    release = {"metadata": {"name": "r", "namespace": "begun", "labels": {ENVIRONMENT_LABEL: "begun"}}}
    of_releases = informers[HELM_RELEASES].handler
    if after is None:
        of_releases.on_delete(release)
    else:
        of_releases.on_update(release, {**release, **after})
    assert queue.get() == first


def test_a_resync_of_ten_thousand_environments_is_spread_over_its_period(informers, queue):
    for number in range(MANY):
        obj = up_to_date(f"e-{number}")
        informers[ENVIRONMENTS].handler.on_update(obj, obj)
    assert len(queue) == 0
    tenths = Counter(int(10 * seconds / PERIOD) for _, seconds in queue.snapshot().delayed)
    assert sorted(tenths) == list(range(10))
    assert all(0.9 * MANY / 10 < number < 1.1 * MANY / 10 for number in tenths.values())


def test_a_change_for_many_keys_is_delivered_one_after_another():
    added = []
    spread = Spread(
        keys=lambda before, after: ["a", "b", "c"], add_after=lambda *arguments: added.append(arguments), per_second=50
    )
    spread.on_update({}, {})
    assert added == [("a", 0.0), ("b", 0.02), ("c", 0.04)]


def test_the_selector_of_keys_gets_the_old_and_the_new_object():
    seen = []
    spread = Spread(
        keys=lambda before, after: seen.append((before, after)) or (), add_after=lambda *_: None, per_second=1
    )
    old, new = {"a": 1}, {"a": 2}
    spread.on_add(new)
    spread.on_update(old, new)
    spread.on_delete(old)
    spread.on_delete(DeletedFinalStateUnknown("key", old))
    assert seen == [(None, new), (old, new), (old, None), (old, None)]
