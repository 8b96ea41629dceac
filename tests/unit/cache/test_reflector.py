"""The reflector: every way in which a list or watch continues, ends or fails, in the test's own thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pytest

from controller.apimachinery.errors import ConnectionLost, MalformedAnswer, RequestTimeout, status_error
from controller.apimachinery.objects import Object, key
from controller.cache.backoff import Backoff
from controller.cache.freshness import Freshness
from controller.cache.listwatch import Collection, ReflectorSettings
from controller.cache.metrics import InformerMetrics
from controller.cache.recovery import NoRecovery, Recovery
from controller.cache.reflector import Reflector
from controller.metrics import Registry
from tests.unit.fakes import (
    WIDGETS,
    JumpingClock,
    Script,
    ScriptedApi,
    added,
    bookmark,
    deleted,
    error_event,
    event,
    modified,
    page,
    widget,
)
from tests.unit.measured import measured

EXPIRED = status_error(410, {"kind": "Status", "reason": "Expired", "message": "too old"})
TOO_LARGE = status_error(
    504,
    {
        "kind": "Status",
        "reason": "Timeout",
        "message": "Too large resource version: 99, current: 7",
        "details": {"causes": [{"reason": "ResourceVersionTooLarge"}]},
    },
)
THROTTLED = status_error(429, {"kind": "Status", "reason": "TooManyRequests", "message": "slow down"})
FORBIDDEN = status_error(403, {"kind": "Status", "reason": "Forbidden", "message": "no"})
NOT_INSTALLED = status_error(404, "404 page not found")
REFUSED = ConnectionLost("connection refused")


class RecordingSink:
    """A copy that records the order of its calls."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.content: dict[str, Object] = {}
        self.missing = 0

    def prepare(self, raw: dict[str, Any], *, listed: bool) -> tuple[str, Object] | None:
        if raw.get("kind") not in (None, "Widget") or not raw.get("metadata"):
            return None
        return key(raw), raw

    def replace(self, objects: Mapping[str, Object], *, resource_version: str) -> None:
        self.content = dict(objects)
        self.log.append(f"replace {','.join(sorted(objects))} at {resource_version}")

    def put(self, key: str, obj: Object) -> None:
        self.content[key] = obj
        self.log.append(f"put {key} at {obj['metadata']['resourceVersion']}")

    def remove(self, key: str, obj: Object) -> None:
        self.content.pop(key, None)
        self.log.append(f"remove {key} at {obj['metadata']['resourceVersion']}")

    def bookmark(self, resource_version: str) -> None:
        self.log.append(f"bookmark {resource_version}")

    def resource_missing(self) -> None:
        self.missing += 1


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


class Watches(NamedTuple):
    """What the metrics show about watches: how many ended, how many of them too soon, and how many events they had."""

    ended: float
    short: float
    events: float


class Rig:
    """A reflector that runs through a script and then stops."""

    def __init__(
        self, *answers: Any, watch_list: bool = False, recovery: Recovery | None = None, **settings: Any
    ) -> None:
        self.clock = JumpingClock()
        self.api = ScriptedApi(*answers, clock=self.clock)
        self.sink = RecordingSink()
        self.registry = Registry()
        self.freshness = Freshness(proof=1.0, clock=self.clock)
        self.reflector = Reflector(
            client=self.api,
            collection=Collection(WIDGETS, "ns", "app=x", "metadata.name=y"),
            sink=self.sink,
            settings=ReflectorSettings(watch_list=watch_list, **settings),
            backoff=Backoff(clock=self.clock, rand=lambda: 0.0),
            freshness=self.freshness,
            recovery=recovery or NoRecovery(),
            metrics=InformerMetrics(self.registry, WIDGETS),
            clock=self.clock,
        )
        self.api.at_end = self.reflector.stop

    def measured(self, series: str) -> float:
        return measured(self.registry, f"tronador_reflector_{series}")

    def watches(self) -> Watches:
        return Watches(*map(self.measured, ("watches_total", "short_watches_total", "items_per_watch_sum")))

    def run(self) -> Rig:
        self.reflector.run()
        return self

    def call(self, number: int) -> dict[str, Any]:
        return self.api.calls[number][1]

    def version_of(self, number: int) -> str | None:
        return self.call(number)["resource_version"]

    def staleness(self) -> float:
        return self.freshness.staleness().seconds


def run(*answers: Any, **settings: Any) -> Rig:
    return Rig(*answers, **settings).run()


