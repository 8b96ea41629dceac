"""Two workers, lagging caches, and reconciles that end in every way: a place is never given twice, and never lost."""

from __future__ import annotations

import itertools
import random
import threading
from typing import Any

import pytest

from controller.environment.admission.claims import NOT_COUNTED
from controller.environment.admission.places import Places
from controller.environment.options import LimitOptions
from tests.unit.environment.support.builders import ago, environment, namespace, our_labels


class FakeStore(dict):
    def list(self):
        return [*self.values()]


class Room:
    """Places with stores that a test fills."""

    def __init__(self, *, counts_all: bool = True, **limits: int) -> None:
        self.environments, self.namespaces = FakeStore(), FakeStore()
        self._ages = itertools.count(3600, -1)
        # What a live list has, and the cache may lack.
        self.existing: list[dict[str, Any]] = []
        self.seconds = 0.0
        self.woken: list[str] = []
        self.reads = 0
        self.places = Places(
            limits=LimitOptions(**(limits or {"max_environments": 1})),
            environments=self.environments,
            namespaces=self.namespaces,
            counts_all=counts_all,
            read=self._read,
            now=lambda: self.seconds,
            wake=self.woken.append,
        )

    def _read(self) -> list[dict[str, Any]]:
        self.reads += 1
        return self.existing

    def add(self, *names: str, **changes) -> None:
        """Add environments, each younger than all before it, or put others in their place."""
        for name in names:
            obj = environment(name=name, **changes)
            obj["metadata"]["creationTimestamp"] = ago(next(self._ages))
            self.environments[name] = obj
            self.places.look(name)

    def show(self, name: str) -> None:
        self.namespaces[name] = namespace(name=name, labels=our_labels(name=name))
        self.places.look(name)

    def hide(self, name: str) -> None:
        del self.namespaces[name]
        self.places.look(name)

    def take(self, name: str) -> bool:
        return self.places.take(self.environments[name]).granted

    def news(self) -> list[str]:
        """Return who was woken since the last time."""
        news, self.woken[:] = [*self.woken], []
        return news

    def serve(self, name: str) -> None:
        assert self.take(name)
        self.places.created(name)
        self.places.ended(name)
        self.show(name)
        self.news()


def test_a_place_is_counted_before_the_cache_shows_the_namespace():
    room = Room()
    room.add("a", "b")

    assert room.take("a")
    assert not room.take("b")
    room.places.created("a")
    room.places.ended("a")
    assert not room.take("b")
    room.show("a")
    assert not room.take("b")
    assert "b" not in room.news()


def test_the_first_that_waits_is_woken_when_the_cache_shows_that_a_namespace_is_gone():
    room = Room()
    room.add("a", "b", "c")
    room.serve("a")
    for name in ("b", "c"):
        assert not room.take(name)
        room.places.ended(name)
    del room.environments["a"]
    room.places.ended("a")
    assert room.news() == []
    room.hide("a")

    assert room.news() == ["b"]
    assert not room.take("c")
    assert room.take("b")


def test_a_namespace_that_comes_and_goes_in_the_cache_while_a_reconcile_creates_one_takes_no_place_from_it():
    room = Room()
    room.add("a", "b")
    assert room.take("a")
    room.show("a")
    room.hide("a")

    assert not room.take("b")


def test_a_change_of_the_environment_does_not_take_the_place_from_a_running_reconcile():
    room = Room()
    room.add("a", "b")
    assert room.take("a")
    room.add("a", suspend=True)
    del room.environments["a"]
    room.places.look("a")

    assert not room.take("b")
    room.places.ended("a")
    assert room.take("b")


def test_a_reconcile_that_created_nothing_gives_its_place_back():
    room = Room()
    room.add("a", "b")
    assert room.take("a")
    room.news()
    room.places.ended("a")

    assert room.news() == ["b"]


def test_a_reconcile_that_failed_after_it_took_a_place_keeps_it():
    room = Room()
    room.add("a", "b")
    assert room.take("a")
    room.news()
    room.places.failed("a")
    room.places.ended("a")
    assert not room.take("b")

    assert room.take("a")
    room.places.ended("a")
    assert room.news() == ["b"]


def test_one_that_failed_and_does_not_ask_again_gives_its_place_back_in_the_end():
    room = Room()
    room.add("a", "b")
    assert room.take("a")
    room.places.failed("a")
    room.add("a", suspend=True)
    room.places.ended("a")
    assert not room.take("b")
    room.places.ended("b")
    room.news()
    room.seconds = 299.0
    room.places.look("b")
    assert room.news() == []
    room.seconds = 300.0
    room.places.look("b")
    assert room.news() == ["b"]


