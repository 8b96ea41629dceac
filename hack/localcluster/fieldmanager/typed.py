"""Checks an applied configuration against its schema. The server refuses a wrong one before it merges anything.

Source of the rules: sigs.k8s.io/structured-merge-diff, package typed (validate); the words are its words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..fielderrors import go_float, go_quote
from ..schema.typing import Typing
from .fieldset import path_text
from .walk import TypingError, item_element


def check_typed(obj: Mapping[str, Any], typing: Typing) -> None:
    """Raises TypingError if the object has undeclared fields, values of other types, or list items without identity."""
    problems = list(_check(dict(obj), typing, ""))
    if len(problems) == 1:
        raise TypingError(problems[0][1], path=problems[0][0])
    if problems:
        lines = [f"  {path}: {text}" if path else f"  {text}" for path, text in problems]
        raise TypingError("\n".join(["errors:", *lines]))


def _check(value: Any, typing: Typing, path: str) -> Iterator[tuple[str, str]]:
    if value is None:
        return
    if isinstance(value, dict) and typing.map:
        yield from _check_map(value, typing, path)
    elif isinstance(value, list) and typing.list:
        yield from _check_list(value, typing, path)
    elif typing.map:
        if isinstance(value, list) or not typing.scalar:
            yield path, f"expected map, got &{{{_go_text(value)}}}"
    elif typing.scalar:
        yield from ((path, text) for text in _check_scalar(value, typing.scalar_type))
    else:
        yield path, f"expected list, got &{{{_go_text(value)}}}"


def _check_map(value: dict[str, Any], typing: Typing, path: str) -> Iterator[tuple[str, str]]:
    for name, inner in value.items():
        if typing.closed and not typing.declares(name):
            yield f"{path}.{name}", "field not declared in schema"
            return
        yield from _check(inner, typing.field(name), f"{path}.{name}")


def _check_list(items: list[Any], typing: Typing, path: str) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for index, item in enumerate(items):
        place = f"[{index}]"
        if typing.list_type != "atomic":
            try:
                element = item_element(item, typing)
            except TypingError as error:
                yield path, f"element {index}: {error.problem}"
                return
            place = path_text((element,))
            if element in seen:
                yield path, f"duplicate entries for key {place}"
            seen.add(element)
        yield from _check(item, typing.element, f"{path}{place}")


def _check_scalar(value: Any, wanted: str) -> Iterator[str]:
    form = "boolean" if isinstance(value, bool) else "string" if isinstance(value, str) else "numeric"
    if isinstance(value, (dict, list)):
        form = ""
    if wanted == "untyped":
        if not form:
            yield f"expected any scalar, got &{{{_go_text(value)}}}"
    elif form != wanted:
        yield _expected(wanted, value)


def _expected(wanted: str, value: Any) -> str:
    if wanted == "numeric":
        return f"expected numeric (int or float), got {_go_type(value)}"
    if wanted == "string":
        return f"expected string, got &value.valueUnstructured{{Value:{_go_syntax(value)}}}"
    return f"expected boolean, got &{{{_go_text(value)}}}"


def _go_type(value: Any) -> str:
    if isinstance(value, dict):
        return "map[string]interface {}"
    if isinstance(value, list):
        return "[]interface {}"
    return "bool" if isinstance(value, bool) else "string"


def _go_syntax(value: Any) -> str:
    if isinstance(value, dict):
        return "map[string]interface {}{" + ", ".join(f"{go_quote(k)}:{_go_syntax(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[]interface {}{" + ", ".join(map(_go_syntax, value)) + "}"
    return go_quote(value) if isinstance(value, str) else _go_text(value)


def _go_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return go_float(value)
    if isinstance(value, dict):
        return "map[" + " ".join(f"{name}:{_go_text(value[name])}" for name in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(map(_go_text, value)) + "]"
    return "<nil>" if value is None else str(value)
