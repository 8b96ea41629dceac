"""ClusterRole aggregation: a role with an aggregationRule has the rules of the roles its selectors find."""

from __future__ import annotations

from typing import Any

from ..objects import Object, labels_of, name_of
from ..registry.registry import Registry
from ..storage.changes import Change
from ..storage.store import GroupPlural
from .writing import rewrite

CLUSTER_ROLES = ("rbac.authorization.k8s.io", "clusterroles")


class AggregationController:
    """Keeps the rules of aggregated ClusterRoles."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def react(self, resource: GroupPlural, change: Change) -> None:
        """Handle one change."""
        if resource != CLUSTER_ROLES:
            return
        roles = self._registry.store.items(CLUSTER_ROLES)
        for role in roles:
            selectors = (role.get("aggregationRule") or {}).get("clusterRoleSelectors")
            if selectors:
                self._aggregate(role, selectors, roles)

    def _aggregate(self, role: Object, selectors: list[Object], roles: list[Object]) -> None:
        rules: list[Any] = []
        for selector in selectors:
            for source in roles:
                if name_of(source) == name_of(role) or not _selects(selector, labels_of(source)):
                    continue
                rules += [rule for rule in source.get("rules") or [] if rule not in rules]
        if rules == (role.get("rules") or []):
            return

        def edit(wanted: Object) -> None:
            wanted["rules"] = rules

        resource = self._registry.catalog.of_storage(CLUSTER_ROLES)
        rewrite(self._registry, resource, "", name_of(role), edit)


def _selects(selector: Object, labels: dict[str, str]) -> bool:
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(_expression(one, labels) for one in selector.get("matchExpressions") or [])


def _expression(one: Object, labels: dict[str, str]) -> bool:
    value, values = labels.get(one["key"]), one.get("values") or []
    match one["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case _:
            return value is None
