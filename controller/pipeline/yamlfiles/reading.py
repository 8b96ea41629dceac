"""Reads the documents of a YAML file, and reports its syntax errors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import yaml

from controller.apimachinery.findings import Finding
from controller.pipeline.errors import InvalidFiles, Problem
from controller.pipeline.yamlfiles import nodes
from controller.pipeline.yamlfiles.document import Document, Filler, build
from controller.pipeline.yamlfiles.placeholders import FORGED_MARK, Hidden
from controller.pipeline.yamlfiles.text import decode, place

_OTHER_QUOTES: Final = {'"': "put single quotes around the whole text", "'": "write each ' in it twice"}


@dataclass(frozen=True, slots=True)
class Part:
    """A document before its placeholders are filled in. Their values depend on the kind of document."""

    file: str
    node: yaml.Node
    hidden: Hidden

    @property
    def line(self) -> int:
        return int(self.node.start_mark.line) + 1

    @property
    def is_manifest(self) -> bool:
        """Whether it is a Kubernetes object, judged by its keys."""
        return isinstance(self.node, yaml.MappingNode) and any(
            isinstance(key, yaml.ScalarNode) and key.value in ("apiVersion", "kind") for key, _ in self.node.value
        )

    def document(self, fill: Filler) -> Document:
        return build(self.file, self.node, self.hidden, fill)


@dataclass(frozen=True, slots=True)
class File:
    """The documents of a file up to the first syntax `error`. There is at least one document or an error."""

    parts: tuple[Part, ...]
    error: Problem | None = None


def read(content: bytes, file: str) -> File:
    """Return the documents in `content`. Raises InvalidFiles if it is empty or not plain text."""
    text = decode(content, file)
    if forged := FORGED_MARK.search(text):
        finding = Finding(message=f"the escape {forged[0]} is not a valid character", remedy="remove it")
        raise InvalidFiles([Problem(file, *place(text, forged.start()), finding)])
    try:
        found = _compose(Hidden(text), file)
        if found.error is not None:
            found = _explained(found, _compose(Hidden(text, everything=True), file))
    except ValueError as error:
        raise InvalidFiles([Problem(file, 0, 0, Finding(message=str(error)))]) from None
    if not found.parts and found.error is None:
        finding = Finding(message="the file is empty", remedy="fill it in, or pass another file")
        raise InvalidFiles([Problem(file, 0, 0, finding)])
    return found


def _compose(hidden: Hidden, file: str) -> File:
    parts = []
    try:
        for node in nodes.compose(hidden.text):
            parts.append(Part(file, node, hidden))
    except nodes.NodeError as error:
        finding = Finding(message=hidden.shown(str(error)))
        return File(tuple(parts), Problem(file, error.line, error.column, finding))
    return File(tuple(parts))


def _explained(found: File, hiding: File) -> File:
    """Return the more helpful result for a file that is not valid YAML.

    `found` is the result as written, `hiding` the one with all templates hidden. Unquoted templates are reported later,
    with their place. Templates in the wrong quotes are reported here.
    """
    if hiding.error is not None:
        return hiding
    bare = False
    for part in hiding.parts:
        for node in _scalars(part.node):
            for placeholder in part.hidden.parts(node.value):
                if isinstance(placeholder, str) or not placeholder.has_quoting:
                    continue
                bare = bare or node.style is None
                if placeholder.ends_quotes(node.style or ""):
                    finding = Finding(
                        message=f"{placeholder} contains quotes that end the string",
                        remedy=_OTHER_QUOTES[str(node.style)],
                    )
                    mark = node.start_mark
                    return File((), Problem(part.file, mark.line + 1, mark.column + 1, finding))
    return hiding if bare else found


def _scalars(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.ScalarNode):
        yield node
    elif isinstance(node, yaml.MappingNode):
        for pair in node.value:
            for each in pair:
                yield from _scalars(each)
    elif isinstance(node, yaml.SequenceNode):
        for each in node.value:
            yield from _scalars(each)
