"""How many environments are in which status, for the gauges of the metrics, and which have expired lately.

The cache keeps this index current. So a scrape of the metrics does not look at every environment, nor does the brake.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from controller.api.environment import EXPIRED_CONDITION, Environment
from controller.apimachinery import conditions, objects
from controller.apimachinery.objects import Object
from controller.apimachinery.timestamps import to_time
from controller.environment.engines.engine import State

log = structlog.get_logger(__name__)

# The name of the index, and the first words of its values.
INDEX: Final = "counts"
_STATUS: Final = "status "
_CONDITION: Final = "condition "
_LACKING: Final = "lacking"
_EXPIRED: Final = "expired "
_MINUTE: Final = len("2026-01-31T12:00")
# The conditions that exist only while something is wrong.
ABNORMAL: Final = ("Contested", "Stalled", "TeardownBlocked")


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of environments.

    Attributes:
        by_status: by `status.applicationStatus`. One without a status counts as pending, and one that only the
            finalizers of others hold after its teardown does not count. A status that none has is 0.
        abnormal: by the conditions `ABNORMAL`.
        lacking_resources: those that lack something that the TronadorConfig shares with them.
    """

    by_status: Mapping[str, int]
    abnormal: Mapping[str, int]
    lacking_resources: int


def index(obj: Object) -> list[str]:
    """Return the values of an environment in the index."""
    try:
        return _values(Environment(obj))
    except Exception:  # whatever one odd environment raises must not hide a change from it
        log.exception("environment not counted", environment=objects.name(obj))
        return []


def expired_in(moment: datetime) -> str:
    """Return the value of the environments that expired in the minute of a moment."""
    return _EXPIRED + to_time(moment)[:_MINUTE]


def of(sizes: Mapping[str, int]) -> Counts:
    """Return the counts from the number of environments for each value in the index."""
    statuses = {value.removeprefix(_STATUS): size for value, size in sizes.items() if value.startswith(_STATUS)}
    return Counts(
        by_status=dict.fromkeys(map(str, State), 0) | statuses,
        abnormal={type_: sizes.get(_CONDITION + type_, 0) for type_ in ABNORMAL},
        lacking_resources=sizes.get(_LACKING, 0),
    )


def _values(environment: Environment) -> list[str]:
    values = []
    if not environment.is_let_go:
        values.append(_STATUS + (objects.text(environment.status.get("applicationStatus")) or State.PENDING))
    for condition in environment.conditions:
        type_, is_true = condition.get("type"), condition.get("status") == conditions.TRUE
        if type_ in ABNORMAL and is_true:
            values.append(f"{_CONDITION}{type_}")
        elif type_ == "ResourcesReady" and not is_true:
            values.append(_LACKING)
        elif type_ == EXPIRED_CONDITION and is_true:
            values.append(_EXPIRED + objects.text(condition.get("lastTransitionTime"))[:_MINUTE])
    return values
