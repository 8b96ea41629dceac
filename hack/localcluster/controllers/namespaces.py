"""Namespace lifecycle: delete the content of a terminating namespace, report what remains, then remove it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from ..clock import now_seconds
from ..objects import Object, finalizers_of, is_deleting, name_of, namespace_of
from ..registry.admission import NAMESPACES
from ..registry.context import DeleteOptions
from ..registry.registry import Registry
from ..registry.resource import ResourceType
from ..storage.changes import Change
from ..storage.store import GroupPlural
from .writing import make, rewrite

Later = Callable[[float, Callable[[], None]], None]
_SYSTEM = ("default", "kube-system", "kube-public", "kube-node-lease")


class NamespaceController:
    """Empties terminating namespaces, and gives live ones their `default` ServiceAccount.

    Args:
        later: calls a function after a number of seconds.
        report_delay: seconds until the status of a terminating namespace reports what remains. The real controller
            takes five, and most namespaces are gone before that.
    """

    def __init__(self, registry: Registry, later: Later, *, report_delay: float) -> None:
        self._registry = registry
        self._later = later
        self._report_delay = report_delay
        self._reporting: set[str] = set()

    def bootstrap(self) -> None:
        """Make the namespaces every cluster has."""
        resource = self._resource(NAMESPACES)
        for name in _SYSTEM:
            make(self._registry, resource, "", {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": name}})

    def react(self, resource: GroupPlural, change: Change) -> None:
        """Handle one change."""
        if resource == NAMESPACES:
            namespace = self._registry.store.get(NAMESPACES, "", name_of(change.obj))
            if namespace is None:
                return
            if is_deleting(namespace):
                if change.old is None or not is_deleting(change.old):
                    self._empty(namespace)
            else:
                self._service_account(name_of(namespace))
        elif change.kind == "DELETED" and namespace_of(change.obj):
            self._content_gone(resource, namespace_of(change.obj))

    def _resource(self, storage: GroupPlural) -> ResourceType:
        return self._registry.catalog.of_storage(storage)

    def _service_account(self, namespace: str) -> None:
        storage = ("", "serviceaccounts")
        if self._registry.store.get(storage, namespace, "default") is None:
            account = {"kind": "ServiceAccount", "apiVersion": "v1", "metadata": {"name": "default"}}
            make(self._registry, self._resource(storage), namespace, account)

    def _content_gone(self, resource: GroupPlural, namespace: str) -> None:
        found = self._registry.store.get(NAMESPACES, "", namespace)
        if found is None:
            return
        if is_deleting(found):
            self._finish(found)
        elif resource == ("", "serviceaccounts"):
            self._service_account(namespace)

    def _content(self, namespace: str) -> list[tuple[ResourceType, Object]]:
        found, seen = [], set()
        for resource in self._registry.catalog:
            if resource.namespaced and resource.storage not in seen:
                seen.add(resource.storage)
                items = self._registry.store.items(resource.storage, namespace)
                found += [(resource, obj) for obj in items]
        return found

    def _empty(self, namespace: Object) -> None:
        name = name_of(namespace)
        for resource, obj in self._content(name):
            if not is_deleting(obj):
                options = DeleteOptions(propagation="Background")
                self._registry.delete(resource, name, name_of(obj), options)
        self._finish(namespace)

    def _finish(self, namespace: Object) -> None:
        name = name_of(namespace)
        if self._content(name):
            if name not in self._reporting:
                self._reporting.add(name)
                self._later(self._report_delay, lambda: self._report(name))
            return
        rewrite(self._registry, self._resource(NAMESPACES), "", name, _finalized, subresource="finalize")

    def _report(self, name: str) -> None:
        self._reporting.discard(name)
        namespace = self._registry.store.get(NAMESPACES, "", name)
        remaining = self._content(name)
        if namespace is None or not is_deleting(namespace) or not remaining:
            return
        conditions = _conditions(remaining)

        def edit(live: Object) -> None:
            _set_conditions(live, conditions)

        rewrite(self._registry, self._resource(NAMESPACES), "", name, edit, subresource="status")


def _finalized(namespace: Object) -> None:
    finalizers = (namespace.get("spec") or {}).get("finalizers") or []
    namespace["spec"] = {"finalizers": [one for one in finalizers if one != "kubernetes"]}


def _conditions(remaining: list[tuple[ResourceType, Object]]) -> list[dict[str, str]]:
    counted = Counter(f"{resource.plural}.{resource.group}" for resource, _ in remaining)
    finalizers = Counter(name for _, obj in remaining for name in finalizers_of(obj))
    instances = ", ".join(f"{kind} has {count} resource instances" for kind, count in sorted(counted.items()))
    holders = ", ".join(f"{name} in {count} resource instances" for name, count in sorted(finalizers.items()))
    rows = [
        ("DiscoveryFailure", "False", "ResourcesDiscovered", "All resources successfully discovered"),
        ("GroupVersionParsingFailure", "False", "ParsedGroupVersions", "All legacy kube types successfully parsed"),
        (
            "ContentFailure",
            "False",
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization",
        ),
    ]
    conditions = [_condition(f"NamespaceDeletion{kind}", *row) for kind, *row in rows]
    text = f"Some resources are remaining: {instances}"
    conditions.append(_condition("NamespaceContentRemaining", "True", "SomeResourcesRemain", text))
    if finalizers:
        text = f"Some content in the namespace has finalizers remaining: {holders}"
        conditions.append(_condition("NamespaceFinalizersRemaining", "True", "SomeFinalizersRemain", text))
    else:
        text = "All content-preserving finalizers finished"
        conditions.append(_condition("NamespaceFinalizersRemaining", "False", "ContentHasNoFinalizers", text))
    return conditions


def _condition(kind: str, status: str, reason: str, message: str) -> dict[str, str]:
    return {
        "type": kind,
        "status": status,
        "lastTransitionTime": now_seconds(),
        "reason": reason,
        "message": message,
    }


def _set_conditions(namespace: Object, wanted: list[dict[str, str]]) -> None:
    status: dict[str, Any] = namespace.setdefault("status", {})
    before = {condition["type"]: condition for condition in status.get("conditions") or []}
    for condition in wanted:
        known = before.get(condition["type"])
        if known and known["status"] == condition["status"]:
            condition["lastTransitionTime"] = known["lastTransitionTime"]
    status["conditions"] = wanted
