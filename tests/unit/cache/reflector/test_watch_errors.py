"""How the reflector continues after each error of a watch."""

from __future__ import annotations

from typing import Any

import pytest

from controller.apimachinery.errors import status_error
from tests.unit.cache.reflector.rig import EXPIRED, FORBIDDEN, NOT_INSTALLED, REFUSED, THROTTLED, TOO_LARGE, run
from tests.unit.fakes import (
    Script,
    added,
    bookmark,
    deleted,
    error_event,
    modified,
    page,
)


class TestWatchErrors:
    @pytest.mark.promise("watching")
    def test_an_expired_version_lists_from_it_first_and_at_once(self) -> None:
        rig = run(page("a"), Script(added("b", 11), error_event(410, "Expired")), page("a", "b", version=20))
        assert rig.api.verbs == ["list", "watch", "list"]
        assert rig.version_of(2) == "11"
        assert rig.clock.waits == []

    def test_an_expired_version_after_an_outage_causes_no_second_wait(self) -> None:
        rig = run(page("a"), *[REFUSED] * 7, EXPIRED, page("b", version=5))
        assert rig.api.verbs == ["list", *["watch"] * 8, "list"]
        assert rig.clock.waits == [0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30]

    @pytest.mark.promise("watching")
    @pytest.mark.parametrize(
        "answers", [[EXPIRED], [Script(error_event(410, "Expired"))], [Script(added("b", 11), bookmark(7))]]
    )
    def test_a_version_that_expires_again_and_again_causes_a_back_off(self, answers: list[Any]) -> None:
        lost = answers[0]
        again = [Script(*lost.events, lasting=0) if isinstance(lost, Script) else lost for _ in range(4)]
        rig = run(page("a"), again[0], page("a"), again[1], page("a"), again[2], page("a"), again[3], page("a"))
        assert rig.clock.waits == [0.8, 1.6, 3.2]

    @pytest.mark.promise("watching")
    def test_one_event_before_each_expired_version_causes_no_hot_loop(self) -> None:
        cycles = [
            answer
            for version in range(11, 15)
            for answer in (
                Script(added("b", version), error_event(410, "Expired"), lasting=0),
                page("b", version=version),
            )
        ]
        assert run(page("a"), *cycles).clock.waits == [0.8, 1.6, 3.2]

    def test_after_two_minutes_an_expired_version_is_listed_at_once_again(self) -> None:
        rig = run(
            page("a"), EXPIRED, page("a"), Script(bookmark(11), lasting=121), EXPIRED, page("a"), Script(bookmark(12))
        )
        assert rig.clock.waits == []

    @pytest.mark.promise("listing")
    @pytest.mark.parametrize("older", [bookmark(7), added("b", 7), modified("a", 7), deleted("a", 7)])
    def test_a_server_that_was_restored_is_listed_at_once_from_any_version(self, older: dict[str, Any]) -> None:
        rig = run(page("a"), Script(bookmark(11), older), page("c", version=8), Script(bookmark(9)))
        assert rig.api.verbs == ["list", "watch", "list", "watch"]
        assert rig.version_of(2) in (None, "")
        assert set(rig.sink.content) == {"ns/c"}
        assert rig.version_of(3) == "8"

    def test_the_reason_gone_means_expired(self) -> None:
        rig = run(page("a"), Script(error_event(410, "Gone")), page("a"))
        assert rig.api.verbs == ["list", "watch", "list"]

    def test_a_watch_refused_as_expired_lists(self) -> None:
        rig = run(page("a"), EXPIRED, page("a", version=20))
        assert rig.api.verbs == ["list", "watch", "list"]
        assert rig.version_of(2) == "10"

    @pytest.mark.promise("watching")
    def test_throttling_in_the_stream_waits_and_watches_again_without_a_list(self) -> None:
        rig = run(page("a"), Script(added("b", 11), error_event(429, "TooManyRequests")), Script(bookmark(12)))
        assert rig.api.verbs == ["list", "watch", "watch"]
        assert rig.version_of(2) == "11"
        assert rig.clock.waits == [0.8]

    @pytest.mark.promise("watching")
    def test_throttling_on_opening_waits_as_long_as_requested(self) -> None:
        throttled = status_error(429, {"kind": "Status", "reason": "TooManyRequests"}, retry_after=7)
        rig = run(page("a"), throttled, THROTTLED, Script(bookmark(12)))
        assert rig.api.verbs == ["list", "watch", "watch", "watch"]
        assert rig.clock.waits == [7, 1.6]

    @pytest.mark.promise("watching")
    def test_a_retry_after_of_zero_causes_no_hot_loop(self) -> None:
        throttled = status_error(429, {"kind": "Status", "reason": "TooManyRequests"}, retry_after=0)
        rig = run(page("a"), throttled, throttled, throttled, Script(bookmark(12)))
        assert rig.clock.waits == [0.8, 1.6, 3.2]

    @pytest.mark.promise("watching")
    def test_a_throttled_initial_state_waits_as_long_as_requested(self) -> None:
        throttled = status_error(429, {"kind": "Status", "reason": "TooManyRequests"}, retry_after=7)
        assert run(throttled, page("a")).clock.waits == [7]

    @pytest.mark.promise("watching")
    def test_a_refused_connection_on_opening_backs_off_and_watches_again_without_a_list(self) -> None:
        rig = run(page("a"), REFUSED, REFUSED, Script(bookmark(11)))
        assert rig.api.verbs == ["list", "watch", "watch", "watch"]
        assert rig.clock.waits == [0.8, 1.6]

    @pytest.mark.promise("watching")
    def test_a_version_that_the_server_has_not_reached_lists_at_once(self) -> None:
        rig = run(page("a"), TOO_LARGE, page("a"))
        assert rig.api.verbs == ["list", "watch", "list"]
        assert rig.clock.waits == []

    @pytest.mark.promise("watching")
    @pytest.mark.parametrize("failure", [FORBIDDEN, status_error(500, "boom"), NOT_INSTALLED])
    def test_any_other_failure_on_opening_backs_off_and_lists(self, failure: Exception) -> None:
        rig = run(page("a"), failure, page("a"))
        assert rig.api.verbs == ["list", "watch", "list"]
        assert rig.clock.waits == [0.8]

    @pytest.mark.promise("watching")
    def test_an_internal_error_lists_if_nothing_else_is_configured(self) -> None:
        rig = run(page("a"), Script(error_event(500, "InternalError")), page("a"))
        assert rig.api.verbs == ["list", "watch", "list"]

    @pytest.mark.promise("watching")
    def test_internal_errors_reopen_the_watch_until_the_deadline(self) -> None:
        def internal() -> Script:
            return Script(error_event(500, "InternalError"))

        rig = run(page("a"), internal(), internal(), internal(), page("a"), internal_error_retry=2.0)
        assert rig.api.verbs == ["list", "watch", "watch", "watch", "list"]
        assert rig.clock.waits == [0.8, 1.6, 3.2]

    def test_a_working_watch_resets_the_internal_error_deadline(self) -> None:
        def internal() -> Script:
            return Script(error_event(500, "InternalError"))

        rig = run(
            page("a"),
            internal(),
            Script(bookmark(11), lasting=500),
            internal(),
            Script(bookmark(12)),
            internal_error_retry=2.0,
        )
        assert rig.api.verbs == ["list", "watch", "watch", "watch", "watch"]

    @pytest.mark.promise("watching")
    def test_an_unknown_error_backs_off_and_lists(self) -> None:
        rig = run(page("a"), Script(error_event(418, "Teapot")), page("a"))
        assert rig.api.verbs == ["list", "watch", "list"]
        assert rig.clock.waits == [0.8]


def test_lists_and_watches_share_a_back_off_that_resets_after_two_minutes() -> None:
    rig = run(
        REFUSED,
        page("a"),
        REFUSED,
        Script(bookmark(11), lasting=200),
        Script(error_event(418, "Teapot")),
        page("a"),
    )
    assert rig.clock.waits == [0.8, 1.6, 0.8]
