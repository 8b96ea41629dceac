"""One served resource: its names in the API and the strategy of its kind."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..objects import Object
from .strategy import Strategy

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


class Face:
    """How a stored object looks in one API version. Most resources are stored as they are served."""

    def shown(self, obj: Object) -> Object:
        """The stored object as this version shows it."""
        return obj

    def stored(self, obj: Object) -> Object:
        """An object of this version as it is stored."""
        return obj


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceType:
    """A resource of one group and version.

    Attributes:
        storage: (group, plural) under which the objects are kept; two versions of one resource share it.
        subresources: names below an object, with the kind they speak ("" for the object's own).
        custom: comes from a CustomResourceDefinition.
        scale: the paths of a CustomResourceDefinition's scale subresource.
        columns: printer columns of a CustomResourceDefinition version.
        schema: OpenAPI v3 schema of a CustomResourceDefinition version.
    """

    group: str
    version: str
    plural: str
    singular: str
    kind: str
    namespaced: bool
    strategy: Strategy
    list_kind: str
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    subresources: tuple[str, ...] = ()
    storage: tuple[str, str]
    face: Face = field(default_factory=Face)
    custom: bool = False
    scale: dict[str, str] = field(default_factory=dict)
    columns: tuple[dict[str, Any], ...] = ()
    schema: dict[str, Any] = field(default_factory=dict)

    @property
    def api_version(self) -> str:
        """`v1` or `group/version`."""
        return f"{self.group}/{self.version}" if self.group else self.version
