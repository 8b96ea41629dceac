"""How a watch changes the copy, and how the reflector continues when a watch ends or stays silent."""

from __future__ import annotations

import pytest

from controller.apimachinery.errors import ConnectionLost, RequestTimeout
from controller.apimachinery.objects import Object
from tests.unit.cache.reflector.rig import Rig, Watches, run
from tests.unit.fakes import (
    Script,
    added,
    bookmark,
    deleted,
    error_event,
    event,
    modified,
    page,
)


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
