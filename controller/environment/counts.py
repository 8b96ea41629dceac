"""How many environments are in which status, for the gauges of the metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from controller.api.environment import Environment
from controller.apimachinery import conditions, objects
from controller.apimachinery.objects import Object
from controller.environment.engines.engine import State

# The conditions that are there only when something is wrong.
ABNORMAL: Final = ("Contested", "Stalled", "TeardownBlocked")


def by_status(environments: Iterable[Object]) -> Mapping[str, int]:
    """Environments by `status.applicationStatus`; one without a status is pending.

    One whose teardown is over, and that only finalizers of others hold, is left out: nothing of it is there any more.
    """
    views = (view for obj in environments if not (view := Environment(obj)).is_let_go)
    return Counter(objects.text(view.status.get("applicationStatus")) or State.PENDING for view in views)


def lacking_resources(environments: Iterable[Object]) -> int:
    """How many lack something that TronadorConfig shares with them."""
    found = (conditions.find(Environment(obj).conditions, "ResourcesReady") for obj in environments)
    return sum(1 for condition in found if condition and condition.get("status") != conditions.TRUE)


def abnormal(environments: Iterable[Object]) -> Mapping[str, int]:
    """How many have each of the conditions `ABNORMAL`."""
    found = Counter(dict.fromkeys(ABNORMAL, 0))
    for obj in environments:
        standing = Environment(obj).conditions
        found.update(type_ for type_ in ABNORMAL if _is_true(conditions.find(standing, type_)))
    return found


def _is_true(condition: Mapping[str, object] | None) -> bool:
    return condition is not None and condition.get("status") == conditions.TRUE
