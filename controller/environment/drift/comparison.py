"""Which fields of an object differ from what a write asked for. Pure: from the write and the object in the cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, assert_never

from controller.api.environment import FINALIZER
from controller.apimachinery import objects, patches
from controller.apimachinery.objects import Object
from controller.environment.drift.attempts import Path, Write
from controller.environment.effects import AddFinalizer, Apply, Create, Delete, Patch, Replace
from controller.environment.resources import likeness


class _Absent:
    def __repr__(self) -> str:
        return "absent"


ABSENT: Final = _Absent()


@dataclass(frozen=True, slots=True)
class Difference:
    """One field: its path, the wanted value and the found one. ABSENT stands for a missing value."""

    path: Path
    wanted: Any
    found: Any


def differences(effect: Write, live: Object) -> tuple[Difference, ...]:
    """Return the fields of `live` that differ from what `effect` asks for, sorted; () for a deletion."""
    match effect:
        case Create() | Apply() | Replace():
            found = _held(effect.body, live, ())
        case Patch(_, body) if isinstance(body, Mapping):
            found = _held(body, live, ())
        case Patch(_, body):
            operations = (operation for operation in body if isinstance(operation, Mapping))
            found = (difference for operation in operations for difference in _of_operation(operation, live))
        case AddFinalizer():
            there = objects.finalizers(live)
            missing = Difference(("metadata", "finalizers"), FINALIZER, ABSENT)
            found = iter(() if FINALIZER in there else (missing,))
        case Delete():
            found = iter(())
        case _:
            assert_never(effect)
    return tuple(sorted(found, key=lambda difference: difference.path))


def _held(wanted: Any, live: Any, path: Path) -> Iterator[Difference]:
    """Return the differences from a body. Others may add fields and items, and the server may write values its way."""
    if isinstance(wanted, Mapping):
        if patches.equal(wanted, live):
            return
        inner = live if isinstance(live, Mapping) else {}
        for name, value in wanted.items():
            if (*path, name) != ("metadata", "resourceVersion"):
                yield from _held(value, inner.get(name, ABSENT), (*path, name))
    elif wanted is None:
        if live is not ABSENT and live not in (None, {}, [], ""):
            yield Difference(path, ABSENT, live)
    elif isinstance(wanted, list) and isinstance(live, list):
        if patches.equal(wanted, live):
            return
        if not all(any(likeness.holds(item, one) for item in live) for one in wanted):
            yield Difference(path, wanted, live)
    elif not likeness.holds(None if live is ABSENT else live, wanted):
        yield Difference(path, wanted, live)


def _of_operation(operation: Mapping[str, Any], live: Object) -> Iterator[Difference]:
    """Return the differences from one operation of a JSON patch. Except in metadata, these fields are entirely ours."""
    path = tuple(step.replace("~1", "/").replace("~0", "~") for step in str(operation["path"]).split("/")[1:])
    found = _at(live, path)
    match operation["op"]:
        case "remove":
            if found is not ABSENT:
                yield Difference(path, ABSENT, found)
        case "add" | "replace" if path[0] == "metadata":
            yield from _held(operation["value"], found, path)
        case "add" | "replace":
            yield from _exact(operation["value"], found, path)


def _exact(wanted: Any, found: Any, path: Path) -> Iterator[Difference]:
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        for name in {**wanted, **found}:
            yield from _exact(wanted.get(name, ABSENT), found.get(name, ABSENT), (*path, name))
    elif wanted is ABSENT or found is ABSENT or not patches.equal(wanted, found):
        yield Difference(path, wanted, found)


def _at(live: Any, path: Path) -> Any:
    for name in path:
        if not isinstance(live, Mapping) or name not in live:
            return ABSENT
        live = live[name]
    return live