class TestListing:
    @pytest.mark.promise("listing")
    def test_the_first_list_asks_for_the_most_recent_state_in_pages(self) -> None:
        rig = run(page("a"))
        call = rig.call(0)
        assert call["resource_version"] is None
        assert call["resource_version_match"] is None
        assert call["limit"] == 500

    def test_selectors_and_namespace_restrict_list_and_watch(self) -> None:
        rig = run(page("a"), Script(bookmark(11)))
        for _, call in rig.api.calls:
            assert call["namespace"] == "ns"
            assert call["label_selector"] == "app=x"
            assert call["field_selector"] == "metadata.name=y"

    @pytest.mark.promise("listing")
    def test_pages_are_joined_and_the_version_is_that_of_the_list(self) -> None:
        rig = run(page("a", "b", token="t1"), page("c", token="t2"), page("d", version=10), page_size=2)
        assert [call["continue_token"] for _, call in rig.api.calls] == ["", "t1", "t2"]
        assert [call["limit"] for _, call in rig.api.calls] == [2, 2, 2]
        assert rig.sink.log == ["replace ns/a,ns/b,ns/c,ns/d at 10"]
        assert (rig.measured("lists_total"), rig.measured("items_per_list_sum")) == (1, 4)

    @pytest.mark.promise("listing")
    def test_the_version_of_a_list_is_never_that_of_an_item(self) -> None:
        listed = page("a", version=10)
        listed["items"][0]["metadata"]["resourceVersion"] = "999"
        rig = run(listed, Script(bookmark(11)))
        assert rig.version_of(1) == "10"

    @pytest.mark.promise("listing")
    def test_an_expired_continue_token_starts_over_as_one_full_list(self) -> None:
        rig = run(page("a", "gone", token="t1"), EXPIRED, page("a", "b", version=20), page_size=2)
        call = rig.call(2)
        assert (call["continue_token"], call["limit"]) == ("", None)
        assert rig.sink.log == ["replace ns/a,ns/b at 20"]
        assert rig.clock.waits == []

    @pytest.mark.promise("listing")
    def test_a_relist_accepts_any_state_not_older_than_the_last_version(self) -> None:
        rig = run(page("a", version=10), Script(bookmark(15), error_event(410, "Expired")), page("a", version=16))
        call = rig.call(2)
        assert rig.api.verbs == ["list", "watch", "list"]
        assert call["resource_version"] == "15"
        assert call["resource_version_match"] == "NotOlderThan"
        assert call["limit"] is None

    @pytest.mark.promise("listing")
    @pytest.mark.parametrize("unavailable", [EXPIRED, TOO_LARGE])
    def test_a_relist_with_an_unavailable_version_is_retried_once_without_it(self, unavailable: Exception) -> None:
        rig = run(
            page("a"), Script(error_event(410, "Expired")), unavailable, page("b", version=5), Script(bookmark(6))
        )
        assert rig.api.verbs == ["list", "watch", "list", "list", "watch"]
        assert [rig.version_of(n) for n in (2, 3, 4)] == ["10", None, "5"]
        assert rig.clock.waits == []

    @pytest.mark.promise("listing")
    def test_an_unavailable_version_is_not_requested_until_a_list_succeeds(self) -> None:
        rig = run(page("a"), Script(error_event(410, "Expired")), EXPIRED, REFUSED, page("b", version=5))
        assert [rig.version_of(n) for n in (2, 3, 4)] == ["10", None, None]
        rig = run(
            page("a"),
            Script(error_event(410, "Expired")),
            EXPIRED,
            page("b", version=5),
            Script(error_event(410, "Expired")),
            page("b", version=6),
        )
        assert rig.version_of(5) == "5", "cleared by the success"

    def test_an_expired_first_list_is_a_failure_like_any_other(self) -> None:
        rig = run(EXPIRED, page("a"))
        assert rig.clock.waits == [0.8]

    @pytest.mark.promise("watching")
    @pytest.mark.parametrize("failure", [FORBIDDEN, NOT_INSTALLED, REFUSED, THROTTLED, status_error(500, "boom")])
    def test_every_failing_list_backs_off_and_is_tried_again(self, failure: Exception) -> None:
        rig = run(failure, failure, failure, page("a"))
        assert rig.clock.waits == [0.8, 1.6, 3.2]
        assert rig.sink.log == ["replace ns/a at 10"]
        assert rig.measured("failures_total") == 3

    def test_the_sink_learns_that_a_resource_is_not_installed(self) -> None:
        assert run(NOT_INSTALLED, page("a")).sink.missing == 1
        assert run(FORBIDDEN, page("a")).sink.missing == 0

    def test_an_answer_that_is_not_a_list_is_a_failure(self) -> None:
        rig = run({"kind": "Table", "rows": []}, page("a"))
        assert rig.clock.waits == [0.8]
        assert rig.sink.log == ["replace ns/a at 10"]

    def test_a_list_without_items_is_empty(self) -> None:
        rig = run({"kind": "WidgetList", "metadata": {"resourceVersion": "4"}, "items": None})
        assert rig.sink.log == ["replace  at 4"]


