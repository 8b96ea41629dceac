"""Copies of the objects in other namespaces that a release refers to, for an engine that cannot read them there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from controller.api.environment import Environment
from controller.apimachinery import names
from controller.apimachinery.resources import Resource
from controller.environment.effects import Target
from controller.environment.engines.engine import Engine, Reference
from controller.environment.engines.references import KINDS

_NAME_LIMIT: Final = 253
_RESOURCES: Final[Mapping[str, Resource]] = {resource.kind: resource for resource in KINDS.values()}


def foreign(environment: Environment, engine: Engine | None) -> Mapping[Reference, bool]:
    """Return what has to be copied for the engine, and whether its absence is an error."""
    return {} if engine is None else engine.foreign_references(environment)


def target(reference: Reference) -> Target:
    """Return where the original lies."""
    return Target(_RESOURCES[reference.kind], reference.name, reference.namespace)


def copy_name(reference: Reference) -> str:
    """Return the name of the copy. Names of namespaces have no dots, so two originals never have the same."""
    return names.shorten(f"{reference.namespace}.{reference.name}", limit=_NAME_LIMIT)
