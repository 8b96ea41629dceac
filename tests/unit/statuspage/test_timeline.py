"""The timeline: changes of the status only, a bounded number of them, and none of an earlier life."""

from __future__ import annotations

from datetime import timedelta

import pytest

from controller.statuspage import timeline
from controller.statuspage.timeline import ENTRIES, MESSAGE, TEXT
from tests.unit.statuspage.builders import NOW, World, environment


def statuses(world: World, name: str = "shop-74") -> list[str]:
    return [entry.status for entry in world.timeline.of(name)]


def test_a_change_is_kept_with_the_time_at_which_it_was_seen() -> None:
    world = World()
    world.timeline.saw(environment(applicationStatus="deploying"))
    world.now += timedelta(seconds=9)
    world.timeline.saw(environment())
    assert statuses(world) == ["deployed", "deploying"]
    assert [entry.seen - NOW for entry in world.timeline.of("shop-74")] == [timedelta(seconds=9), timedelta()]


def test_a_change_without_a_new_status_adds_no_entry() -> None:
    world = World()
    for minutes in range(3):
        world.timeline.saw(environment(minutes=minutes))
    assert statuses(world) == ["deployed"]


def test_another_phase_reason_or_message_is_an_entry() -> None:
    world = World()
    for changes in (
        {},
        {"currentPhase": "Deploying Release"},
        {"applicationStatusMsg": "Waiting."},
        {"conditions": [{"type": "Ready", "status": "False", "reason": "ReleaseFailed"}]},
    ):
        world.timeline.saw(environment(**changes))
    assert len(statuses(world)) == 4


def test_the_oldest_entries_make_room() -> None:
    world = World()
    for number in range(ENTRIES + 5):
        world.timeline.saw(environment(applicationStatus=str(number)))
    assert statuses(world) == [str(number) for number in range(ENTRIES + 4, 4, -1)]


def test_a_long_message_is_cut() -> None:
    world = World()
    world.timeline.saw(environment(applicationStatusMsg="x" * 10_000))
    assert len(world.timeline.of("shop-74")[0].message) == MESSAGE


def test_every_other_long_text_is_shortened_too() -> None:
    world, long = World(), "x" * 10_000
    ready = {"type": "Ready", "status": "False", "reason": long}
    world.timeline.saw(environment(applicationStatus=long, currentPhase=long, conditions=[ready]))
    [entry] = world.timeline.of("shop-74")
    assert [len(text) for text in (entry.status, entry.phase, entry.reason)] == [TEXT] * 3


def test_many_environments_share_what_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "TOTAL", 6)
    world = World()
    for number in range(5):
        for name in ("a", "b", "c"):
            world.timeline.saw(environment(name, applicationStatus=str(number)))
    assert [statuses(world, name) for name in ("a", "b", "c")] == [["4", "3"]] * 3


def test_an_environment_that_is_gone_is_forgotten() -> None:
    world = World()
    world.timeline.saw(environment())
    world.timeline.forget("shop-74")
    world.timeline.forget("never-seen")
    assert statuses(world) == []


def test_a_recreated_environment_starts_a_new_timeline() -> None:
    world = World()
    world.timeline.saw(environment(applicationStatus="uninstalling"))
    again = environment(applicationStatus="pending")
    again["metadata"]["uid"] = "another"
    world.timeline.saw(again)
    assert statuses(world) == ["pending"]