class TestWatching:
    def test_each_kind_of_event_changes_the_copy(self) -> None:
        rig = run(page("a"), Script(added("b", 11), modified("a", 12), deleted("b", 13)))
        assert rig.sink.log[1:] == ["put ns/b at 11", "put ns/a at 12", "remove ns/b at 13"]
        assert rig.watches() == Watches(1, short=0, events=3)

    @pytest.mark.promise("watching")
    def test_a_watch_asks_for_bookmarks_and_for_a_random_end(self) -> None:
        timeouts = set()
        for _ in range(20):
            call = run(page("a"), Script(bookmark(11))).call(1)
            assert call["allow_bookmarks"] is True
            timeouts.add(call["timeout_seconds"])
        assert all(300 <= timeout <= 600 for timeout in timeouts)
        assert len(timeouts) > 1

    @pytest.mark.promise("watching")
    def test_a_normal_end_is_followed_by_a_watch_from_the_last_version_without_a_list(self) -> None:
        rig = run(
            page("a"), Script(added("b", 11)), Script(modified("b", 12)), Script(bookmark(30)), Script(bookmark(31))
        )
        assert rig.api.verbs == ["list", "watch", "watch", "watch", "watch"]
        assert [rig.version_of(n) for n in range(1, 5)] == ["10", "11", "12", "30"]
        assert rig.clock.waits == []

    @pytest.mark.promise("watching")
    def test_a_quiet_watch_that_ended_normally_is_not_a_failure(self) -> None:
        rig = run(page("a"), Script(lasting=60), Script(bookmark(11)))
        assert rig.version_of(2) == "10"
        assert rig.clock.waits == []

    @pytest.mark.promise("watching")
    def test_bookmarks_change_only_the_version(self) -> None:
        rig = run(page("a"), Script(bookmark(11), bookmark(12)))
        assert rig.sink.log == ["replace ns/a at 10", "bookmark 11", "bookmark 12"]

    @pytest.mark.promise("watching")
    def test_the_version_advances_only_after_the_copy_has_the_event(self) -> None:
        rig = Rig(page("a"), Script(added("b", 11), added("c", 12)), page("a", version=13))

        def fail(key: str, obj: Object) -> None:
            if key == "ns/c":
                raise RuntimeError("the sink failed")

        rig.sink.put = fail  # type: ignore[method-assign]
        rig.run()
        assert rig.api.verbs == ["list", "watch", "list"]
        assert rig.version_of(2) == "11"

    @pytest.mark.promise("watching")
    def test_a_watch_shorter_than_a_second_without_events_backs_off_and_lists(self) -> None:
        rig = run(page("a"), Script(lasting=0.2), page("a"), Script(lasting=0.2), page("a"))
        assert rig.api.verbs == ["list", "watch", "list", "watch", "list"]
        assert rig.clock.waits == [0.8, 1.6]
        assert rig.watches() == Watches(2, short=2, events=0)

    @pytest.mark.promise("watching")
    def test_a_short_watch_that_does_not_advance_backs_off(self) -> None:
        rig = run(page("a"), Script(bookmark(10), lasting=0.2), page("a"), Script(event("ADDED", {}), lasting=0.2))
        assert rig.watches() == Watches(2, short=2, events=2)
        assert rig.clock.waits == [0.8, 1.6]

    def test_a_short_watch_with_events_is_fine(self) -> None:
        rig = run(page("a"), Script(added("b", 11), lasting=0.2), Script(bookmark(12)))
        assert rig.api.verbs == ["list", "watch", "watch"]
        assert rig.clock.waits == []

    @pytest.mark.promise("watching")
    def test_a_silent_watch_is_reopened_from_the_last_version(self) -> None:
        silence = Script(added("b", 11), fails=RequestTimeout("read timed out"), lasting=150)
        rig = run(page("a"), silence, Script(bookmark(12)))
        assert rig.api.verbs == ["list", "watch", "watch"]
        assert rig.version_of(2) == "11"
        assert rig.clock.waits == []
        assert rig.measured("failures_total") == 0
        assert silence.closed

    @pytest.mark.promise("watching")
    def test_a_silence_is_not_a_failure_even_with_a_short_limit(self) -> None:
        rig = run(page("a"), Script(fails=RequestTimeout("read timed out"), lasting=0.5), Script(bookmark(12)))
        assert rig.api.verbs == ["list", "watch", "watch"]
        assert rig.clock.waits == []
        assert rig.measured("failures_total") == 0

    @pytest.mark.promise("watching")
    def test_watches_that_stay_silent_lead_to_a_list_without_a_back_off(self) -> None:
        silences = [Script(fails=RequestTimeout("read timed out"), lasting=150) for _ in range(2)]
        rig = run(page("a"), *silences, page("a", "b", version=12), Script(bookmark(13)))
        assert rig.api.verbs == ["list", "watch", "watch", "list", "watch"]
        assert set(rig.sink.content) == {"ns/a", "ns/b"}
        assert rig.clock.waits == []
        assert rig.measured("failures_total") == 0

    def test_an_event_resets_the_count_of_silent_watches(self) -> None:
        silence = [Script(fails=RequestTimeout("read timed out"), lasting=150) for _ in range(3)]
        spoken = Script(bookmark(11), fails=RequestTimeout("read timed out"), lasting=150)
        rig = run(page("a"), silence[0], spoken, silence[1], Script(lasting=400), silence[2], Script(bookmark(12)))
        assert rig.api.verbs == ["list"] + ["watch"] * 6

    def test_a_watch_may_be_silent_for_longer_than_two_bookmarks(self) -> None:
        assert run(page("a"), Script(bookmark(11))).call(1)["read_timeout"] == 150

    def test_after_a_broken_connection_the_watch_continues_from_the_version(self) -> None:
        rig = run(page("a"), Script(added("b", 11), fails=ConnectionLost("reset")), Script(bookmark(12)))
        assert rig.api.verbs == ["list", "watch", "watch"]
        assert rig.version_of(2) == "11"

    def test_connections_that_break_at_once_back_off(self) -> None:
        rig = run(page("a"), Script(fails=ConnectionLost("reset"), lasting=0.0), page("a"))
        assert rig.clock.waits == [0.8]

    def test_every_watch_is_closed(self) -> None:
        scripts = [Script(bookmark(11)), Script(error_event(410, "Expired")), Script(fails=ConnectionLost("reset"))]
        run(page("a"), scripts[0], scripts[1], page("a"), scripts[2])
        assert all(script.closed for script in scripts)


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


