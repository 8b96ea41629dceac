"""Values for a schema: at the edges of what the API server admits, and one step beyond."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from hypothesis import Phase, find, settings
from hypothesis import strategies as st

from tests.mutations.schema import Schema

# Words of a schema that `good` and `bad` heed, or that change nothing about the values.
KNOWN_WORDS = frozenset(
    [
        "additionalProperties",
        "default",
        "description",
        "enum",
        "format",
        "items",
        "maxItems",
        "maxLength",
        "maxProperties",
        "maximum",
        "minLength",
        "minProperties",
        "minimum",
        "nullable",
        "pattern",
        "properties",
        "required",
        "type",
        "x-kubernetes-embedded-resource",
        "x-kubernetes-preserve-unknown-fields",
        "x-kubernetes-validations",
    ]
)
_QUIET = settings(database=None, derandomize=True, max_examples=200, phases=(Phase.generate, Phase.shrink))
_INT_LIMITS = {"int32": 2**31 - 1, "int64": 2**63 - 1}
_STRANGE_TEXTS = ("", " ", "\n", "ä", "../..", "{{ x }}", "-", "a b")
# Keys that a schema cannot limit. Others than the first cannot be keys of labels.
_KEYS = ("key", "", "a b", "-", "x" * 64, "a/b/c", "ä")
# Free form: whatever JSON can hold.
_ANYTHING: tuple[Any, ...] = (None, True, 0, 2**63, 1.5, "", "text", [], [None], {}, {"a.b/c": {"": [1]}})
_DEPTH = 120


def deep(depth: int = _DEPTH) -> dict[str, Any]:
    """Maps within maps."""
    value: dict[str, Any] = {"bottom": True}
    for _ in range(depth):
        value = {"deeper": value}
    return value


def example(schema: Schema) -> Any:
    """The smallest value that the schema admits, with what it requires."""
    return next(good(schema))


def good(schema: Schema) -> Iterator[Any]:
    """Yield values that the schema admits, the smallest one first. Rules in CEL may still refuse them."""
    yield from {
        "boolean": lambda _: iter((True, False)),
        "integer": _integers,
        "string": _texts,
        "object": _objects,
        "array": _arrays,
        "": lambda _: iter((*_ANYTHING, deep())),
    }[schema.get("type", "")](schema)
    if schema.get("nullable"):
        yield None


def bad(schema: Schema) -> Iterator[Any]:
    """Yield values that break a word of the schema."""
    kind = schema.get("type")
    if not kind:
        return
    if not schema.get("nullable"):
        yield None
    yield from ([True] if kind != "boolean" else ["true"])
    yield {"object": [], "array": {}, "string": 7}.get(kind, "text")
    if kind == "integer":
        low, high = _limits(schema)
        yield from (low - 1, high + 1, 1.5)
    elif kind == "string":
        yield from (text for text in (*_STRANGE_TEXTS, "other") if not _fits(schema, text))
        if "maxLength" in schema:
            yield "a" * (schema["maxLength"] + 1)
    elif kind == "array":
        if "maxItems" in schema:
            yield [example(schema["items"])] * (schema["maxItems"] + 1)
    elif "maxProperties" in schema and "additionalProperties" in schema:
        yield {f"k{n}": example(schema["additionalProperties"]) for n in range(schema["maxProperties"] + 1)}


def _integers(schema: Schema) -> Iterator[Any]:
    low, high = _limits(schema)
    yield from (low, low + 1, high)


def _limits(schema: Schema) -> tuple[int, int]:
    high = _INT_LIMITS[schema.get("format", "int64")]
    return schema.get("minimum", -high - 1), schema.get("maximum", high)


def _texts(schema: Schema) -> Iterator[str]:
    if "enum" in schema:
        yield from schema["enum"]
        return
    found = _matching(schema.get("pattern", ""), max(1, schema.get("minLength", 0)))
    yield from found
    if longest := _padded(schema, found[0]):
        yield longest
    yield from (text for text in _STRANGE_TEXTS if _fits(schema, text))


@cache
def _matching(pattern: str, least: int) -> tuple[str, ...]:
    """Return two texts that a pattern admits."""
    if not pattern:
        return ("a" * least, "b" * least)
    texts = st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True).filter(str.isprintable)
    first = find(texts, lambda text: len(text) >= least, settings=_QUIET)
    return first, find(texts, lambda text: len(text) >= least and text != first, settings=_QUIET)


def _padded(schema: Schema, text: str) -> str:
    """Return the text made as long as the schema admits, or ""."""
    filling = schema.get("maxLength", 300) - len(text)
    longer = (text[:at] + "a" * filling + text[at:] for at in range(len(text), -1, -1))
    return next((found for found in longer if _fits(schema, found)), "")


def _fits(schema: Schema, text: str) -> bool:
    if "enum" in schema:
        return text in schema["enum"]
    is_long_enough = schema.get("minLength", 0) <= len(text) <= schema.get("maxLength", len(text))
    return is_long_enough and re.search(schema.get("pattern", ""), text) is not None


def _objects(schema: Schema) -> Iterator[dict[str, Any]]:
    properties = schema.get("properties") or {}
    smallest = {name: example(properties[name]) for name in schema.get("required") or ()}
    if len(smallest) < schema.get("minProperties", 0):
        name = next(iter(properties))
        smallest = {name: example(properties[name])}
    if schema.get("x-kubernetes-embedded-resource"):
        yield {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "generated"}}
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "generated"}}
        yield {"apiVersion": "example.com/v1", "kind": "Unknown", "metadata": {"name": "generated"}}
        yield {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "generated"}}
        yield {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "generated"}, "data": {"a": 1}}
        yield {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "generated"}, "data": {"a": "plain text"}}
        return
    yield smallest
    if properties:
        # Unknown fields fall away.
        yield {**smallest, "unknownField": 1}
        if "maxProperties" not in schema:
            yield {name: example(child) for name, child in properties.items()}
    if "additionalProperties" in schema:
        yield from ({key: example(schema["additionalProperties"])} for key in _KEYS)
        if most := schema.get("maxProperties"):
            yield {f"k{n}": example(schema["additionalProperties"]) for n in range(most)}
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        yield from (value for value in _ANYTHING if isinstance(value, dict) and value)
        yield deep()


def _arrays(schema: Schema) -> Iterator[list[Any]]:
    item = example(schema["items"])
    yield []
    yield [item]
    yield [item, item]
    yield [item] * schema.get("maxItems", 2)
