"""The objects in other namespaces that a release refers to, for engines that cannot read them there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from controller.api.environment import Environment
from controller.apimachinery.resources import CONFIG_MAPS, SECRETS, Resource
from controller.environment.engines.engine import Reference

# The fields of an entry of `valuesFrom` that refer to an object, with its kind.
KINDS: Final[Mapping[str, Resource]] = {"secretKeyRef": SECRETS, "configMapKeyRef": CONFIG_MAPS}


def foreign(environment: Environment) -> Mapping[Reference, bool]:
    """Return the objects in other namespaces, and whether each of them has to exist.

    The policy has already decided which namespaces may be referred to.
    """
    required: dict[Reference, bool] = {}
    for reference, is_required in _references(environment):
        required[reference] = required.get(reference, False) or is_required
    return required


def _references(environment: Environment) -> Iterator[tuple[Reference, bool]]:
    own = environment.namespace_name
    secret = environment.chart.get("secretRef") or {}
    if (secret.get("namespace") or own) != own:
        yield Reference(SECRETS.kind, str(secret["namespace"]), str(secret["name"])), True
    for entry in environment.release.get("valuesFrom") or ():
        for field, resource in KINDS.items():
            reference = entry.get(field) or {}
            if (reference.get("namespace") or own) != own:
                found = Reference(resource.kind, str(reference["namespace"]), str(reference["name"]))
                yield found, not reference.get("optional")
