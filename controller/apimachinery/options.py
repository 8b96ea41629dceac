"""Options, each declared once: a field carries its flag, variable, default, unit, help and validation.

A room declares its options as a group: a frozen dataclass whose fields are made by `option`. A group can contain other
groups (`group`). For a field `status_settle` the flag is `--status-settle` and the variable `TRONADOR_STATUS_SETTLE`.
Two groups that need the same value declare the same option, through one function that both call.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import Field, dataclass
from typing import Any, Final, Generic, TypeVar, cast

T = TypeVar("T")

PREFIX: Final = "TRONADOR_"
_OPTION: Final = "option"
_GROUP: Final = "group"


class OptionError(Exception):
    """A value cannot be used. The text names the option, the value and the remedy."""


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """How a value is written.

    Attributes:
        parse: returns the value of a text. Raises ValueError with the reason.
        show: returns a text that `parse` accepts.
        placeholder: stands for the value in the help.
        words: describes the form of the value for people.
        alone: the value of a flag that is given without one; None if the flag needs a value.
    """

    parse: Callable[[str], T]
    show: Callable[[T], str]
    placeholder: str
    words: str
    alone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """An option as its field declares it; see `option` for the attributes."""

    name: str
    kind: Kind[Any]
    default: Any
    help: str
    least: float | None
    choices: tuple[str, ...]
    after: str

    @property
    def flag(self) -> str:
        """The flag: `--status-settle` for `status_settle`."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """The environment variable: `TRONADOR_STATUS_SETTLE` for `status_settle`."""
        return PREFIX + self.name.upper()

    @property
    def default_text(self) -> str:
        """The default, written like a value of the flag."""
        return self.kind.show(self.default)

    @property
    def unit(self) -> str:
        """How to write a value, for people: `duration, at least 100ms`, or the values to choose from."""
        if self.choices:
            return " or ".join(f"`{choice}`" for choice in self.choices)
        return f"{self.kind.words}, at least {self.kind.show(self.least)}" if self.least else self.kind.words

    def parse(self, text: str, source: str) -> Any:
        """Return the value of `text`. Raises OptionError that names `source`: the flag or the variable."""
        try:
            value = self.kind.parse(text)
        except ValueError as error:
            raise OptionError(f"{source}: {error}") from None
        if self.least is not None and value < self.least:
            raise OptionError(f"{source}: {text!r} is too small: use at least {self.kind.show(self.least)}")
        if self.choices and value not in self.choices:
            raise OptionError(f"{source}: {text!r} is unknown: use one of {', '.join(self.choices)}")
        return value


def option(
    kind: Kind[T],
    default: T,
    text: str,
    *,
    least: float | None = None,
    choices: tuple[str, ...] = (),
    name: str = "",
    after: str = "",
) -> T:
    """Declare a field of a group as an option.

    Args:
        kind: how its value is written.
        default: its value unless a flag or a variable sets it.
        text: the help.
        least: the smallest value that is accepted.
        choices: the only values that are accepted; () accepts all.
        name: of the option, if it differs from the field's.
        after: the name of the option that this one follows in the help and in tables, if that is in another group.
    """
    declared = Option(name=name, kind=kind, default=default, help=text, least=least, choices=choices, after=after)
    metadata = {_OPTION: declared}
    if isinstance(default, dict):
        return dataclasses.field(default_factory=lambda: cast(T, dict(default)), metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def group(kind: type[T]) -> T:
    """Declare a field of a group as another group."""
    return dataclasses.field(default_factory=kind, metadata={_GROUP: kind})


def options_of(kind: type[Any]) -> tuple[Option, ...]:
    """Return all options of a group in the order of the help, each once.

    Raises TypeError if two fields declare different options of the same name.
    """
    ordered: list[Option] = []
    for found in _declared(kind):
        if known := [other for other in ordered if other.name == found.name]:
            if known != [found]:
                raise TypeError(f"the option {found.flag} is declared twice, and differently")
            continue
        place = [position for position, other in enumerate(ordered, start=1) if other.name == found.after]
        ordered.insert(place[0] if place else len(ordered), found)
    return tuple(ordered)


def build(kind: type[T], values: Mapping[str, Any]) -> T:
    """Return the group with these values, by the options' names; the other options have their defaults.

    Raises TypeError for a name that the group does not have.
    """
    if unknown := values.keys() - {found.name for found in options_of(kind)}:
        raise TypeError(f"{kind.__name__} has no option {', '.join(sorted(unknown))}")
    return _filled(kind, values)


def _declared(kind: type[Any]) -> Iterator[Option]:
    for field in dataclasses.fields(kind):
        if _GROUP in field.metadata:
            yield from _declared(field.metadata[_GROUP])
        elif _OPTION in field.metadata:
            yield _option_of(field)


def _option_of(field: Field[Any]) -> Option:
    declared: Option = field.metadata[_OPTION]
    return declared if declared.name else dataclasses.replace(declared, name=field.name)


def _filled(kind: type[T], values: Mapping[str, Any]) -> T:
    given: dict[str, Any] = {}
    for field in dataclasses.fields(cast(Any, kind)):
        if _GROUP in field.metadata:
            given[field.name] = _filled(field.metadata[_GROUP], values)
        elif _OPTION in field.metadata and (name := _option_of(field).name) in values:
            given[field.name] = values[name]
    return kind(**given)
