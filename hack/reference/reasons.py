"""Condition types, the reasons of conditions and Events, and log events, from the tables in `controller.api`."""

from __future__ import annotations

from controller.api.condition_types import CONDITION_TYPES
from controller.api.event_reasons import EVENT_REASONS
from controller.api.log_events import LOG_EVENTS
from controller.api.problems import PROBLEM_REASONS
from controller.api.reasons import GROUPS
from hack.reference.markdown import code, table


def of_conditions() -> str:
    """The types of conditions, and then a section for each group of reasons."""
    types = table(
        ("kind", "type", "meaning"), ((found.kind, code(found.name), found.meaning) for found in CONDITION_TYPES)
    )
    groups = (
        f"### {group.title}\n\n{group.about}\n\n"
        + table(("reason", "meaning", "remedy"), ((code(r.name), r.meaning, r.remedy) for r in group.reasons))
        for group in GROUPS
    )
    return "\n".join((types, *groups))


def of_problems() -> str:
    """The table of reasons of problems, the most useful first."""
    rows = ((code(found.name), found.meaning, found.remedy) for found in PROBLEM_REASONS)
    return table(("reason", "meaning", "remedy"), rows)


def of_events() -> str:
    """The table of reasons of Events, by name."""
    rows = ((code(r.name), r.type, r.meaning, r.remedy) for r in sorted(EVENT_REASONS, key=lambda r: r.name))
    return table(("reason", "type", "meaning", "remedy"), rows)


def of_log() -> str:
    """The table of log events, by name."""
    events = sorted(LOG_EVENTS, key=lambda event: event.name.lower())
    rows = ((code(event.name), event.level, event.meaning, event.remedy) for event in events)
    return table(("event", "level", "meaning", "remedy"), rows)
