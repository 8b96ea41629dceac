"""The worlds that are explored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from controller.environment.options import EnvironmentOptions
from tests.explore.explorer import Budget, Explorer, Found
from tests.unit.environment.support.builders import operator_options

# By name, the engine and how much may happen in CI.
SCENARIOS: Final[Mapping[str, tuple[str, Budget]]] = {
    "three changes, Helm Operator": ("helm-operator", Budget(changes=3, faults=0)),
    "a change and a fault, Helm Operator": ("helm-operator", Budget(changes=2, faults=1)),
    "a change, Flux": ("flux", Budget(changes=2, faults=0)),
    "a fault, Flux": ("flux", Budget(changes=1, faults=1)),
}


def explore(engine: str, budget: Budget) -> Found:
    """Explore the world with one engine."""
    return Explorer(_options(engine), frozenset({engine})).explore(budget)


def _options(engine: str) -> EnvironmentOptions:
    # Nothing passes by itself here, so a temporary state is written at once.
    return operator_options(release_engine=engine, status_settle=0.0)
