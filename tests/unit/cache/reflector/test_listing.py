"""Which lists the reflector requests, and how it continues after one that fails."""

from __future__ import annotations

import pytest

from controller.apimachinery.errors import status_error
from tests.unit.cache.reflector.rig import EXPIRED, FORBIDDEN, NOT_INSTALLED, REFUSED, THROTTLED, TOO_LARGE, Rig, run
from tests.unit.fakes import (
    Script,
    bookmark,
    error_event,
    page,
)


class TestListing:
    @pytest.mark.promise("listing")
    def test_the_first_list_asks_for_the_most_recent_state_in_pages(self) -> None:
        rig = run(page("a"))
        call = rig.call(0)
        assert call["resource_version"] is None
        assert call["resource_version_match"] is None
        assert call["limit"] == 500

    def test_selector_and_namespace_restrict_list_and_watch(self) -> None:
        rig = run(page("a"), Script(bookmark(11)))
        for _, call in rig.api.calls:
            assert call["namespace"] == "ns"
            assert call["label_selector"] == "app=x"

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


def test_a_reflector_stopped_before_it_runs_sends_no_request() -> None:
    rig = Rig(page("a"))
    rig.reflector.stop()
    rig.run()
    assert rig.api.calls == []
