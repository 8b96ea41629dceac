"""Streaming the initial state, and the fallback to lists if the server cannot stream."""

from __future__ import annotations

from typing import Any

import pytest

from controller.apimachinery.errors import ConnectionLost, RequestTimeout, status_error
from tests.unit.cache.reflector.rig import EXPIRED, FORBIDDEN, NOT_INSTALLED, REFUSED, THROTTLED, TOO_LARGE, Rig
from tests.unit.fakes import Script, added, bookmark, deleted, error_event, event, modified, page

# The exact error of a server without the storage feature, sent in a stream with status 200.
FEATURE_MISSING = error_event(
    500,
    "InternalError",
    "a watch stream was requested by the client but the required storage feature RequestWatchProgress is disabled",
)


def run(*answers: Any) -> Rig:
    return Rig(*answers, watch_list=True).run()


@pytest.mark.promise("listing")
def test_the_annotated_bookmark_ends_the_initial_state_but_not_the_stream() -> None:
    rig = run(Script(added("b", 7), added("a", 9), bookmark(10, end=True), modified("a", 11)))
    assert rig.sink.log == ["replace ns/a,ns/b at 10", "put ns/a at 11"]
    assert rig.api.verbs == ["watch"]


def test_the_initial_state_is_requested_as_a_consistent_read() -> None:
    call = run(Script(bookmark(10, end=True))).call(0)
    assert call["send_initial_events"] is True
    assert call["resource_version_match"] == "NotOlderThan"
    assert call["resource_version"] is None
    assert call["allow_bookmarks"] is True


def test_the_next_watch_is_an_ordinary_one_from_the_last_version() -> None:
    rig = run(Script(added("a", 9), bookmark(10, end=True)), Script(bookmark(11)))
    assert "send_initial_events" not in rig.call(1)
    assert rig.version_of(1) == "10"


@pytest.mark.promise("listing")
def test_updates_and_deletes_during_streaming_are_applied() -> None:
    rig = run(Script(added("a", 1), added("b", 2), modified("a", 3), deleted("b", 4), bookmark(5, end=True)))
    assert rig.sink.log == ["replace ns/a at 5"]
    assert rig.sink.content["ns/a"]["metadata"]["resourceVersion"] == "3"


def test_nothing_is_shown_before_the_initial_state_is_complete() -> None:
    seen: list[list[str]] = []
    rig = Rig(watch_list=True)
    script = Script(added("a", 1), lambda: seen.append(list(rig.sink.log)), bookmark(5, end=True))
    rig.api._answers.append(script)
    rig.run()
    assert seen == [[]]


@pytest.mark.promise("listing")
@pytest.mark.parametrize(
    "other",
    [
        bookmark(6),
        bookmark(6, annotations={"k8s.io/initial-events-end": "false"}),
        bookmark(6, annotations={"x": "true"}),
    ],
)
def test_an_ordinary_bookmark_does_not_end_the_initial_state(other: dict[str, Any]) -> None:
    rig = run(Script(added("a", 1), other, added("b", 2), bookmark(9, end=True)))
    assert rig.sink.log == ["replace ns/a,ns/b at 9"]


def test_a_relist_streams_from_the_last_version() -> None:
    rig = run(
        Script(bookmark(10, end=True), bookmark(12), error_event(410, "Expired")),
        Script(added("a", 1), bookmark(20, end=True)),
    )
    assert rig.version_of(1) == "12"
    assert rig.call(1)["send_initial_events"] is True
    assert rig.sink.log[-1] == "replace ns/a at 20"


@pytest.mark.parametrize("unavailable", [EXPIRED, TOO_LARGE, Script(error_event(410, "Expired"))])
def test_a_version_that_is_unavailable_is_dropped_at_once(unavailable: Any) -> None:
    rig = run(Script(bookmark(10, end=True), error_event(410, "Expired")), unavailable, Script(bookmark(5, end=True)))
    assert [rig.version_of(n) for n in (1, 2)] == ["10", None]
    assert rig.clock.waits == []


