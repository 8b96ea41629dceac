"""The addresses that are listened on, and the readiness check of caches."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from controller.apimachinery.errors import status_error
from controller.app.options import HttpOptions
from controller.app.serving import servers, stale
from controller.cache import Informer, ReflectorSettings
from controller.metrics import Registry
from tests.unit.fakes import DEADLINE, WIDGETS, FakeClock, LiveApi, eventually

NOT_INSTALLED = status_error(404, "404 page not found")


class Rig:
    """One informer, and the check."""

    def __init__(self, clock: FakeClock, *, missing_is_empty: bool = False) -> None:
        self.clock = clock
        self.api = LiveApi("a")
        self.informer = Informer(
            client=self.api,
            resource=WIDGETS,
            clock=clock,
            missing_is_empty=missing_is_empty,
            settings=ReflectorSettings(watch_list=False),
        )

    def check(self) -> str | None:
        return stale([self.informer], limit=60)

    def fail(self, error: Exception, seconds: float) -> None:
        """Nothing but this error for so long."""
        self.api.answers.extend([error] * 20)
        self.informer.start()
        end = self.clock.now() + seconds
        while self.clock.now() < end:
            eventually(lambda: self.clock.waiters() == 1)
            self.clock.advance(5)


@pytest.fixture
def rig(clock: FakeClock) -> Iterator[Rig]:
    rig = Rig(clock)
    yield rig
    assert rig.informer.stop(DEADLINE)


@pytest.mark.promise("outages")
def test_a_cache_that_cannot_be_filled_is_named_with_the_reason_after_a_minute(rig: Rig) -> None:
    rig.fail(status_error(403, {"kind": "Status", "reason": "Forbidden", "message": "no such right"}), 60)
    assert rig.check() is None
    rig.clock.advance(5)
    problem = rig.check()
    assert problem == "widgets.example.com has been out of date for 65 s: 403 Forbidden: no such right"


def test_a_cache_with_an_open_and_silent_watch_is_current(rig: Rig) -> None:
    rig.informer.start()
    rig.api.stream()
    rig.clock.advance(149)
    assert rig.check() is None


def test_a_resource_that_has_to_be_there_and_is_missing_is_a_problem(rig: Rig) -> None:
    rig.fail(NOT_INSTALLED, 65)
    assert "404" in (rig.check() or "")


def test_a_resource_that_need_not_be_there_and_is_missing_is_current(clock: FakeClock) -> None:
    rig = Rig(clock, missing_is_empty=True)
    rig.fail(NOT_INSTALLED, 300)
    assert rig.check() is None
    assert rig.informer.stop(DEADLINE)


@pytest.mark.parametrize(
    ("also_metrics", "flags"), [(False, "(--health-address)"), (True, "(--metrics-address, --health-address)")]
)
def test_an_address_that_is_taken_is_named_with_its_flag(also_metrics: bool, flags: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = f"127.0.0.1:{other.getsockname()[1]}"
        options = HttpOptions(health_address=address, metrics_address=address if also_metrics else "0")
        with pytest.raises(OSError, match="another program uses this port; choose another address") as caught:
            servers(options, Registry(), healthy={}, ready={}, pages={})
    assert f"cannot listen on {address} {flags}" in str(caught.value)
