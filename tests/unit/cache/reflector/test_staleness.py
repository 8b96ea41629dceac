"""When the copy counts as current, and when as stale."""

from __future__ import annotations

import pytest

from controller.apimachinery.errors import MalformedAnswer, status_error
from tests.unit.cache.reflector.rig import REFUSED, Rig, run
from tests.unit.fakes import (
    Script,
    bookmark,
    page,
)


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
