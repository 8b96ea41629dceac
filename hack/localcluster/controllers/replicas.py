"""Pods for Deployments: ReplicaSets and Pods are made, and the statuses of their owners follow from them.

Somebody else has to report that the Pods run. A Deployment has one ReplicaSet here: the one of an earlier template is
deleted at once, whatever the strategy says.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

from ..objects import Object, clone, is_deleting, name_of, namespace_of, uid_of
from ..registry.context import DeleteOptions
from ..registry.registry import Registry
from ..storage.changes import Change
from ..storage.store import GroupPlural
from .rollouts import deployment_status, replica_set_status
from .writing import make, rewrite

_DEPLOYMENTS, _REPLICA_SETS, _PODS = ("apps", "deployments"), ("apps", "replicasets"), ("", "pods")
_HASH_LABEL = "pod-template-hash"
# The alphabet of the real controller's hashes.
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_BURST = 20


class ReplicaController:
    """Keeps the ReplicaSets and Pods of Deployments."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._store = registry.store

    def react(self, resource: GroupPlural, change: Change) -> None:
        """Handle one change."""
        namespace = namespace_of(change.obj)
        if resource == _DEPLOYMENTS:
            self._settle(namespace, name_of(change.obj))
        elif resource in (_REPLICA_SETS, _PODS):
            # A Pod's ReplicaSet is named after its Deployment, too.
            for deployment in self._store.items(_DEPLOYMENTS, namespace):
                if name_of(change.obj).startswith(f"{name_of(deployment)}-"):
                    self._settle(namespace, name_of(deployment))

    def _settle(self, namespace: str, name: str) -> None:
        deployment = self._store.get(_DEPLOYMENTS, namespace, name)
        if deployment is None or is_deleting(deployment):
            return
        wanted = _replica_set(deployment)
        for other in self._owned(_REPLICA_SETS, deployment):
            if name_of(other) != name_of(wanted):
                self._delete(_REPLICA_SETS, other)
        make(self._registry, self._registry.catalog.of_storage(_REPLICA_SETS), namespace, wanted)
        replica_set = self._store.get(_REPLICA_SETS, namespace, name_of(wanted))
        if replica_set is None:
            return
        count = deployment["spec"].get("replicas", 1)
        if replica_set["spec"].get("replicas") != count:
            self._edit(_REPLICA_SETS, replica_set, lambda obj: obj["spec"].update(replicas=count))
        pods = [pod for pod in self._owned(_PODS, replica_set) if not is_deleting(pod)]
        for pod in pods[count:]:
            self._delete(_PODS, pod)
        for _ in range(min(count - len(pods), _BURST)):
            make(self._registry, self._registry.catalog.of_storage(_PODS), namespace, _pod(replica_set))
        ready = sum(map(_is_ready, pods[:count]))
        self._report(_REPLICA_SETS, replica_set, replica_set_status(replica_set, ready))
        self._report(_DEPLOYMENTS, deployment, deployment_status(deployment, ready))

    def _owned(self, resource: GroupPlural, owner: Object) -> list[Object]:
        found = self._store.items(resource, namespace_of(owner))
        return [obj for obj in found if any(uid_of(owner) == ref["uid"] for ref in _owners(obj))]

    def _report(self, resource: GroupPlural, obj: Object, status: Object) -> None:
        live = self._store.get(resource, namespace_of(obj), name_of(obj))
        if live is not None and _counted(live.get("status") or {}) != _counted(status):
            self._edit(resource, live, lambda wanted: wanted.update(status=status), subresource="status")

    def _edit(
        self, resource: GroupPlural, obj: Object, edit: Callable[[Object], None], *, subresource: str = ""
    ) -> None:
        found = self._registry.catalog.of_storage(resource)
        rewrite(self._registry, found, namespace_of(obj), name_of(obj), edit, subresource=subresource)

    def _delete(self, resource: GroupPlural, obj: Object) -> None:
        found = self._registry.catalog.of_storage(resource)
        self._registry.delete(found, namespace_of(obj), name_of(obj), DeleteOptions(uid=uid_of(obj)))


def _replica_set(deployment: Object) -> Object:
    template = clone(deployment["spec"]["template"])
    digest = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).digest()
    hashed = "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest[:10])
    template.setdefault("metadata", {}).setdefault("labels", {})[_HASH_LABEL] = hashed
    selector = clone(deployment["spec"]["selector"])
    selector.setdefault("matchLabels", {})[_HASH_LABEL] = hashed
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{name_of(deployment)}-{hashed}",
            "namespace": namespace_of(deployment),
            "labels": dict(template["metadata"]["labels"]),
            "ownerReferences": [_owner(deployment)],
        },
        "spec": {"replicas": deployment["spec"].get("replicas", 1), "selector": selector, "template": template},
    }


def _pod(replica_set: Object) -> Object:
    template = clone(replica_set["spec"]["template"])
    metadata = {field: value for field, value in template.get("metadata", {}).items() if value and field != "name"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            **metadata,
            "generateName": f"{name_of(replica_set)}-",
            "namespace": namespace_of(replica_set),
            "ownerReferences": [_owner(replica_set)],
        },
        "spec": template["spec"],
        "status": {"phase": "Pending"},
    }


def _owner(obj: Object) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": obj["kind"],
        "name": name_of(obj),
        "uid": uid_of(obj),
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _owners(obj: Object) -> list[Object]:
    return list(obj["metadata"].get("ownerReferences") or ())


def _is_ready(pod: Object) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(found["type"] == "Ready" and found["status"] == "True" for found in conditions)


def _counted(status: Object) -> Object:
    """Return a status without its conditions, which have times."""
    return {field: value for field, value in status.items() if field != "conditions" and value != 0}
