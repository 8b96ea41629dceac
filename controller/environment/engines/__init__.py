"""Release engines: the objects that each wants, and what their status means. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from controller.apimachinery.resources import Resource
from controller.environment.engines import flux, helm_operator
from controller.environment.engines.engine import Engine

_ALL: Final[tuple[Engine, ...]] = (flux, helm_operator)
# By name, the one to prefer first.
ENGINES: Final[Mapping[str, Engine]] = {engine.NAME: engine for engine in _ALL}
# What the engines' objects are: each is watched, where it carries our label.
RESOURCES: Final[tuple[Resource, ...]] = tuple(resource for engine in _ALL for resource in engine.RESOURCES)


def of(release: Resource) -> Engine:
    """The engine whose HelmReleases are of that resource. KeyError: of none."""
    return {engine.RELEASES: engine for engine in _ALL}[release]
