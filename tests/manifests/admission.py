"""The ValidatingAdmissionPolicies of manifests/policies, asked about one write at a time with cel-python.

The local cluster stores them and does not enforce them; a real API server does. What they say is tried here.
"""

from __future__ import annotations

import fnmatch
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import celpy

from hack.yamlfiles import documents as read

FOLDER = Path(__file__).parents[2] / "manifests" / "policies"
_OPERATORS = {"Exists": lambda labels, key: key in labels, "DoesNotExist": lambda labels, key: key not in labels}


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One write as admission sees it: CREATE has no `before`, DELETE no `after`.

    `namespace` is the Namespace object that the write happens in; None for one of a cluster-scoped object. `verbs` are
    the rights of the user to the object.
    """

    user: str
    group: str
    resource: str
    operation: str
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    namespace: Mapping[str, Any] | None = None
    subresource: str = ""
    verbs: Collection[str] = ()


@cache
def policies() -> tuple[Mapping[str, Any], ...]:
    """The policies that a binding enforces."""
    documents = [d for file in sorted(FOLDER.glob("*.yaml")) for d in read(file)]
    enforced = {
        document["spec"]["policyName"]
        for document in documents
        if document.get("kind") == "ValidatingAdmissionPolicyBinding"
        and document["spec"]["validationActions"] == ["Deny"]
    }
    return tuple(
        document
        for document in documents
        if document.get("kind") == "ValidatingAdmissionPolicy" and document["metadata"]["name"] in enforced
    )


def denials(write: Write, among: Sequence[Mapping[str, Any]] = ()) -> list[str]:
    """`policy: message` of everything that refuses the write: of these policies, or else of manifests/policies."""
    return [
        f"{policy['metadata']['name']}: {message}"
        for policy in among or policies()
        if _concerns(policy["spec"], write)
        for message in _messages(policy["spec"], write)
    ]


def _concerns(spec: Mapping[str, Any], write: Write) -> bool:
    constraints = spec["matchConstraints"]
    for expression in constraints.get("namespaceSelector", {}).get("matchExpressions", ()):
        labels = ((write.namespace or {}).get("metadata") or {}).get("labels") or {}
        if not _OPERATORS[expression["operator"]](labels, expression["key"]):
            return False
    place = f"{write.resource}/{write.subresource}" if write.subresource else write.resource
    return any(
        write.group in rule["apiGroups"]
        and (rule.get("scope") != "Namespaced" or write.namespace is not None)
        and write.operation in rule["operations"]
        and any(name == "*/*" or fnmatch.fnmatchcase(place, name) for name in rule["resources"])
        for rule in constraints["resourceRules"]
    )


def _messages(spec: Mapping[str, Any], write: Write) -> list[str]:
    variables = {
        "request": {
            "userInfo": {"username": write.user},
            "operation": write.operation,
            "namespace": ((write.namespace or {}).get("metadata") or {}).get("name", ""),
        },
        "object": write.after,
        "oldObject": write.before,
        "namespaceObject": write.namespace,
        "authorizer": {"requestResource": list(write.verbs)},
    }
    activation = {name: celpy.json_to_cel(value) for name, value in variables.items()}
    if not all(_holds(condition["expression"], activation) for condition in spec.get("matchConditions", ())):
        return []
    found: dict[Any, Any] = {}
    for variable in spec.get("variables", ()):
        activation["variables"] = celpy.celtypes.MapType(found)
        value = program(variable["expression"]).evaluate(activation)
        found[celpy.celtypes.StringType(variable["name"])] = value
    activation["variables"] = celpy.celtypes.MapType(found)
    return [v["message"] for v in spec["validations"] if not _holds(v["expression"], activation)]


def _holds(expression: str, activation: Mapping[str, Any]) -> bool:
    return bool(program(expression).evaluate(dict(activation)))


@cache
def program(expression: str) -> Any:
    """A CEL expression, ready to be evaluated.

    cel-python raises the recursion limit of the whole process. That would hide from other tests what the product cannot
    bear, so it is put back.
    """
    limit = sys.getrecursionlimit()
    environment = celpy.Environment()
    sys.setrecursionlimit(limit)
    functions = {
        "check": lambda verbs, verb: celpy.celtypes.BoolType(verb in verbs),
        "allowed": lambda decision: decision,
    }
    return environment.program(environment.compile(expression), functions=functions)
