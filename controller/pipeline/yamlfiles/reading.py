"""Reading a file: its documents, and everything that is wrong with it as YAML."""

from __future__ import annotations

from dataclasses import dataclass

import yaml

from controller.pipeline.errors import InvalidFiles, Problem
from controller.pipeline.yamlfiles import nodes
from controller.pipeline.yamlfiles.document import Document, Filler, build
from controller.pipeline.yamlfiles.placeholders import FORGED_MARK, Hidden
from controller.pipeline.yamlfiles.text import decode, place


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
        hidden = Hidden(text)
    except ValueError as error:
        raise InvalidFiles([Problem(file, 0, 0, "", str(error))]) from None
    parts = []
    try:
        for node in nodes.compose(hidden.text):
            parts.append(Part(file, node, hidden))
    except nodes.NodeError as error:
        return File(tuple(parts), Problem(file, error.line, error.column, "", hidden.shown(str(error))))
    if not parts:
        raise InvalidFiles([Problem(file, 0, 0, "", "is empty; write what it is for, or name another file")])
    return File(tuple(parts))
