"""`meta.k8s.io/v1` Tables from printer columns, of CustomResourceDefinitions or of built-in kinds."""

from __future__ import annotations

from typing import Any

from ..objects import Object
from ..registry.resource import ResourceType
from .columns import Column, builtin_columns, custom_columns


def table_of(
    resource: ResourceType, items: list[Object], metadata: dict[str, Any], include: str, *, headers: bool = True
) -> Object:
    """The table of some objects (in the version shown).

    Args:
        metadata: list metadata of the answer.
        include: what each row carries: "Metadata", "Object" or "None".
        headers: whether the columns are described; a watch does so once.
    """
    columns = custom_columns(resource) if resource.custom else builtin_columns(resource)
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": [column.definition for column in columns] if headers else None,
        "rows": [_row(columns, obj, include) for obj in items],
    }


def _row(columns: tuple[Column, ...], obj: Object, include: str) -> Object:
    row: Object = {"cells": [column.cell(obj) for column in columns]}
    if include == "Object":
        row["object"] = obj
    elif include != "None":
        shown = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}
        row["object"] = shown
    return row
