"""The JSONPath of printer columns: fields, indexes, wildcards and equality filters.

`.status.conditions[?(@.type=="Ready")].status`, `.spec.ports[0].port`, `.metadata.labels.a\\.b/c`, `.x['y']`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Step = Callable[[list[Any]], list[Any]]

_FIELD = re.compile(r"\.((?:\\.|[^.\[\\])+)")
_QUOTED = re.compile(r"""\[(['"])(.*?)\1\]""")
_INDEX = re.compile(r"\[(-?\d+)\]")
_ALL = re.compile(r"\[\*\]|\.\*")
_FILTER = re.compile(r"""\[\?\(\s*@\.([\w.\-/]+)\s*(==|!=)\s*(?:"([^"]*)"|'([^']*)'|(\w+))\s*\)\]""")


def compile_path(path: str) -> Callable[[Any], list[Any]]:
    """A reader of everything the path finds in a document.

    Raises:
        ValueError: for a path in a form that printer columns do not use.
    """
    steps: list[Step] = []
    position = 0
    while position < len(path):
        for pattern, make in _STEPS:
            match = pattern.match(path, position)
            if match:
                steps.append(make(match))
                position = match.end()
                break
        else:
            raise ValueError(f"JSONPath {path!r} is not understood at position {position}")

    def read(document: Any) -> list[Any]:
        found = [document]
        for step in steps:
            found = step(found)
        return found

    return read


def _fields(name: str) -> Step:
    return lambda found: [item[name] for item in found if isinstance(item, dict) and name in item]


def _index(position: int) -> Step:
    return lambda found: [
        item[position] for item in found if isinstance(item, list) and -len(item) <= position < len(item)
    ]


def _every(found: list[Any]) -> list[Any]:
    inner: list[Any] = []
    for item in found:
        inner += item if isinstance(item, list) else item.values() if isinstance(item, dict) else []
    return inner


def _filter(match: re.Match[str]) -> Step:
    path, operator = match[1], match[2]
    wanted = next((text for text in match.groups()[2:] if text is not None), "")
    read = compile_path(f".{path}")

    def holds(item: Any) -> bool:
        values = [_text(value) for value in read(item)]
        return bool(values) and (values[0] == wanted) == (operator == "==")

    return lambda found: [item for item in _every(found) if holds(item)]


def _text(value: Any) -> str:
    return {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)


_STEPS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Step]], ...] = (
    (_ALL, lambda match: _every),
    (_FIELD, lambda match: _fields(re.sub(r"\\(.)", r"\1", match[1]))),
    (_QUOTED, lambda match: _fields(match[2])),
    (_INDEX, lambda match: _index(int(match[1]))),
    (_FILTER, _filter),
)
