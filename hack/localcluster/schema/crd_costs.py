"""Rules that could take too long are refused when the definition is created.

Source: k8s.io/apiextensions-apiserver, package apis/apiextensions/validation.
"""

from __future__ import annotations

from collections.abc import Iterator

from .. import fielderrors as fe
from ..fielderrors import FieldError
from .cel import estimate_cost
from .cel.cost import ENDLESS
from .cel.types import Type
from .declarations import MAX_REQUEST, least_serialized
from .node import Node
from .rules import Rule, rule_variables

_LIMIT = 10_000_000
_TOTAL_LIMIT = 100_000_000
_MOST_SHOWN = 4
_REMEDY = (
    "(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are "
    "declared)"
)


class RuleCosts:
    """Adds up what the rules of a schema can cost."""

    def __init__(self) -> None:
        self._total = 0
        self._expensive: list[tuple[int, str]] = []

    def check(self, rule: Rule, kind: Type, node: Node, path: str, cardinality: int | None) -> Iterator[FieldError]:
        """A rule at a node that an object can hold `cardinality` times (None: as often as a request has room)."""
        if rule.condition is None:
            return
        variables = rule_variables(rule.source, kind)
        times = MAX_REQUEST // (least_serialized(node) + 1) if cardinality is None else cardinality
        cost = min(estimate_cost(str(rule.source["rule"]), variables) * times, ENDLESS)
        yield from self._observe(cost, "estimated rule cost", f"{path}.rule")
        if rule.message is not None:
            cost = estimate_cost(str(rule.source["messageExpression"]), variables)
            yield from self._observe(cost, "estimated messageExpression cost", f"{path}.messageExpression")

    def _observe(self, cost: int, name: str, path: str) -> Iterator[FieldError]:
        if cost > _LIMIT:
            yield fe.forbidden(path, _too_expensive(name, cost, _LIMIT))
        self._total = min(self._total + cost, ENDLESS)
        if cost >= _TOTAL_LIMIT // 100:
            self._expensive.append((cost, path))

    def errors(self, path: str) -> list[FieldError]:
        """Return the errors of all rules together; `path` is the path of the schema."""
        if self._total <= _TOTAL_LIMIT:
            return []
        shown = sorted(self._expensive, key=lambda entry: -entry[0])[:_MOST_SHOWN]
        detail = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"
        name = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema"
        whole = fe.forbidden(path, _too_expensive(name, self._total, _TOTAL_LIMIT))
        return [*(fe.forbidden(place, detail) for _, place in shown), whole]


def _too_expensive(name: str, cost: int, limit: int) -> str:
    factor = cost / limit
    text = "more than 100x" if factor > 100 else f"{factor:f}x" if factor < 1.5 else f"{factor:.1f}x"
    return f"{name} exceeds budget by factor of {text} {_REMEDY}"
