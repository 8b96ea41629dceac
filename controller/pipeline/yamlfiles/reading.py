"""Reading a file: its documents, and everything that is wrong with it as YAML."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import yaml

from controller.pipeline.errors import InvalidFiles, Problem
from controller.pipeline.yamlfiles import nodes
from controller.pipeline.yamlfiles.document import Document, Filler, build
from controller.pipeline.yamlfiles.placeholders import FORGED_MARK, Hidden
from controller.pipeline.yamlfiles.text import decode, place

_OTHER_QUOTES: Final = {'"': "put single quotes around the whole text", "'": "write each ' within it twice"}


@dataclass(frozen=True, slots=True)
class Part:
    """A document whose placeholders are not filled in yet: with what depends on what the document is."""

    file: str
    node: yaml.Node
    hidden: Hidden

    @property
    def line(self) -> int:
        return int(self.node.start_mark.line) + 1

    @property
    def is_manifest(self) -> bool:
        """Whether it is, or claims to be, an object of Kubernetes."""
        return isinstance(self.node, yaml.MappingNode) and any(
            isinstance(key, yaml.ScalarNode) and key.value in ("apiVersion", "kind") for key, _ in self.node.value
        )

    def document(self, fill: Filler) -> Document:
        return build(self.file, self.node, self.hidden, fill)


@dataclass(frozen=True, slots=True)
class File:
    """The documents of a file, at least one, up to the first `error` of syntax."""

    parts: tuple[Part, ...]
    error: Problem | None = None


def read(content: bytes, file: str) -> File:
    """The documents in a file's `content`. InvalidFiles: it is empty, or no text."""
    text = decode(content, file)
    if forged := FORGED_MARK.search(text):
        words = f"the escape {forged[0]} stands for no character; remove it"
        raise InvalidFiles([Problem(file, *place(text, forged.start()), "", words)])
    try:
        found = _compose(Hidden(text), file)
        if found.error is not None:
            found = _explained(found, _compose(Hidden(text, everything=True), file))
    except ValueError as error:
        raise InvalidFiles([Problem(file, 0, 0, "", str(error))]) from None
    if not found.parts and found.error is None:
        raise InvalidFiles([Problem(file, 0, 0, "", "is empty; write what it is for, or name another file")])
    return found


def _compose(hidden: Hidden, file: str) -> File:
    parts = []
    try:
        for node in nodes.compose(hidden.text):
            parts.append(Part(file, node, hidden))
    except nodes.NodeError as error:
        return File(tuple(parts), Problem(file, error.line, error.column, "", hidden.shown(str(error))))
    return File(tuple(parts))


def _explained(found: File, hiding: File) -> File:
    """The better error of a file that is not YAML: `found` as it is, or `hiding` with all its placeholders hidden.

    Templates without quotes around them are refused later, with their place. Templates in the wrong quotes are refused
    here.
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
                    words = f"{placeholder.text} has quotes that end the text; {_OTHER_QUOTES[str(node.style)]}"
                    mark = node.start_mark
                    return File((), Problem(part.file, mark.line + 1, mark.column + 1, "", words))
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
