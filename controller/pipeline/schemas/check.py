"""Comparing a document with a schema: jsonschema finds what does not fit, and this says how to put it right."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from controller.pipeline.errors import Problem
from controller.pipeline.schemas.definitions import Schema
from controller.pipeline.schemas.suggestions import nearest
from controller.pipeline.schemas.words import kind_of, listed, shown, wanted
from controller.pipeline.yamlfiles import Document
from controller.pipeline.yamlfiles.document import Path

# What to say of unknown keys that are known to be something else: where they stand, and the remedy.
Known = Mapping[tuple[str, ...], str]


@dataclass(frozen=True, slots=True)
class _Misfit:
    """What jsonschema found: the value at `path` breaks the rule `rule: wanted` of `schema`."""

    path: Path
    value: Any
    rule: str
    wanted: Any
    schema: Schema
    message: str

    @property
    def about(self) -> str:
        """What the schema says of the field."""
        return _about(self.schema.get("description", ""))

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(self.schema.get("properties", ()))


def check(document: Document, schema: Schema, *, known: Known | None = None) -> list[Problem]:
    """Everything in `document` that does not fit, in the order of the file."""
    problems: list[Problem] = []
    for error in Draft202012Validator(schema).iter_errors(document.value):
        misfit = _misfit(error)
        problems += _WORDS[misfit.rule](document, misfit, known or {})
    return sorted(problems)


def _misfit(error: ValidationError) -> _Misfit:
    schema: Any = error.schema
    if _KEYS in error.absolute_schema_path:
        path = (*error.absolute_path, str(error.instance))
        return _Misfit(path, error.instance, _KEYS, error.validator_value, schema, error.message)
    return _Misfit(
        tuple(error.absolute_path), error.instance, str(error.validator), error.validator_value, schema, error.message
    )


_Words = Callable[[Document, _Misfit, Known], Iterator[Problem]]


def _unknown(document: Document, misfit: _Misfit, known: Known) -> Iterator[Problem]:
    for name in misfit.value:
        path = (*misfit.path, name)
        if name not in misfit.fields:
            remedy = next((remedy for key, remedy in known.items() if key == path), None)
            yield document.problem(path, f"is unknown; {remedy or nearest(name, misfit.fields)}", at_key=True)


def _missing(document: Document, misfit: _Misfit, known: Known) -> Iterator[Problem]:
    for name in misfit.wanted:
        # Which of them is meant stands in jsonschema's text alone.
        if misfit.message.startswith(repr(name)):
            description = misfit.schema["properties"].get(name, {}).get("description", "")
            yield document.problem((*misfit.path, name), f"is missing; add it{_about(description)}")


def _type(document: Document, misfit: _Misfit, known: Known) -> Iterator[Problem]:
    types = misfit.wanted if isinstance(misfit.wanted, list) else [misfit.wanted]
    if misfit.value is None:
        words = "is empty; fill it in, or remove the key"
    elif "string" in types and isinstance(misfit.value, bool | int | float):
        words = f"{shown(misfit.value)} is {kind_of(misfit.value)}, not a text; quote it"
    else:
        words = f"{shown(misfit.value)} is {kind_of(misfit.value)}; write {wanted(types)}{misfit.about}"
    yield document.problem(misfit.path, words)


def _form(document: Document, misfit: _Misfit, known: Known) -> Iterator[Problem]:
    if misfit.value == "" and "minLength" in misfit.schema and misfit.rule != "minLength":
        # Said already, and better.
        return
    words = "is empty; fill it in" if misfit.value == "" else f"{shown(misfit.value)} cannot be used here"
    # What can be used stands in the description of every field that has a pattern.
    yield document.problem(misfit.path, f"{words}{misfit.about}")


def _key(document: Document, misfit: _Misfit, known: Known) -> Iterator[Problem]:
    yield document.problem(misfit.path, f"{shown(misfit.value)} cannot be a key here{misfit.about}", at_key=True)


def _choice(document: Document, misfit: _Misfit, known: Known) -> Iterator[Problem]:
    choices = [str(value) for value in misfit.wanted if value is not None]
    yield document.problem(misfit.path, f"{shown(misfit.value)} is unknown; use {listed(choices)}")


def _bound(document: Document, misfit: _Misfit, known: Known) -> Iterator[Problem]:
    side = "least" if misfit.rule == "minimum" else "most"
    yield document.problem(misfit.path, f"{shown(misfit.value)} is out of range; use at {side} {misfit.wanted}")


def _length(document: Document, misfit: _Misfit, known: Known) -> Iterator[Problem]:
    yield document.problem(misfit.path, f"is {len(misfit.value)} characters long; use at most {misfit.wanted}")


def _count(document: Document, misfit: _Misfit, known: Known) -> Iterator[Problem]:
    size = len(misfit.value)
    if misfit.wanted == 1 and misfit.fields:
        words = f"names {size or 'none'} of {listed(misfit.fields, 'and')}; name exactly one"
    else:
        words = f"has {size} entries; use at {'least' if misfit.rule.startswith('min') else 'most'} {misfit.wanted}"
    yield document.problem(misfit.path, words)


def _about(description: str) -> str:
    sentence = description.partition(". ")[0].rstrip(".")
    # An abbreviation stays as it is.
    first = sentence[:1] if sentence[1:2].isupper() else sentence[:1].lower()
    return f" ({first}{sentence[1:]})" if sentence else ""


_KEYS: Final = "propertyNames"
_WORDS: Final[Mapping[str, _Words]] = {
    "additionalProperties": _unknown,
    _KEYS: _key,
    "required": _missing,
    "type": _type,
    "pattern": _form,
    "minLength": _form,
    "maxLength": _length,
    "enum": _choice,
    "minimum": _bound,
    "maximum": _bound,
    "minItems": _count,
    "maxItems": _count,
    "minProperties": _count,
    "maxProperties": _count,
}
