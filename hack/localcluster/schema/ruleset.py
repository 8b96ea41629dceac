"""The validation rules of a whole schema, evaluated where an object has values.

Source: k8s.io/apiextensions-apiserver, package apiserver/schema/cel.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .. import fielderrors as fe
from ..fielderrors import FieldError
from .cel import EvaluationError
from .cel.types import Type
from .declarations import declared_type, to_cel
from .node import Node
from .ratcheting import Correlation, find_by_keys
from .rules import Rule, compile_rule


@dataclass(frozen=True, slots=True, eq=False)
class RuleSet:
    """The rules of a node, and below it the rules of its children where there are any."""

    node: Node
    is_resource: bool
    rules: tuple[Rule, ...]
    all_of: tuple[RuleSet, ...]
    items: RuleSet | None
    additional: RuleSet | None
    properties: Mapping[str, RuleSet]

    def check(self, obj: Any, old: Any, correlation: Correlation | None) -> list[FieldError]:
        """The errors of all rules on an object that replaces `old` (None on create)."""
        return list(self._check(obj, old, "", correlation, unchanged_above=False))

    def _check(
        self, value: Any, old: Any, path: str, pair: Correlation | None, *, unchanged_above: bool
    ) -> Iterator[FieldError]:
        if value is None:
            return
        unchanged = pair.unchanged if pair is not None else unchanged_above
        if self.rules:
            yield from self._check_here(value, old, path, ratchet=unchanged)
        for branch in self.all_of:
            yield from branch._check(value, old, path, None, unchanged_above=unchanged_above)
        if isinstance(value, list) and self.items is not None:
            former = old if isinstance(old, list) else []
            for index, item in enumerate(value):
                before = find_by_keys(former, item, self.node)
                inner = pair.index(index) if pair else None
                yield from self.items._check(item, before, f"{path}[{index}]", inner, unchanged_above=unchanged)
        elif isinstance(value, dict):
            was = old if isinstance(old, dict) else {}
            for name, child, place in self._members(value, path):
                inner = pair.key(name) if pair else None
                yield from child._check(value[name], was.get(name), place, inner, unchanged_above=unchanged)

    def _members(self, value: dict[str, Any], path: str) -> Iterator[tuple[str, RuleSet, str]]:
        if self.additional is not None:
            for name in value:
                yield name, self.additional, f"{path}[{name}]"
        for name, child in self.properties.items():
            if name in value:
                yield name, child, f"{path}.{name}" if path else name

    def _check_here(self, value: Any, old: Any, path: str, *, ratchet: bool) -> Iterator[FieldError]:
        kind, place = self.node.type, path or fe.NO_FIELD
        try:
            current = to_cel(self.node, value, is_resource=self.is_resource)
            former = None if old is None else to_cel(self.node, old, is_resource=self.is_resource)
        except EvaluationError as error:
            yield fe.invalid(place, kind, str(error))
            return
        for rule in self.rules:
            breach = rule.broken(current, former, has_former=old is not None)
            if breach is None:
                continue
            if not breach.failed:
                yield fe.invalid(place, kind, breach.detail)
            elif not ratchet or rule.uses_old_self:
                # An unchanged value is not held against the object, but a transition always is.
                shown = fe.OMITTED if kind in ("object", "array") else value
                yield rule.error(_below(path, rule.field_path), shown, breach.detail)


def _below(path: str, field_path: str) -> str:
    if not field_path:
        return path or fe.NO_FIELD
    return f"{path}{field_path}" if not path or field_path.startswith("[") else f"{path}.{field_path}"


def rules_of(node: Node | None, *, is_resource: bool) -> RuleSet | None:
    """Return the rules at a node and below, or None if none of them can be evaluated."""
    kind = declared_type(node, is_resource=is_resource) if node is not None else None
    if node is None or kind is None:
        return None
    properties = {name: rules_of(child, is_resource=child.embedded_resource) for name, child in node.properties.items()}
    found = RuleSet(
        node=node,
        is_resource=is_resource,
        rules=tuple(compile_rule(source, node, kind) for source in node.rules),
        all_of=tuple(
            _branch_rules(branch, node, kind, is_resource=is_resource) for branch in node.all_of if branch.rules
        ),
        items=rules_of(node.items, is_resource=node.items is not None and node.items.embedded_resource),
        additional=_additional_rules(node),
        properties={name: child for name, child in properties.items() if child is not None},
    )
    empty = not (found.rules or found.all_of or found.items or found.additional or found.properties)
    return None if empty else found


def _additional_rules(node: Node) -> RuleSet | None:
    inner = node.additional_node
    return rules_of(inner, is_resource=inner is not None and inner.embedded_resource)


def _branch_rules(branch: Node, shape: Node, kind: Type, *, is_resource: bool) -> RuleSet:
    """Rules inside an allOf: typed by the schema around it, which alone declares fields."""
    return RuleSet(
        node=shape,
        is_resource=is_resource,
        rules=tuple(compile_rule(source, shape, kind) for source in branch.rules),
        all_of=(),
        items=None,
        additional=None,
        properties={},
    )
