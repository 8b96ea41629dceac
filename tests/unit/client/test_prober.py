"""When the prober sends a probe to the API server, and when it does not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from controller.apimachinery.errors import ApiError, ConnectionLost, status_error
from controller.apimachinery.scope import current_scope
from controller.client.prober import Prober
from controller.client.serverhealth import ServerHealth
from tests.unit.fakes import DEADLINE, FakeClock, eventually

REFUSED = ConnectionLost("connection refused")
NOT_READY = status_error(500, "[-]poststarthook/rbac/bootstrap-roles failed: not finished")
FORBIDDEN = status_error(403, {"kind": "Status", "reason": "Forbidden", "message": "no"})


class Server:
    """Answers probes as the test requests."""

    def __init__(self) -> None:
        self.answer: ApiError | None = REFUSED
        self.probes = 0

    def ask(self) -> None:
        self.probes += 1
        if self.answer is not None:
            raise self.answer


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def health(clock: FakeClock) -> ServerHealth:
    return ServerHealth(clock=clock, rand=lambda: 0.0)


@pytest.fixture
def start(clock: FakeClock, health: ServerHealth, server: Server) -> Iterator[Callable[[], Prober]]:
    probers: list[Prober] = []

    def make() -> Prober:
        probers.append(Prober(health=health, ask=server.ask, clock=clock, rand=lambda: 0.0))
        probers[-1].start()
        return probers[-1]

    yield make
    for prober in probers:
        assert prober.stop(DEADLINE)


@pytest.mark.promise("outages")
def test_a_server_that_is_well_is_never_probed(
    clock: FakeClock, health: ServerHealth, server: Server, start: Callable[[], Prober]
) -> None:
    start()
    eventually(lambda: clock.sleepers() == 1)
    for _ in range(10):
        health.judge(None)
        clock.advance(60)
    assert clock.waiters() == 0
    assert server.probes == 0


@pytest.mark.promise("outages")
def test_a_doubt_causes_a_probe_at_once(health: ServerHealth, server: Server, start: Callable[[], Prober]) -> None:
    start()
    health.judge(REFUSED)
    eventually(lambda: health.away)
    assert server.probes == 1


@pytest.mark.promise("outages")
def test_a_server_that_is_away_is_probed_every_second_until_it_is_ready(
    clock: FakeClock, health: ServerHealth, server: Server, start: Callable[[], Prober]
) -> None:
    start()
    health.judge(REFUSED)
    for number in range(1, 5):
        eventually(lambda number=number: server.probes == number and clock.next_wake() == pytest.approx(1.0))
        clock.advance(1.0)
    eventually(lambda: server.probes == 5 and clock.waiters() == 1)
    server.answer = NOT_READY
    clock.advance(1.0)
    eventually(lambda: server.probes == 6 and clock.waiters() == 1)
    assert health.away
    server.answer = None
    clock.advance(1.0)
    eventually(lambda: not health.away)
    eventually(lambda: health.epoch == 1)


def test_no_probe_is_sent_after_another_request_found_the_server(
    clock: FakeClock, health: ServerHealth, server: Server, start: Callable[[], Prober]
) -> None:
    start()
    health.judge(REFUSED)
    eventually(lambda: health.away and clock.waiters() == 1)
    health.judge(None)
    clock.advance(1.0)
    eventually(lambda: clock.sleepers() == 1 and clock.waiters() == 0)
    assert server.probes == 1


@pytest.mark.promise("outages")
def test_a_refusal_while_the_server_starts_does_not_count_as_an_answer(
    clock: FakeClock, health: ServerHealth, server: Server, start: Callable[[], Prober]
) -> None:
    start()
    health.judge(REFUSED)
    eventually(lambda: health.away and clock.waiters() == 1)
    server.answer = FORBIDDEN
    for number in range(2, 6):
        clock.advance(1.0)
        eventually(lambda number=number: server.probes == number and clock.waiters() == 1)
        assert health.away
    server.answer = None
    clock.advance(1.0)
    eventually(lambda: not health.away)


@pytest.mark.promise("outages")
def test_a_server_that_refuses_every_probe_counts_as_answering(
    clock: FakeClock, health: ServerHealth, server: Server, start: Callable[[], Prober]
) -> None:
    start()
    health.judge(REFUSED)
    eventually(lambda: health.away and clock.waiters() == 1)
    server.answer = FORBIDDEN
    for number in range(2, 7):
        clock.advance(1.0)
        eventually(lambda number=number: server.probes == number and clock.waiters() == 1)
    assert health.away
    clock.advance(1.0)
    eventually(lambda: not health.away)


def test_a_stop_interrupts_a_probe(clock: FakeClock, health: ServerHealth) -> None:
    blocked, interrupted = threading.Event(), threading.Event()

    def ask() -> None:
        scope = current_scope()
        assert scope is not None
        with scope.interrupting(interrupted.set):
            blocked.set()
            assert interrupted.wait(DEADLINE)
            scope.check()

    prober = Prober(health=health, ask=ask, clock=clock)
    prober.start()
    health.judge(REFUSED)
    assert blocked.wait(DEADLINE)
    assert prober.stop(DEADLINE)


def test_a_stop_before_the_start_does_nothing(health: ServerHealth, server: Server) -> None:
    assert Prober(health=health, ask=server.ask).stop(0.1)
