"""Converts YAML nodes to plain data, with the place of every value and key, and with placeholders filled in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from controller.apimachinery.findings import Finding, Path, cut
from controller.pipeline.errors import Problem
from controller.pipeline.yamlfiles import nodes, scalars
from controller.pipeline.yamlfiles.placeholders import Hidden, Placeholder, PlaceholderError, has_placeholder
from controller.pipeline.yamlfiles.text import INVISIBLE

Place = tuple[int, int]
# Returns the replacement of a placeholder. The flag says whether it is quoted or in a block. Raises PlaceholderError.
Filler = Callable[[Placeholder, bool], str]


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a file.

    Attributes:
        file: path as given on the command line.
        value: plain data of the document.
        places: line and column of every value.
        keys: line and column of every key of a mapping.
        filled: path and placeholder of everything that was filled in.
        problems: errors in the data itself. `value` leaves out, or sets to None, what they concern.
    """

    file: str
    value: Any
    places: Mapping[Path, Place]
    keys: Mapping[Path, Place]
    filled: tuple[tuple[Path, Placeholder], ...] = ()
    problems: tuple[Problem, ...] = ()

    def problem(self, finding: Finding, *, at_key: bool = False) -> Problem:
        """Return a finding with the place of its field or of the field's key.

        If the field is absent, the place is that of the innermost value around it.
        """
        places, there = (self.keys if at_key else self.places), finding.path
        while there and there not in places:
            places, there = self.places, there[:-1]
        return Problem(self.file, *places.get(there, (0, 0)), finding)


def build(file: str, node: yaml.Node, hidden: Hidden, fill: Filler) -> Document:
    """Return the document of a node, with the placeholders of `hidden` filled in."""
    builder = _Builder(file, hidden, fill)
    value = builder.value(node, ())
    return Document(file, value, builder.places, builder.keys, tuple(builder.filled), tuple(builder.problems))


@dataclass(slots=True)
class _Builder:
    file: str
    hidden: Hidden
    fill: Filler
    places: dict[Path, Place] = field(default_factory=dict)
    keys: dict[Path, Place] = field(default_factory=dict)
    filled: list[tuple[Path, Placeholder]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def value(self, node: yaml.Node, path: Path) -> Any:
        self.places[path] = _place(node)
        if isinstance(node, yaml.MappingNode):
            # YAML reads an unquoted template that contains quotes as a mapping.
            if node.flow_style and (template := self.hidden.at(node.start_mark.index)):
                return self._joined([template], node, path)
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, position)) for position, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node, path)
            if key is None:
                continue
            place = (*path, key)
            if key in found:
                first = self.keys[place][0]
                self._refuse(key_node, place, f"the key is set twice, first in line {first}", "remove one of the two")
                continue
            self.keys[place] = _place(key_node)
            found[key] = self.value(value_node, place)
        return found

    def _key(self, node: yaml.Node, path: Path) -> str | None:
        text = str(node.value) if isinstance(node, yaml.ScalarNode) else ""
        if not isinstance(node, yaml.ScalarNode):
            self._refuse(node, path, "a list or mapping cannot be a key", "if it is a string, quote it")
        elif has_placeholder(text):
            return self._key_with_placeholders(node, path)
        elif text == "<<" and node.style is None:
            self._refuse(node, path, "merge keys (<<) are not supported", "write out the keys")
        elif INVISIBLE.search(text):
            self._refuse(node, path, f"{cut(text)}: a key cannot contain an invisible character", "remove it")
        elif node.tag in (nodes.NULL, nodes.BOOL, nodes.FLOAT) or (node.tag == nodes.INT and not _is_decimal(text)):
            self._refuse(node, path, f"the key {cut(text)!r} is not a string", "quote it")
        else:
            return text
        return None

    def _key_with_placeholders(self, node: yaml.ScalarNode, path: Path) -> str | None:
        """Return a key. It may contain templates of other programs, but none of our placeholders."""
        shown = self.hidden.shown(node.value)
        filled = len(self.filled)
        key = self._joined(self.hidden.parts(node.value), node, path)
        del self.filled[filled:]
        if key is not None and key != shown:
            self._refuse(node, path, f"{cut(shown)}: a placeholder cannot be in a key", "write the key itself")
            return None
        return key

    def _scalar(self, node: yaml.Node, path: Path) -> Any:
        text = str(node.value)
        if has_placeholder(text):
            parts = [part for part in self.hidden.parts(text) if part != ""]
            if any(isinstance(part, Placeholder) for part in parts):
                return self._joined(parts, node, path)
        try:
            return scalars.value(node.tag, text)
        except ValueError as error:
            self._refuse(node, path, str(error))
            return None

    def _joined(self, parts: Iterable[str | Placeholder], node: yaml.Node, path: Path) -> str | None:
        """Return the string with placeholders filled in. It stays a string, whatever their values look like."""
        style = getattr(node, "style", None)
        words = ""
        for part in parts:
            try:
                if isinstance(part, str):
                    words += str(scalars.value(nodes.STR, part))
                    continue
                words += self.fill(part, style is not None)
            except (PlaceholderError, ValueError) as error:
                self._refuse(node, path, str(error))
                return None
            self.filled.append((path, part))
        return words

    def _refuse(self, node: yaml.Node, path: Path, message: str, remedy: str = "") -> None:
        self.problems.append(Problem(self.file, *_place(node), Finding(path=path, message=message, remedy=remedy)))


def _place(node: yaml.Node) -> Place:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _is_decimal(text: str) -> bool:
    return re.fullmatch(r"0|-?[1-9][0-9]*", text) is not None
