"""The properties of a CustomResourceDefinition: every place in its schema that a user can write to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]
Path = tuple[str | int, ...]

# Steps of a path: an item of a list, and an entry of a map. An integer is a certain item, which free form has.
ITEM = "[]"
ENTRY = "{}"
# Top-level fields that belong to the API machinery, and what only the controller writes.
_NOT_WRITTEN_BY_USERS = ("apiVersion", "kind", "metadata", "status")


@dataclass(frozen=True, slots=True)
class Property:
    """A place in a schema, and what the schema says about it."""

    path: Path
    schema: Schema

    def __str__(self) -> str:
        return shown(self.path)


def shown(path: Path) -> str:
    """Return a path as `spec.list[].name`."""
    steps = (f"[{step}]" if isinstance(step, int) else step if step in (ITEM, ENTRY) else f".{step}" for step in path)
    return "".join(steps).removeprefix(".")


def properties(definition: Mapping[str, Any]) -> Iterator[Property]:
    """Yield every property of the definition's only version, parents first."""
    [version] = definition["spec"]["versions"]
    for name, schema in version["schema"]["openAPIV3Schema"]["properties"].items():
        if name not in _NOT_WRITTEN_BY_USERS:
            yield from _within((name,), schema)


def _within(path: Path, schema: Schema) -> Iterator[Property]:
    yield Property(path, schema)
    for name, child in (schema.get("properties") or {}).items():
        yield from _within((*path, name), child)
    if "items" in schema:
        yield from _within((*path, ITEM), schema["items"])
    if "additionalProperties" in schema:
        yield from _within((*path, ENTRY), schema["additionalProperties"])


def free_form(properties: list[Property], document: Any) -> Iterator[Property]:
    """Yield what a document has below properties of free form, each as a property without a schema."""
    for prop in properties:
        if prop.schema.get("x-kubernetes-preserve-unknown-fields"):
            for path, value in _present(document, prop.path):
                yield from _below(path, value)


def _present(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """Yield the places of a document that a path with ITEM and ENTRY in it stands for."""
    if not path:
        yield (), value
        return
    steps: list[str | int] = [path[0]]
    if path[0] == ITEM:
        steps = list(range(len(value or ())))
    elif path[0] == ENTRY:
        steps = list(value or ())
    for step in steps:
        if (isinstance(step, int) or step in (value or {})) and value[step] is not None:
            yield from (((step, *rest), found) for rest, found in _present(value[step], path[1:]))


def _below(path: Path, value: Any) -> Iterator[Property]:
    children: Mapping[Any, Any] = {}
    if isinstance(value, Mapping):
        children = value
    elif isinstance(value, list):
        children = dict(enumerate(value))
    for step, child in children.items():
        yield Property((*path, step), {})
        yield from _below((*path, step), child)
