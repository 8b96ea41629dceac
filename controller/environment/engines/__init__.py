"""The release engines: the objects that each of them needs, and what their status means. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from controller.apimachinery.resources import Resource
from controller.environment.engines import flux, helm_operator
from controller.environment.engines.engine import Engine

# By name, in the order of the table in `controller.api.engines`.
ENGINES: Final[Mapping[str, Engine]] = {engine.name: engine for engine in (flux.ENGINE, helm_operator.ENGINE)}


def resources() -> tuple[Resource, ...]:
    """Return the kinds of all engines. Each is watched, limited to objects with our label."""
    return tuple(resource for engine in ENGINES.values() for resource in engine.resources)


def of(resource: Resource) -> Engine:
    """Return the engine to which a kind belongs. Raises KeyError if there is none."""
    found = find(resource)
    if found is None:
        raise KeyError(resource)
    return found


def find(resource: Resource) -> Engine | None:
    """Return the engine to which a kind belongs, or None."""
    for engine in ENGINES.values():
        if resource in (engine.facts.releases, engine.facts.sources):
            return engine
    return None