class TestFallBack:
    @pytest.mark.promise("listing")
    def test_a_server_without_watch_list_is_always_listed(self) -> None:
        refused = Script(FEATURE_MISSING)
        rig = run(refused, page("a"), Script(error_event(410, "Expired")), page("a", version=12))
        assert rig.api.verbs == ["watch", "list", "watch", "list"]
        assert rig.sink.log[0] == "replace ns/a at 10"
        assert rig.clock.waits == []
        assert refused.closed

    @pytest.mark.promise("listing")
    @pytest.mark.parametrize("code", [400, 422])
    def test_a_server_that_refuses_the_parameter_is_always_listed(self, code: int) -> None:
        refusal = status_error(code, {"kind": "Status", "reason": "Invalid", "message": "sendInitialEvents"})
        rig = run(refusal, page("a"), Script(error_event(410, "Expired")), page("a"))
        assert rig.api.verbs == ["watch", "list", "watch", "list"]
        assert rig.clock.waits == []

    @pytest.mark.promise("listing")
    def test_a_server_that_never_ends_the_initial_state_is_always_listed(self) -> None:
        silent = Script(added("a", 1), fails=RequestTimeout("silence"))
        rig = run(silent, page("a"), Script(error_event(410, "Expired")), page("a"))
        assert rig.api.verbs == ["watch", "list", "watch", "list"]
        assert silent.closed

    @pytest.mark.promise("listing")
    def test_a_silent_server_that_streamed_before_is_streamed_from_next_time(self) -> None:
        first = Script(bookmark(10, end=True), error_event(410, "Expired"))
        silent = Script(fails=RequestTimeout("silence"))
        again = Script(bookmark(20, end=True))
        rig = run(first, silent, page("a"), Script(error_event(410, "Expired")), again)
        assert rig.api.verbs == ["watch", "watch", "list", "watch", "watch"]
        assert rig.call(4)["send_initial_events"] is True

    @pytest.mark.promise("listing")
    @pytest.mark.parametrize(
        "passing",
        [
            Script(added("a", 1), fails=ConnectionLost("reset")),
            Script(added("a", 1)),
            status_error(503, {"kind": "Status", "reason": "ServiceUnavailable"}),
        ],
    )
    def test_a_temporary_failure_leads_to_a_list_this_time_only(self, passing: Any) -> None:
        rig = run(passing, page("a"), Script(error_event(410, "Expired")), Script(bookmark(20, end=True)))
        assert rig.api.verbs == ["watch", "list", "watch", "watch"]
        assert rig.call(3)["send_initial_events"] is True

    @pytest.mark.parametrize("failure", [FORBIDDEN, NOT_INSTALLED, THROTTLED, REFUSED])
    def test_an_error_that_a_list_would_meet_too_leads_to_no_list(self, failure: Exception) -> None:
        rig = run(failure, Script(bookmark(10, end=True)))
        assert rig.api.verbs == ["watch", "watch"]
        assert rig.clock.waits == [0.8]


def test_a_silence_may_be_short_during_the_initial_state_and_long_afterwards() -> None:
    script = Script(bookmark(10, end=True))
    rig = run(script)
    assert rig.call(0)["read_timeout"] == 30
    assert script.read_timeouts == [150]


@pytest.mark.promise("listing")
def test_the_initial_silence_limit_never_exceeds_that_of_a_watch() -> None:
    rig = Rig(Script(bookmark(10, end=True)), watch_list=True, watch_silence=5.0).run()
    assert rig.call(0)["read_timeout"] == 5.0


def test_a_stream_is_closed_if_the_copy_fails_to_take_the_state() -> None:
    script = Script(bookmark(10, end=True))
    rig = Rig(script, watch_list=True)

    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError("a bug")

    rig.sink.replace = fail  # type: ignore[method-assign]
    rig.run()
    assert script.closed


def test_malformed_objects_in_the_initial_state_are_skipped() -> None:
    rig = run(Script(event("ADDED", {"kind": "Table"}), added("a", 1), bookmark(10, end=True)))
    assert rig.sink.log == ["replace ns/a at 10"]
