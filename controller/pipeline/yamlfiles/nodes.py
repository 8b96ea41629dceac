"""Parses text to YAML nodes with their places, and rejects everything that is not plain data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import yaml

from controller.apimachinery import nesting

# Above the limit for values, so that the policy rejects deeper values first and names their field.
DEPTH_LIMIT: Final = nesting.READ_LIMIT
_PREFIX: Final = "tag:yaml.org,2002:"
NULL, BOOL, INT, FLOAT, STR = (f"{_PREFIX}{name}" for name in ("null", "bool", "int", "float", "str"))
_ALLOWED_TAGS: Final = ("!", STR, f"{_PREFIX}map", f"{_PREFIX}seq")


class NodeError(Exception):
    """A text is not valid YAML, or not plain data. `line` and `column` count from 1."""

    def __init__(self, line: int, column: int, text: str) -> None:
        super().__init__(text)
        self.line, self.column = line, column


class _Loader(yaml.SafeLoader):
    """Composes nodes, one document after the other, up to the first error."""

    # Dates, base-60 numbers and merge keys are left out, so they are strings. The rest is the same as in Helm.
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            raise _at(event.start_mark, f"the alias *{event.anchor} is not supported; write out its value")
        tag = getattr(event, "tag", None)
        if tag is not None and tag not in _ALLOWED_TAGS:
            words = f"the tag {_shown(tag)} is not supported; remove it, and quote the value if it is a string"
            raise _at(event.start_mark, words)
        if self._depth == DEPTH_LIMIT:
            raise _at(event.start_mark, f"this is nested more than {nesting.LIMIT} levels deep; {nesting.FLATTEN}")
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


for _tag, _pattern, _first in (
    (NULL, r"~|null|Null|NULL|", "~nN\0"),
    (BOOL, r"yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF", "yYnNtTfFoO"),
    (INT, r"[-+]?(0[bB][01_]+|0[oO]?[0-7_]+|0[xX][0-9a-fA-F_]+|0|[1-9][0-9_]*)", "-+0123456789"),
    # Includes numbers without a dot, such as `1e-3`, and `089`, which is not octal.
    (FLOAT, r"[-+]?([0-9][0-9_]*(\.[0-9_]*)?|\.[0-9][0-9_]*)([eE][-+]?[0-9][0-9_]*)?", "-+0123456789."),
    (FLOAT, r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", "-+."),
):
    _first_letters = ["" if letter == "\0" else letter for letter in _first]
    _Loader.add_implicit_resolver(_tag, re.compile(rf"(?:{_pattern})\Z"), _first_letters)


def compose(text: str) -> Iterator[yaml.Node]:
    """Yield the documents of a text, without empty ones. Raises NodeError at the first error."""
    loader = _Loader(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            if node is not None and not _is_empty(node):
                yield node
    except yaml.MarkedYAMLError as error:
        raise _at(error.problem_mark or error.context_mark or loader.get_mark(), _words(error, text)) from None
    except yaml.reader.ReaderError as error:
        raise NodeError(0, 0, f"invalid YAML: {error.reason}") from None
    except (ValueError, OverflowError):
        # The scanner raises these errors for escapes that do not stand for a character.
        raise _at(loader.get_mark(), "the escape (\\x, \\u or \\U) is not a valid character; remove it") from None
    finally:
        loader.dispose()


def _is_empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.value == "" and node.style is None


def _shown(tag: str) -> str:
    return ascii(tag.replace(_PREFIX, "!!"))[1:-1]


def _at(mark: Any, text: str) -> NodeError:
    return NodeError(mark.line + 1, mark.column + 1, text)


def _words(error: yaml.MarkedYAMLError, text: str) -> str:
    problem = str(error.problem or error.context or "it cannot be parsed")
    for pattern, remedy in _REMEDIES:
        if pattern in problem:
            return remedy
    return f"invalid YAML: {problem}; check the indentation and the quotes"


_REMEDIES: Final = (
    ("found character '\\t'", "a tab is not allowed here; indent with spaces"),
    ("found character '%'", "a value cannot start with '%'; statements such as {% if %} are not supported"),
    ("found character '@'", "a value cannot start with '@'; quote it"),
    ("found character '`'", "a value cannot start with '`'; quote it"),
    ("mapping values are not allowed here", "a ':' is not allowed here; check the indentation, or quote the value"),
    ("could not find expected ':'", "a key has no ':' after it; check this line and the one before"),
    ("expected <block end>", "the indentation does not match; indent keys of one mapping by the same number of spaces"),
    ("found unknown escape character", "\\ starts an escape in double quotes; use single quotes"),
    ("found unexpected end of stream", "the file ends within a quoted string; add the closing quote"),
)
