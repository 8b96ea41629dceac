"""Validates a document against a schema: jsonschema finds the errors, this module says how to correct them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from controller.apimachinery.findings import Finding, Path
from controller.pipeline.errors import Problem
from controller.pipeline.schemas.definitions import Schema
from controller.pipeline.schemas.words import kind_of, listed, nearest, quoted, wanted
from controller.pipeline.yamlfiles import Document

# Remedies for common wrong keys, by their path.
Known = Mapping[tuple[str, ...], str]


@dataclass(frozen=True, slots=True)
class _Misfit:
    """An error that jsonschema found: the value at `path` violates the rule `rule: wanted` of `schema`."""

    path: Path
    value: Any
    rule: str
    wanted: Any
    schema: Schema
    message: str

    @property
    def about(self) -> str:
        """The description of the field in the schema, in parentheses for a message."""
        return _about(self.schema.get("description", ""))

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(self.schema.get("properties", ()))

    def finding(self, message: str, remedy: str = "") -> Finding:
        return Finding(path=self.path, message=message, remedy=remedy)


def check(document: Document, schema: Schema, *, known: Known | None = None) -> list[Problem]:
    """Return all schema errors of `document`, in the order of the file. `known` has remedies for common wrong keys."""
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
            finding = Finding(path=path, message="unknown key", remedy=remedy or nearest(name, misfit.fields))
            yield document.problem(finding, at_key=True)


def _missing(document: Document, misfit: _Misfit, known: Known) -> Iterator[Problem]:
    for name in misfit.wanted:
        # Only jsonschema's message says which of the names is missing.
        if misfit.message.startswith(repr(name)):
            about = _about(misfit.schema["properties"].get(name, {}).get("description", ""))
            yield document.problem(
                Finding(path=(*misfit.path, name), message="required key is missing", remedy=f"add it{about}")
            )


def _type(document: Document, misfit: _Misfit, known: Known) -> Iterator[Problem]:
    types = misfit.wanted if isinstance(misfit.wanted, list) else [misfit.wanted]
    if misfit.value is None:
        message, remedy = "the value is empty", "fill it in, or remove the key"
    elif "string" in types and isinstance(misfit.value, bool | int | float):
        message, remedy = f"{quoted(misfit.value)} is {kind_of(misfit.value)}, not a string", "quote it"
    else:
        message, remedy = f"{quoted(misfit.value)} is {kind_of(misfit.value)}", f"write {wanted(types)}{misfit.about}"
    yield document.problem(misfit.finding(message, remedy))


def _form(document: Document, misfit: _Misfit, known: Known) -> Iterator[Problem]:
    if misfit.value == "" and "minLength" in misfit.schema and misfit.rule != "minLength":
        # The rule minLength reports this, with a better message.
        return
    # The description of every field with a pattern says which values are valid.
    if misfit.value == "":
        yield document.problem(misfit.finding("the value is empty", f"fill it in{misfit.about}"))
    else:
        yield document.problem(misfit.finding(f"{quoted(misfit.value)} is not valid here{misfit.about}"))


def _key(document: Document, misfit: _Misfit, known: Known) -> Iterator[Problem]:
    finding = misfit.finding(f"{quoted(misfit.value)} is not a valid key{misfit.about}")
    yield document.problem(finding, at_key=True)


def _choice(document: Document, misfit: _Misfit, known: Known) -> Iterator[Problem]:
    choices = [str(value) for value in misfit.wanted if value is not None]
    yield document.problem(misfit.finding(f"{quoted(misfit.value)} is not supported", f"use {listed(choices)}"))


def _bound(document: Document, misfit: _Misfit, known: Known) -> Iterator[Problem]:
    side = "least" if misfit.rule == "minimum" else "most"
    remedy = f"use at {side} {misfit.wanted}"
    yield document.problem(misfit.finding(f"{quoted(misfit.value)} is out of range", remedy))


def _length(document: Document, misfit: _Misfit, known: Known) -> Iterator[Problem]:
    remedy = f"use at most {misfit.wanted}"
    yield document.problem(misfit.finding(f"the value has {len(misfit.value)} characters", remedy))


def _count(document: Document, misfit: _Misfit, known: Known) -> Iterator[Problem]:
    size = len(misfit.value)
    if misfit.wanted == 1 and misfit.fields:
        message = f"exactly one of {listed(misfit.fields, 'and')} is required, but found {size or 'none'}"
        yield document.problem(misfit.finding(message))
    else:
        side = "least" if misfit.rule.startswith("min") else "most"
        remedy = f"use at {side} {misfit.wanted}"
        yield document.problem(misfit.finding(f"the field has {size} entries", remedy))


def _about(description: str) -> str:
    sentence = description.partition(". ")[0].rstrip(".")
    # Keep the capitals of an abbreviation.
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
