"""The `fieldPath` of a validation rule: a restricted JSON path from the rule's place in the schema.

Source: k8s.io/apiextensions-apiserver, package apiserver/schema/cel (ValidFieldPath).
"""

from __future__ import annotations

import re

from .node import Node

_TOKEN = re.compile(r"'(?:[^'\\]|\\.)*'|[.\[\]]|[^.\[\]]+")
_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "'": "'", "\\": "\\"}


def normalize(path: str, node: Node) -> str:
    """The path as field errors write it. Raises ValueError with the server's complaint."""
    tokens = _TOKEN.findall(path)
    result, at = "", 0

    def take() -> str:
        nonlocal at
        if at >= len(tokens):
            raise ValueError("unexpected end of JSON path")
        at += 1
        return str(tokens[at - 1])

    while at < len(tokens):
        opening = take()
        if opening == "[":
            name = _unquoted(take())
        elif opening == ".":
            name = take()
        else:
            raise ValueError(f"expected [ or . but got: {opening}")
        if node.properties:
            if name not in node.properties:
                raise ValueError("does not refer to a valid field")
            node = node.properties[name]
            result += f".{name}" if result else name
        elif node.additional_node is not None:
            node = node.additional_node
            result += f"[{name}]"
        else:
            raise ValueError("does not refer to a valid field")
        if opening == "[" and (closing := take()) != "]":
            raise ValueError(f"expected ] but got {closing}")
    return result


def _unquoted(token: str) -> str:
    if len(token) < 2 or token[0] != "'" or token[-1] != "'":
        raise ValueError(f"expected single quoted string but got {token}")

    def unescape(match: re.Match[str]) -> str:
        if match[1] not in _ESCAPES:
            raise ValueError(f"invalid string literal: invalid escape char {match[0]}")
        return _ESCAPES[match[1]]

    return _ESCAPE.sub(unescape, token[1:-1])