class TestFreshness:
    def test_an_open_watch_keeps_the_copy_current(self) -> None:
        seen: list[float] = []
        rig = Rig(page("a"))
        watch = Script(bookmark(11), lambda: rig.clock.advance(140), lambda: seen.append(rig.staleness()))
        rig.api.add(watch)
        rig.run()
        assert seen == [0]

    def test_an_unreachable_server_makes_the_copy_stale(self) -> None:
        rig = run(page("a"), Script(bookmark(11), lasting=60), *[REFUSED] * 7)
        assert rig.staleness() == pytest.approx(sum(rig.clock.waits))
        assert "connection refused" in rig.freshness.staleness().reason

    @pytest.mark.promise("outages")
    def test_a_malformed_answer_makes_the_copy_stale(self) -> None:
        odd = MalformedAnswer("a watch line is not JSON")
        rig = run(page("a"), Script(fails=odd, lasting=0), *[odd] * 6)
        assert rig.staleness() == pytest.approx(sum(rig.clock.waits))
        assert "not JSON" in rig.freshness.staleness().reason

    def test_a_relist_makes_the_copy_current(self) -> None:
        rig = run(page("a"), *[status_error(418, "teapot")] * 4, page("b"))
        assert rig.clock.waits != []
        assert rig.staleness() == 0


class TestNonsense:
    @pytest.mark.promise("watching")
    def test_an_event_of_unknown_type_is_skipped_and_the_stream_continues(self) -> None:
        rig = run(page("a"), Script(event("SPLIT", widget("x", 11)), added("b", 12)))
        assert rig.sink.log[1:] == ["put ns/b at 12"]
        assert rig.measured("skipped_objects_total") == 1

    @pytest.mark.parametrize("odd", [{"kind": "Table", "rows": []}, {"kind": "Gadget", "metadata": {"name": "x"}}, {}])
    def test_a_malformed_object_is_skipped_and_the_version_stays(self, odd: dict[str, Any]) -> None:
        rig = run(page("a"), Script(event("ADDED", odd)), Script(bookmark(11)))
        assert rig.api.verbs == ["list", "watch", "watch"]
        assert rig.version_of(2) == "10"

    def test_a_bookmark_without_a_version_is_ignored(self) -> None:
        rig = run(page("a"), Script(event("BOOKMARK", {"kind": "Widget", "metadata": {}})), Script(bookmark(11)))
        assert rig.version_of(2) == "10"

    def test_an_unexpected_exception_does_not_end_the_reflector(self) -> None:
        rig = run(RuntimeError("a bug"), page("a"))
        assert rig.clock.waits == [0.8]
        assert rig.sink.log == ["replace ns/a at 10"]


def test_a_reflector_stopped_before_it_runs_sends_no_request() -> None:
    rig = Rig(page("a"))
    rig.reflector.stop()
    rig.run()
    assert rig.api.calls == []


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
