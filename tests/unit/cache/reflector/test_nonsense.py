"""The reflector survives events and answers that make no sense."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.cache.reflector.rig import run
from tests.unit.fakes import (
    Script,
    added,
    bookmark,
    event,
    page,
    widget,
)


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
