"""Workers: what happens to a key after each result of a reconcile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from controller.apimachinery.errors import ApiError, ConnectionLost, RequestTimeout
from controller.apimachinery.scope import current_scope
from controller.cache import ConsistencyError
from controller.metrics import Registry
from controller.runtime import Controller, Request, Result, TerminalError
from controller.workqueue import ItemExponentialLimiter, RateLimitingQueue
from tests.unit.fakes import DEADLINE, FakeClock, eventually
from tests.unit.measured import counted, measured


class Scripted:
    """Returns or raises the next entry of the script for each reconcile; after the last one, `Result()`."""

    def __init__(self, *outcomes: Any) -> None:
        self.outcomes = list(outcomes)
        self.keys: list[str] = []

    def reconcile(self, request: Request) -> Result:
        self.keys.append(request.key)
        outcome = self.outcomes.pop(0) if self.outcomes else Result()
        if callable(outcome):
            outcome = outcome()
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome


class Rig:
    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.registry = Registry()
        self.limiter = ItemExponentialLimiter(base=1, maximum=60)
        self.queue = RateLimitingQueue(name="test", limiter=self.limiter, clock=clock)
        self.controllers: list[Controller] = []

    def run(self, *outcomes: Any, workers: int = 1, timeout: float = 0.0) -> Scripted:
        scripted = Scripted(*outcomes)
        self.controller(scripted, workers=workers, timeout=timeout).start()
        return scripted

    def controller(self, reconciler: Any, *, workers: int = 1, timeout: float = 0.0, **parts: Any) -> Controller:
        controller = Controller(
            name="test",
            queue=self.queue,
            reconciler=reconciler,
            **parts,
            workers=workers,
            reconcile_timeout=timeout,
            registry=self.registry,
            clock=self.clock,
        )
        self.controllers.append(controller)
        return controller

    def once(self, *outcomes: Any) -> None:
        """Reconcile the key `a` once."""
        scripted = self.run(*outcomes)
        self.queue.add("a")
        eventually(lambda: sum(self.results().values()) == 1)
        eventually(lambda: not self.queue.snapshot().processing)
        assert scripted.keys == ["a"]

    def takes_no_more(self) -> bool:
        """Whether the queue ignores what is added, because it shuts down."""
        self.queue.add_after("later", 60)
        return not self.queue.snapshot().delayed

    def results(self) -> dict[str, float]:
        return counted(self.registry, "controller_runtime_reconcile_total", "result")

    def failures(self) -> dict[str, float]:
        """How many reconciles failed in each way, without the ways in which none failed."""
        names = ("reconcile_errors", "terminal_reconcile_errors", "reconcile_panics", "reconcile_timeouts")
        found = {name: measured(self.registry, f"controller_runtime_{name}_total") for name in names}
        return {name: number for name, number in found.items() if number}

    def delays(self) -> list[tuple[str, float]]:
        return list(self.queue.snapshot().delayed)


@pytest.fixture
def rig(clock: FakeClock) -> Iterator[Rig]:
    rig = Rig(clock)
    yield rig
    for controller in rig.controllers:
        controller.stop(DEADLINE)


def test_a_success_forgets_the_key(rig: Rig) -> None:
    rig.queue.add_rate_limited("a")
    rig.once(Result())
    assert rig.results() == {"success": 1}
    assert rig.queue.num_requeues("a") == 0


@pytest.mark.promise("workers")
def test_a_requeue_after_resets_the_back_off_and_comes_back(rig: Rig) -> None:
    rig.limiter.when("a")
    rig.once(Result(requeue_after=30))
    assert rig.results() == {"requeue_after": 1}
    assert rig.queue.num_requeues("a") == 0
    assert rig.delays() == [("a", 30.0)]


def test_a_requeue_waits_for_the_back_off_and_is_not_an_error(rig: Rig) -> None:
    rig.once(Result(requeue=True, requeue_after=30))
    assert rig.results() == {"requeue": 1}
    assert rig.failures() == {}
    assert rig.delays() == [("a", 1.0)]


@pytest.mark.parametrize("error", [ApiError("no"), ConnectionLost("reset")])
def test_an_error_waits_for_the_back_off(rig: Rig, error: Exception) -> None:
    rig.once(error)
    assert rig.results() == {"error": 1}
    assert rig.failures() == {"reconcile_errors": 1}
    assert rig.delays() == [("a", 1.0)]


@pytest.mark.promise("workers")
def test_a_terminal_error_is_not_tried_again_and_forgets_the_key(rig: Rig, clock: FakeClock) -> None:
    rig.run(ApiError("no"), TerminalError("pointless"))
    rig.queue.add("a")
    eventually(lambda: clock.next_wake() == 1)
    clock.advance(1)
    eventually(lambda: rig.results() == {"error": 2})
    eventually(lambda: not rig.queue.snapshot().processing)
    assert rig.failures() == {"reconcile_errors": 2, "terminal_reconcile_errors": 1}
    assert rig.delays() == []
    assert rig.queue.num_requeues("a") == 0


@pytest.mark.promise("workers")
def test_an_unexpected_exception_is_a_panic_and_the_worker_continues(rig: Rig) -> None:
    scripted = rig.run(KeyError("a bug"))
    rig.queue.add("a")
    eventually(lambda: rig.failures() == {"reconcile_errors": 1, "reconcile_panics": 1})
    rig.queue.add("b")
    eventually(lambda: scripted.keys == ["a", "b"])
    assert rig.delays() == [("a", 1.0)]


@pytest.mark.promise("own writes")
def test_a_cache_that_lags_behind_our_writes_is_awaited_without_a_log_line(rig: Rig) -> None:
    rig.once(ConsistencyError("behind"))
    assert measured(rig.registry, "tronador_stale_reconcile_skips_total") == 1
    assert rig.results() == {"requeue": 1}
    assert rig.failures() == {}
    assert rig.delays() == [("a", 1.0)]


@pytest.mark.promise("workers")
def test_the_back_off_grows_until_a_success(rig: Rig, clock: FakeClock) -> None:
    rig.run(ApiError("1"), Result(requeue=True), ApiError("3"), Result(), ApiError("5"))
    rig.queue.add("a")
    for wait in (1.0, 2.0, 4.0):
        eventually(lambda wait=wait: rig.delays() == [("a", wait)])
        eventually(lambda wait=wait: clock.next_wake() == wait)
        clock.advance(wait)
    eventually(lambda: sum(rig.results().values()) == 4)
    rig.queue.add("a")
    eventually(lambda: rig.delays() == [("a", 1.0)])


def test_all_workers_process_keys_and_never_the_same_key_at_once(rig: Rig) -> None:
    together, release = threading.Barrier(3), threading.Event()
    at_once: list[str] = []

    class Meeting:
        def reconcile(self, request: Request) -> Result:
            at_once.append(request.key)
            together.wait(DEADLINE)
            release.wait(DEADLINE)
            return Result()

    rig.controller(Meeting(), workers=2).start()
    for key in ("a", "b", "a", "b"):
        rig.queue.add(key)
    together.wait(DEADLINE)
    assert sorted(at_once) == ["a", "b"]
    assert measured(rig.registry, "controller_runtime_active_workers") == 2
    assert measured(rig.registry, "controller_runtime_max_concurrent_reconciles") == 2
    release.set()
    eventually(lambda: measured(rig.registry, "controller_runtime_active_workers") == 0)


class TestTimeout:
    @pytest.mark.promise("workers")
    def test_the_time_of_a_reconcile_is_limited_and_counted(self, rig: Rig, clock: FakeClock) -> None:
        def slow() -> None:
            clock.advance(6)
            scope = current_scope()
            assert scope is not None
            scope.check()

        rig.run(slow, timeout=5)
        rig.queue.add("a")
        eventually(lambda: rig.failures() == {"reconcile_errors": 1, "reconcile_timeouts": 1})
        assert rig.results() == {"error": 1}

    @pytest.mark.promise("workers")
    def test_the_timeout_of_a_request_is_not_one_of_the_reconcile(self, rig: Rig) -> None:
        rig.run(RequestTimeout("the server was slow"), timeout=5)
        rig.queue.add("a")
        eventually(lambda: rig.failures() == {"reconcile_errors": 1})

    def test_without_a_reconcile_timeout_there_is_no_deadline(self, rig: Rig) -> None:
        seen: list[float | None] = []

        def look() -> Result:
            scope = current_scope()
            assert scope is not None
            seen.append(scope.remaining())
            return Result()

        rig.once(look)
        assert seen == [None]


class TestLogging:
    def test_every_reconcile_has_an_id_of_its_own_in_its_log_lines(self, rig: Rig) -> None:
        seen: list[dict[str, Any]] = []

        def look() -> Result:
            seen.append(dict(structlog.contextvars.get_contextvars()))
            return Result()

        rig.run(look, look)
        rig.queue.add("a")
        rig.queue.add("b")
        eventually(lambda: len(seen) == 2)
        assert [(one["controller"], one["key"]) for one in seen] == [("test", "a"), ("test", "b")]
        assert seen[0]["reconcile_id"] != seen[1]["reconcile_id"]


class TestStopping:
    def blocked(self, rig: Rig) -> tuple[Controller, threading.Event, list[BaseException]]:
        """A controller whose one worker is in a reconcile that waits for `release` or its scope."""
        entered, release, ended = threading.Event(), threading.Event(), list[BaseException]()

        class Blocked:
            def reconcile(self, request: Request) -> Result:
                scope = current_scope()
                assert scope is not None
                try:
                    with scope.interrupting(release.set):
                        entered.set()
                        assert release.wait(DEADLINE)
                    scope.check()
                except ApiError as error:
                    ended.append(error)
                    raise
                return Result()

        controller = rig.controller(Blocked())
        controller.start()
        rig.queue.add("a")
        assert entered.wait(DEADLINE)
        return controller, release, ended

    def in_thread(self, function: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
        results: list[Any] = []
        thread = threading.Thread(target=lambda: results.append(function()))
        thread.start()
        return thread, results

    def test_a_stop_lets_running_reconciles_finish_and_ignores_the_backlog(self, rig: Rig) -> None:
        controller, release, ended = self.blocked(rig)
        rig.queue.add("b")
        stop, results = self.in_thread(lambda: controller.stop(DEADLINE))
        eventually(rig.takes_no_more)
        release.set()
        stop.join(DEADLINE)
        assert results == [True]
        assert ended == []
        assert rig.results() == {"success": 1}

    def test_a_reconcile_that_does_not_finish_in_time_is_interrupted(self, rig: Rig) -> None:
        controller, _, ended = self.blocked(rig)
        assert not controller.stop(0)
        assert [type(error).__name__ for error in ended] == ["Stopped"]
        assert rig.failures() == {}, "an interrupted reconcile is not an error"

    def test_nothing_is_watched_before_the_start(self, rig: Rig) -> None:
        watched: list[str] = []
        scripted = Scripted()
        controller = rig.controller(scripted, watch=lambda: (watched.append("a"), rig.queue.add("a")))
        assert watched == []
        controller.start()
        assert watched == ["a"]
        eventually(lambda: scripted.keys == ["a"])

    def test_a_second_start_is_refused(self, rig: Rig) -> None:
        controller = rig.controller(Scripted())
        controller.start()
        with pytest.raises(RuntimeError, match="already"):
            controller.start()

    def test_a_start_after_the_stop_is_refused(self, rig: Rig) -> None:
        controller = rig.controller(Scripted())
        assert controller.stop(1)
        with pytest.raises(RuntimeError, match="already"):
            controller.start()

    def test_stopping_twice_does_nothing(self, rig: Rig) -> None:
        controller = rig.controller(Scripted(), workers=3)
        controller.start()
        assert controller.stop(DEADLINE)
        assert controller.stop(DEADLINE)
