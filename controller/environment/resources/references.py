"""Objects in other namespaces that a release refers to. Flux follows no reference out of a namespace: it gets copies.

The policy has decided by now which namespaces may be referred to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from controller.api.environment import Environment
from controller.apimachinery import names
from controller.apimachinery.resources import CONFIG_MAPS, SECRETS, Resource
from controller.environment.effects import Target
from controller.environment.engines.context import Reference
from controller.environment.engines.engine import Engine

_NAME_LIMIT: Final = 253
_KINDS: Final[Mapping[str, Resource]] = {"secretKeyRef": SECRETS, "configMapKeyRef": CONFIG_MAPS}
_RESOURCES: Final[Mapping[str, Resource]] = {resource.kind: resource for resource in _KINDS.values()}


def foreign(environment: Environment, engine: Engine | None) -> Mapping[Reference, bool]:
    """What has to be copied for the engine, and whether its absence is an error."""
    if engine is None or engine.FOLLOWS_REFERENCES:
        return {}
    required: dict[Reference, bool] = {}
    for reference, is_required in _references(environment):
        required[reference] = required.get(reference, False) or is_required
    return required


def target(reference: Reference) -> Target:
    """Where the original lies."""
    return Target(_RESOURCES[reference.kind], reference.name, reference.namespace)


def copy_name(reference: Reference) -> str:
    """The copy's name. No namespace has a dot in its name, so no two originals have the same."""
    return names.shorten(f"{reference.namespace}.{reference.name}", limit=_NAME_LIMIT)


def _references(environment: Environment) -> Iterator[tuple[Reference, bool]]:
    own = environment.namespace_name
    secret = (environment.release.get("chart") or {}).get("secretRef") or {}
    if (secret.get("namespace") or own) != own:
        yield Reference(SECRETS.kind, str(secret["namespace"]), str(secret["name"])), True
    for entry in environment.release.get("valuesFrom") or ():
        for field, resource in _KINDS.items():
            reference = entry.get(field) or {}
            if (reference.get("namespace") or own) != own:
                found = Reference(resource.kind, str(reference["namespace"]), str(reference["name"]))
                yield found, not reference.get("optional")
