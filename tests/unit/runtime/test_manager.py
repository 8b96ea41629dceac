"""Start and stop order, and what happens when something goes wrong on the way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from controller.runtime import Manager
from controller.runtime.manager import LeadershipLost, SyncTimeout
from tests.unit.fakes import DEADLINE, FakeClock, eventually


class World:
    """Records every start and stop, in order."""

    def __init__(self) -> None:
        self.log: list[str] = []


class Thing:
    def __init__(
        self, world: World, name: str, *, synced: bool = True, fails: bool = False, stuck: bool = False
    ) -> None:
        self.world = world
        self.name = name
        self.synced = synced
        self.fails = fails
        self.stuck = stuck
        self.stop_timeout: float | None = None

    def start(self) -> None:
        self.world.log.append(f"+{self.name}")
        if self.fails:
            raise OSError("port in use")

    def stop(self, timeout: float) -> bool:
        self.stop_timeout = timeout
        self.world.log.append(f"-{self.name}")
        return not self.stuck

    def has_synced(self) -> bool:
        return self.synced


class Elector:
    def __init__(self, world: World) -> None:
        self.world = world
        self.on_started: Callable[[], None] = lambda: None
        self.on_lost: Callable[[], None] = lambda: None

    def start(self, *, on_started: Callable[[], None], on_lost: Callable[[], None]) -> None:
        self.world.log.append("+elector")
        self.on_started, self.on_lost = on_started, on_lost

    def stop(self, timeout: float) -> bool:
        self.world.log.append("release")
        return True

    def abandon(self) -> None:
        self.world.log.append("abandon")


class Rig:
    def __init__(self, clock: FakeClock) -> None:
        self.world = World()
        self.clock = clock
        self.server = Thing(self.world, "server")
        self.cache = Thing(self.world, "cache")
        self.service = Thing(self.world, "service")
        self.worker = Thing(self.world, "worker")
        self.elector = Elector(self.world)
        self.outcome: list[BaseException | None] = []
        self.thread: threading.Thread | None = None
        self.manager: Manager | None = None

    def run(self, *, elector: bool = False, **arguments: Any) -> Manager:
        self.manager = Manager(
            servers=[self.server],
            caches=[self.cache],
            services=[self.service],
            controllers=[self.worker],
            elector=self.elector if elector else None,
            clock=self.clock,
            **arguments,
        )

        def target() -> None:
            assert self.manager is not None
            try:
                self.manager.run()
                self.outcome.append(None)
            except Exception as error:  # noqa: BLE001  # whatever it is, the test wants to see it
                self.outcome.append(error)

        self.thread = threading.Thread(target=target)
        self.thread.start()
        return self.manager

    def reached(self, entry: str) -> None:
        eventually(lambda: entry in self.world.log, entry)

    def end(self) -> BaseException | None:
        assert self.thread is not None
        self.thread.join(DEADLINE)
        return self.outcome[0]


@pytest.fixture
def rig(clock: FakeClock) -> Iterator[Rig]:
    rig = Rig(clock)
    yield rig
    if rig.manager is not None and rig.thread is not None:
        rig.manager.stop()
        rig.thread.join(DEADLINE)


@pytest.mark.promise("workers")
def test_everything_starts_and_stops_in_order(rig: Rig) -> None:
    manager = rig.run()
    rig.reached("+worker")
    manager.stop()
    assert rig.end() is None
    assert rig.world.log == ["+server", "+cache", "+service", "+worker", "-worker", "-service", "-cache", "-server"]


def test_nothing_reconciles_before_the_caches_are_synced(rig: Rig, clock: FakeClock) -> None:
    rig.cache.synced = False
    manager = rig.run()
    rig.reached("+cache")
    eventually(lambda: clock.waiters() == 1)
    assert not manager.caches_synced
    assert "+worker" not in rig.world.log
    rig.cache.synced = True
    clock.advance(1)
    rig.reached("+worker")
    assert manager.caches_synced


@pytest.mark.promise("workers")
def test_caches_that_do_not_sync_in_time_fail_the_start_by_name(rig: Rig, clock: FakeClock) -> None:
    rig.cache.synced = False
    rig.run(sync_timeout=120)
    eventually(lambda: clock.waiters() == 1)
    clock.advance(120)
    error = rig.end()
    assert isinstance(error, SyncTimeout)
    assert str(error) == "caches not synced within 120 s: cache"
    assert rig.world.log == ["+server", "+cache", "-cache", "-server"]


def test_a_stop_while_the_caches_sync_ends_the_start(rig: Rig, clock: FakeClock) -> None:
    rig.cache.synced = False
    manager = rig.run()
    eventually(lambda: clock.waiters() == 1)
    manager.stop()
    assert rig.end() is None
    assert "+worker" not in rig.world.log
    assert rig.world.log[-1] == "-server"


def test_a_failing_start_stops_what_was_started(rig: Rig) -> None:
    rig.cache.fails = True
    rig.run()
    assert isinstance(rig.end(), OSError)
    assert rig.world.log == ["+server", "+cache", "-cache", "-server"]


def test_stopping_shares_one_graceful_timeout(rig: Rig) -> None:
    manager = rig.run(graceful_timeout=20)
    rig.reached("+worker")
    manager.stop()
    rig.end()
    assert rig.worker.stop_timeout == 20
    assert rig.server.stop_timeout == 20, "no time passed on this clock"


def test_a_part_that_does_not_stop_in_time_does_not_block_the_rest(rig: Rig) -> None:
    rig.worker.stuck = True
    manager = rig.run()
    rig.reached("+worker")
    manager.stop()
    assert rig.end() is None
    assert rig.world.log[-1] == "-server"


def test_names_must_be_unique(rig: Rig) -> None:
    rig.worker.name = "cache"
    with pytest.raises(ValueError, match="names must be unique"):
        rig.run()


class TestElection:
    def test_controllers_wait_until_elected_with_warm_caches(self, rig: Rig) -> None:
        manager = rig.run(elector=True)
        rig.reached("+elector")
        assert rig.world.log == ["+server", "+cache", "+service", "+elector"]
        assert manager.caches_synced
        assert not manager.elected
        rig.elector.on_started()
        rig.reached("+worker")
        assert manager.elected

    @pytest.mark.promise("leader election")
    def test_the_lease_is_released_after_everything_has_stopped(self, rig: Rig) -> None:
        manager = rig.run(elector=True)
        rig.reached("+elector")
        rig.elector.on_started()
        rig.reached("+worker")
        manager.stop()
        assert rig.end() is None
        assert rig.world.log[-5:] == ["-worker", "-service", "-cache", "-server", "release"]

    def test_a_standby_that_stops_runs_no_controller(self, rig: Rig) -> None:
        manager = rig.run(elector=True)
        rig.reached("+elector")
        manager.stop()
        assert rig.end() is None
        assert "+worker" not in rig.world.log
        assert "-worker" not in rig.world.log

    @pytest.mark.promise("workers")
    def test_a_lost_lease_ends_everything_at_once_without_drain_or_release(self, rig: Rig) -> None:
        rig.run(elector=True, graceful_timeout=20)
        rig.reached("+elector")
        rig.elector.on_started()
        rig.reached("+worker")
        rig.elector.on_lost()
        assert isinstance(rig.end(), LeadershipLost)
        assert rig.worker.stop_timeout == 0
        assert "abandon" in rig.world.log
        assert "release" not in rig.world.log