def test_one_that_tries_again_or_got_its_namespace_keeps_its_place():
    room = Room(max_environments=2)
    room.add("a", "b", "c")
    for name in ("a", "b"):
        assert room.take(name)
        room.places.failed(name)
    room.seconds = 200.0
    assert room.take("a")
    room.places.failed("a")
    room.show("b")
    room.seconds = 499.0
    assert not room.take("c")


def test_a_reconcile_that_meets_a_conflict_keeps_its_place():
    room = Room()
    room.add("a", "b")
    assert room.take("a")
    room.places.interrupted("a")

    assert not room.take("b")


def test_one_that_fails_before_it_comes_for_its_place_holds_up_none():
    room = Room()
    room.add("x", "a", "b")
    room.serve("x")
    for name in ("a", "b"):
        assert not room.take(name)
        room.places.ended(name)
    del room.environments["x"]
    room.hide("x")
    assert room.news() == ["a"]
    room.places.failed("a")

    assert room.news() == ["b"]


def test_one_that_is_called_while_its_reconcile_runs_keeps_the_place():
    room = Room()
    room.add("x", "a")
    room.serve("x")
    assert not room.take("a")
    del room.environments["x"]
    room.hide("x")
    room.places.ended("a")

    assert room.news() == ["a"]
    assert room.take("a")


def test_a_namespace_that_was_created_and_deleted_before_the_cache_showed_it_holds_no_place():
    room = Room()
    room.add("a", "b")
    assert room.take("a")
    room.places.created("a")
    room.places.ended("a")
    room.add("a", suspend=True)
    room.news()
    room.places.ended("a")

    assert room.news() == ["b"]


def test_none_gets_a_place_before_the_cache_shows_every_namespace_that_exists():
    room = Room()
    room.add("a")
    room.existing = [namespace(name="old", labels=our_labels(name="old"))]
    assert room.places.take(room.environments["a"]) == NOT_COUNTED

    room.seconds += 1
    room.show("old")
    verdict = room.places.take(room.environments["a"])
    assert (verdict.granted, bool(verdict.message)) == (False, True)


def test_environments_that_wait_for_the_count_share_the_reads_of_the_cluster():
    room = Room()
    room.add("a", "b")
    room.existing = [namespace(name="old", labels=our_labels(name="old"))]
    for _ in range(4):
        assert room.places.take(room.environments["a"]) == NOT_COUNTED
        assert room.places.take(room.environments["b"]) == NOT_COUNTED
        room.seconds += 0.4

    assert room.reads == 2


def test_a_label_that_others_copied_holds_up_nothing():
    room = Room()
    room.add("a")
    room.existing = [namespace(name="theirs", labels=our_labels(name="a"))]

    assert room.take("a")


def test_everything_is_counted_once():
    room = Room(max_environments=5)
    room.add("a", "b")
    room.serve("a")
    room.serve("b")

    assert room.reads == 1


@pytest.mark.parametrize("counts_all", [True, False])
def test_a_shard_counts_only_the_namespaces_of_its_own_environments(counts_all):
    room = Room(counts_all=counts_all)
    room.show("of-another-shard")
    room.add("a")

    assert room.take("a") is not counts_all


def test_a_namespace_with_the_label_of_another_environment_holds_no_place():
    room = Room()
    room.namespaces["x"] = namespace(name="x", labels=our_labels(name="a"))
    room.add("a")

    assert room.take("a")


def test_many_workers_never_give_a_place_twice():
    room = Room(max_environments=3)
    names = [f"e{number:02}" for number in range(40)]
    room.add(*names)
    running, most, lock = set(), [], threading.Lock()

    def work(seed: int) -> None:
        order = random.Random(seed)
        mine = names[seed::4]
        while mine:
            name = mine.pop(0)
            if not room.take(name):
                room.places.ended(name)
                mine.append(name)
                continue
            with lock:
                running.add(name)
                most.append(len(running))
            room.places.created(name)
            if order.random() < 0.5:
                room.places.ended(name)
            room.show(name)
            room.places.ended(name)
            with lock:
                running.discard(name)
            del room.environments[name]
            room.hide(name)
            room.places.ended(name)

    workers = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)

    assert not room.environments
    assert max(most) <= 3
