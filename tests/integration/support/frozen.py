"""Deployments that cannot be changed or deleted: with them every upgrade and every uninstall fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from controller.apimachinery.errors import Forbidden, Invalid, NotFound
from controller.apimachinery.resources import Resource
from controller.client import Client
from tests.integration.support.waiting import eventually

Put = Callable[[Resource, Mapping[str, Any]], None]
_GROUP = "admissionregistration.k8s.io"
_POLICIES = Resource(_GROUP, "v1", "validatingadmissionpolicies", "ValidatingAdmissionPolicy", namespaced=False)
_BINDINGS = Resource(
    _GROUP, "v1", "validatingadmissionpolicybindings", "ValidatingAdmissionPolicyBinding", namespaced=False
)
_DEPLOYMENTS = Resource("apps", "v1", "deployments", "Deployment", namespaced=True)
# The cluster's own controllers may: they count pods, and empty namespaces that end.
_ALLOWED = (
    "request.userInfo.username.startsWith('system:serviceaccount:kube-system:')"
    " || (request.operation == 'UPDATE' && object.spec == oldObject.spec)"
)


def freeze(client: Client, put: Put, namespace: str, name: str) -> None:
    """Freeze the Deployments of a namespace; `name` is one of them. Returns when the API server refuses its change."""
    for resource, document in _documents(namespace):
        put(resource, document)
    change = {"spec": {"minReadySeconds": 1}}

    def refused() -> bool:
        try:
            client.patch(_DEPLOYMENTS, name, change, namespace=namespace, dry_run=True)
        except (Invalid, Forbidden):
            return True
        return False

    eventually(refused, f"the Deployments of {namespace} are frozen")


def thaw(client: Client, namespace: str) -> None:
    """Let the Deployments of a namespace be changed again, a moment later."""
    for resource, document in _documents(namespace):
        with suppress(NotFound):
            client.delete(resource, document["metadata"]["name"])


def _documents(namespace: str) -> Iterator[tuple[Resource, dict[str, Any]]]:
    name = f"{namespace}-frozen"
    rule = {"apiGroups": ["apps"], "apiVersions": ["v1"], "resources": ["deployments"]}
    policy = {
        "matchConstraints": {"resourceRules": [{**rule, "operations": ["UPDATE", "DELETE"]}]},
        "validations": [{"expression": _ALLOWED, "message": "a test has frozen it"}],
    }
    selector = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    binding = {
        "policyName": name,
        "validationActions": ["Deny"],
        "matchResources": {"namespaceSelector": selector},
    }
    for resource, spec in ((_POLICIES, policy), (_BINDINGS, binding)):
        head = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": {"name": name}}
        yield resource, {**head, "spec": spec}
