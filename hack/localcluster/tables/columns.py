"""Printer columns: of CustomResourceDefinitions from their JSONPaths, of built-in kinds from a table."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..clock import age
from ..objects import Object
from ..registry.resource import ResourceType
from .builtin import COLUMNS, DEFAULT
from .cells import at, seen
from .jsonpath import compile_path

Cell = Callable[[Object], Any]
NAME_DESCRIPTION = (
    "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a "
    "client to request the generation of an appropriate name automatically. Name is primarily intended for creation "
    "idempotence and configuration definition. Cannot be updated. More info: "
    "https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names"
)
CREATION_DESCRIPTION = (
    "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed "
    "to be set in happens-before order across separate operations. Clients may not set this value. It is represented "
    "in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata"
)


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        cell: its value for an object.
        priority: columns above 0 are shown only by `-o wide`.
    """

    name: str
    type: str
    description: str
    cell: Cell
    priority: int = 0
    format: str = ""

    @property
    def definition(self) -> Object:
        """Return the column as an entry of `columnDefinitions`."""
        return {
            "name": self.name,
            "type": self.type,
            "format": self.format,
            "description": self.description,
            "priority": self.priority,
        }


NAME_COLUMN = Column("Name", "string", NAME_DESCRIPTION, at("metadata.name"), format="name")


def custom_columns(resource: ResourceType) -> tuple[Column, ...]:
    """The columns a CustomResourceDefinition version declares, or Age where it declares none."""
    if not resource.columns:
        created = Column("Age", "date", CREATION_DESCRIPTION, seen("metadata.creationTimestamp"))
        return (NAME_COLUMN, created)
    return (NAME_COLUMN, *(_custom(column) for column in resource.columns))


def _custom(column: dict[str, Any]) -> Column:
    path, kind = column["jsonPath"], column["type"]
    description = column.get("description") or f"Custom resource definition column (in JSONPath format): {path}"
    read = compile_path(path)

    def cell(obj: Object) -> Any:
        found = read(obj)
        return _typed(kind, found[0]) if found else None

    return Column(
        column["name"], kind, description, cell, priority=column.get("priority", 0), format=column.get("format", "")
    )


def _typed(kind: str, value: Any) -> Any:
    if kind == "string":
        if isinstance(value, str):
            return value
        return "<nil>" if value is None else json.dumps(value, separators=(",", ":"))
    if kind == "date":
        return age(value, unknown="<invalid>") if isinstance(value, str) else None
    if kind == "boolean":
        return value if isinstance(value, bool) else None
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind == "integer":
        return int(value) if number else None
    return value if number else None


def builtin_columns(resource: ResourceType) -> tuple[Column, ...]:
    """The columns of a built-in kind; kinds without columns of their own show name and creation."""
    describe = resource.strategy.describe
    return tuple(
        Column(
            row.name,
            row.type,
            describe(row.description[1:]) if row.description.startswith("@") else row.description,
            row.cell,
            priority=row.priority,
            format=row.format,
        )
        for row in COLUMNS.get((resource.group, resource.kind), DEFAULT)
    )
