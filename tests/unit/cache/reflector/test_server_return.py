"""How the reflector continues when the server returns after an outage."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from controller.apimachinery.errors import status_error
from tests.unit.cache.reflector.rig import FORBIDDEN, NOT_INSTALLED, REFUSED, THROTTLED, Rig, Watches, run
from tests.unit.fakes import (
    Script,
    added,
    bookmark,
    page,
)


class Returns:
    """A server that returns from an outage as soon as a wait begins, or when the test requests it."""

    def __init__(self, *, away: bool = True) -> None:
        self.epoch = 0
        self.away = away
        self.waits: list[tuple[float, int, float]] = []
        self.callbacks: list[Callable[[], None]] = []

    def subscribe(self, callback: Callable[[], None]) -> None:
        self.callbacks.append(callback)

    def wait(self, seconds: float, *, since: int, at_least: float = 0.0) -> bool:
        self.waits.append((seconds, since, at_least))
        return self.away

    def come_back(self) -> None:
        self.epoch += 1
        for callback in self.callbacks:
            callback()


class TestReturnOfTheServer:
    @pytest.mark.promise("outages")
    @pytest.mark.parametrize("failure", [REFUSED, THROTTLED, status_error(503, "starting"), FORBIDDEN, NOT_INSTALLED])
    def test_a_failure_during_an_outage_is_retried_when_the_server_is_back(self, failure: Exception) -> None:
        recovery = Returns()
        rig = run(failure, failure, failure, page("a"), recovery=recovery)
        assert [seconds for seconds, _, _ in recovery.waits] == [0.8, 0.8, 0.8], "each return starts the back-off over"
        assert rig.clock.waits == []

    @pytest.mark.promise("outages")
    @pytest.mark.parametrize("failure", [FORBIDDEN, NOT_INSTALLED, status_error(400, "no")])
    def test_a_failure_of_one_resource_alone_waits_for_its_full_back_off(self, failure: Exception) -> None:
        recovery = Returns(away=False)
        rig = run(failure, failure, page("a"), recovery=recovery)
        assert recovery.waits == []
        assert rig.clock.waits == [0.8, 1.6]

    @pytest.mark.parametrize(
        "answers",
        [
            [REFUSED, Script(bookmark(11))],
            [status_error(503, "starting"), page("a")],
            [Script(fails=REFUSED, lasting=0), page("a")],
        ],
    )
    def test_a_failure_that_may_be_an_outage_waits_for_the_servers_return(self, answers: list[Any]) -> None:
        recovery = Returns(away=False)
        rig = run(page("a"), *answers, recovery=recovery)
        assert [seconds for seconds, _, _ in recovery.waits] == [0.8]
        assert rig.clock.waits == []

    @pytest.mark.promise("outages")
    def test_the_servers_return_does_not_shorten_its_retry_after(self) -> None:
        recovery = Returns()
        throttled = status_error(429, {"kind": "Status", "reason": "TooManyRequests"}, retry_after=7)
        run(page("a"), throttled, Script(bookmark(12)), recovery=recovery)
        assert recovery.waits == [(7, 0, 7)]

    def test_a_return_during_the_failed_request_ends_the_wait(self) -> None:
        recovery = Returns()
        rig = Rig(page("a"), REFUSED, Script(bookmark(12)), recovery=recovery)
        refuse = rig.api.watch

        def watch(*arguments: Any, **parameters: Any) -> Any:
            recovery.come_back()
            return refuse(*arguments, **parameters)

        rig.api.watch = watch  # type: ignore[method-assign]
        rig.run()
        assert [since for _, since, _ in recovery.waits] == [0], "from before the request"
        assert recovery.epoch > 0

    @pytest.mark.promise("outages")
    def test_a_watch_from_before_an_outage_is_reopened_without_a_list(self) -> None:
        recovery = Returns()
        old = Script(added("b", 11), recovery.come_back, added("never", 12), lasting=0)
        rig = run(page("a"), old, Script(bookmark(13)), recovery=recovery)
        assert rig.api.verbs == ["list", "watch", "watch"]
        assert rig.version_of(2) == "11"
        assert recovery.waits == [(1.0, 0, 0.0)], "a random part of a second, so that not everybody comes at once"
        assert rig.measured("failures_total") == 0

    def test_reopening_a_silent_watch_does_not_count_as_a_failure(self) -> None:
        recovery = Returns()
        rig = run(page("a"), Script(recovery.come_back, lasting=0), Script(bookmark(11)), recovery=recovery)
        assert rig.api.verbs == ["list", "watch", "watch"]
        assert rig.watches() == Watches(2, short=0, events=1)
        assert rig.measured("failures_total") == 0

    def test_only_the_watch_open_at_the_servers_return_is_closed(self) -> None:
        recovery = Returns()
        later = Script(bookmark(12), bookmark(13))
        rig = run(page("a"), Script(bookmark(11), recovery.come_back), later, Script(bookmark(14)), recovery=recovery)
        assert rig.sink.log[-2:] == ["bookmark 13", "bookmark 14"]
