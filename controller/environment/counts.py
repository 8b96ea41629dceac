"""How many environments are in which status, for the gauges of the metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from controller.api.environment import Environment
from controller.apimachinery import conditions, objects
from controller.apimachinery.objects import Object
from controller.environment.engines.engine import State

# The conditions that exist only while something is wrong.
ABNORMAL: Final = ("Contested", "Stalled", "TeardownBlocked")


def by_status(environments: Iterable[Object]) -> Mapping[str, int]:
    """Return the number of environments by `status.applicationStatus`. One without a status counts as pending.

    An environment that only the finalizers of others hold after its teardown does not count.
    """
    views = (view for obj in environments if not (view := Environment(obj)).is_let_go)
    return Counter(objects.text(view.status.get("applicationStatus")) or State.PENDING for view in views)


def lacking_resources(environments: Iterable[Object]) -> int:
    """Return how many environments lack something that the TronadorConfig shares with them."""
    found = (conditions.find(Environment(obj).conditions, "ResourcesReady") for obj in environments)
    return sum(1 for condition in found if condition and condition.get("status") != conditions.TRUE)


def abnormal(environments: Iterable[Object]) -> Mapping[str, int]:
    """Return how many environments have each of the conditions `ABNORMAL`."""
    found = Counter(dict.fromkeys(ABNORMAL, 0))
    for obj in environments:
        standing = Environment(obj).conditions
        found.update(type_ for type_ in ABNORMAL if _is_true(conditions.find(standing, type_)))
    return found


def _is_true(condition: Mapping[str, object] | None) -> bool:
    return condition is not None and condition.get("status") == conditions.TRUE
