"""What a process remembers, as a value: it can be kept, given to another object, compared, and made older.

All times in it are seconds from now.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, Final

from controller.environment.admission.ledger import Ledger
from controller.environment.memory import Memory

_TIMES: Final = ("last", "due", "until")
# What was longer ago has no effect any more.
_LONG_AGO: Final = -100_000.0


class Memories:
    """Memories by number, from 0, which is an empty one."""

    def __init__(self) -> None:
        self._kept: list[Mapping[str, Any]] = [{}]
        self._numbers: dict[Any, int] = {_frozen({}): 0}
        self._older: dict[tuple[int, float], int] = {}

    def number(self, memory: Mapping[str, Any]) -> int:
        """Return the number of a memory."""
        identity = _frozen(memory)
        found = self._numbers.get(identity)
        if found is None:
            found = self._numbers[identity] = len(self._kept)
            self._kept.append(memory)
        return found

    def __getitem__(self, number: int) -> dict[str, Any]:
        """Return a copy."""
        copied: dict[str, Any] = _copied(self._kept[number])
        return copied

    def __len__(self) -> int:
        return len(self._kept)

    def older(self, number: int, seconds: float) -> int:
        """Return the same memory after that time."""
        if (number, seconds) not in self._older:
            self._older[(number, seconds)] = self.number(_aged(self._kept[number], seconds))
        return self._older[(number, seconds)]


def of(memory: Memory) -> dict[str, Any]:
    """Return what is remembered."""
    return {
        part: _copied({name: value for name, value in attributes.items() if isinstance(value, dict | str)})
        for part, attributes in _parts(memory)
    }


def fill(memory: Memory, remembered: Mapping[str, Any]) -> None:
    """Let an empty memory be that. What is `remembered` belongs to it from now on."""
    for part, attributes in _parts(memory):
        attributes.update(remembered.get(part, {}))


def _parts(memory: Memory) -> Iterator[tuple[str, dict[str, Any]]]:
    for field in dataclasses.fields(memory):
        part = getattr(memory, field.name)
        yield field.name, part if isinstance(part, dict) else vars(part)


def _copied(value: Any) -> Any:
    """Return a copy of all that is ever changed in place. Objects of the API and frozen data are not."""
    if isinstance(value, Ledger):
        ledger = copy.copy(value)
        vars(ledger).update({name: _copied(part) for name, part in vars(value).items()})
        return ledger
    if isinstance(value, dict):
        found = copy.copy(value)
        found.update(
            {key: _copied(part) for key, part in value.items() if isinstance(part, dict | list | set | Ledger)}
        )
        return found
    return copy.copy(value) if isinstance(value, list | set) else value


def _frozen(value: Any) -> Any:
    """Return something that is equal for equal memories, and can be a key."""
    if isinstance(value, Mapping):
        return frozenset((key, _frozen(part)) for key, part in value.items())
    if isinstance(value, list | tuple):
        return tuple(map(_frozen, value))
    if isinstance(value, set):
        return frozenset(value)
    if isinstance(value, Ledger):
        return _frozen(vars(value))
    if dataclasses.is_dataclass(value):
        parts = (_frozen(getattr(value, field.name)) for field in dataclasses.fields(value))
        return (type(value).__name__, *parts)
    return value


def _aged(value: Any, seconds: float) -> Any:
    if isinstance(value, dict):
        older = copy.copy(value)
        older.update({key: _aged(part, seconds) for key, part in value.items()})
        return older
    if isinstance(value, float):
        return max(round(value - seconds, 3), _LONG_AGO)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        times = {name: getattr(value, name) for name in _TIMES if isinstance(getattr(value, name, None), float)}
        return dataclasses.replace(value, **{name: _aged(time, seconds) for name, time in times.items()})
    return value
