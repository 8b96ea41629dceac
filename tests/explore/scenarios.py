"""The worlds that are explored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tests.explore import moves
from tests.explore.explorer import Budget, Explorer, Found
from tests.unit.environment.support.builders import operator_options

_DAY: Final = 86400.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """A world: its engine, and whether environments expire after a day; and how much may happen in a history."""

    engine: str
    budget: Budget
    expires: bool = False

    def explore(self) -> Found:
        """Go through all histories."""
        # No seconds pass here, so a temporary state is written at once.
        options = operator_options(
            release_engine=self.engine, status_settle=0.0, expire_after=_DAY if self.expires else 0.0
        )
        changes = moves.LIFETIME if self.expires else moves.CHANGES
        return Explorer(options, engines=frozenset({self.engine}), changes=changes).explore(self.budget)


# What CI explores, by name.
SCENARIOS: Final[Mapping[str, Scenario]] = {
    "three changes, Helm Operator": Scenario("helm-operator", Budget(changes=3, faults=0)),
    "two changes and a fault, Helm Operator": Scenario("helm-operator", Budget(changes=2, faults=1)),
    "two changes and a fault, Flux": Scenario("flux", Budget(changes=2, faults=1)),
    "three changes, Helm Operator, with a lifetime": Scenario(
        "helm-operator", Budget(changes=3, faults=0), expires=True
    ),
    "two changes, Flux, with a lifetime": Scenario("flux", Budget(changes=2, faults=0), expires=True),
}
