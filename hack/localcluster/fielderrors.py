"""Field errors in the API server's words.

An API server answers 422 with one sentence for people (`message`) and a list of causes for programs. Both are composed
from field errors, and clients (kubectl, controllers, tests) match on their exact texts, so everything that refuses an
object builds its errors here. Values inside the sentences are printed as Go prints them.

Source: k8s.io/apimachinery, packages util/validation/field and api/errors.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from .nesting import unfold

NO_FIELD = "<nil>"
OMITTED = object()
"""Given as a value: the sentence names no value at all."""


@dataclass(frozen=True, slots=True)
class Printed:
    """Given as a value: the sentence shows this text as it is (for values that only the server can print)."""

    text: str


_UNCHECKED_RULES = (
    "some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation"
)
_BLOCKING = frozenset(
    (
        "FieldValueNotSupported",
        "FieldValueRequired",
        "FieldValueTooLong",
        "FieldValueTooMany",
        "FieldValueTypeInvalid",
    )
)


@dataclass(frozen=True, slots=True)
class FieldError:
    """One error of one field.

    Attributes:
        field: path of the field (`spec.list[0].name`), or `<nil>` for the object as a whole.
        reason: machine-readable kind, as in `details.causes[].reason` (`FieldValueRequired`, ...).
        detail: the sentence without the field (`Required value`).
    """

    field: str
    reason: str
    detail: str

    @property
    def message(self) -> str:
        """The sentence with the field in front, as it appears in the Status message."""
        return f"{self.field}: {self.detail}"

    @property
    def cause(self) -> dict[str, str]:
        """The entry of `details.causes`."""
        return {"reason": self.reason, "message": self.detail, "field": self.field}

    @property
    def blocks_rules(self) -> bool:
        """Whether an object with this error is too broken for CEL rules to be evaluated on it."""
        return self.reason in _BLOCKING


def invalid(field: str, value: Any, detail: str) -> FieldError:
    """A malformed value."""
    return _with_value(field, "FieldValueInvalid", "Invalid value", value, detail)


def type_invalid(field: str, value: Any, detail: str) -> FieldError:
    """A value of another type than the schema's."""
    return _with_value(field, "FieldValueTypeInvalid", "Invalid value", value, detail)


def required(field: str, detail: str = "") -> FieldError:
    """A value that is missing, or empty where it must not be."""
    return _without_value(field, "FieldValueRequired", "Required value", detail)


def forbidden(field: str, detail: str) -> FieldError:
    """A value that is well-formed but not allowed here."""
    return _without_value(field, "FieldValueForbidden", "Forbidden", detail)


def duplicate(field: str, value: Any) -> FieldError:
    """A value that must be unique and is not."""
    return _with_value(field, "FieldValueDuplicate", "Duplicate value", value, "")


def not_found(field: str, value: Any) -> FieldError:
    """A reference to an object that does not exist."""
    return _with_value(field, "FieldValueNotFound", "Not found", value, "")


def unsupported(field: str, value: Any, supported: Sequence[str]) -> FieldError:
    """A value outside an enumeration."""
    detail = "supported values: " + ", ".join(go_quote(text) for text in supported) if supported else ""
    return _with_value(field, "FieldValueNotSupported", "Unsupported value", value, detail)


def too_long(field: str, limit: int) -> FieldError:
    """A string longer than `limit`. The server says bytes even where it counts characters."""
    detail = f"may not be more than {limit} {'byte' if limit == 1 else 'bytes'}"
    return _without_value(field, "FieldValueTooLong", "Too long", detail)


def too_many(field: str, actual: int, limit: int) -> FieldError:
    """A list or map with more than `limit` entries."""
    detail = f"must have at most {limit} {'item' if limit == 1 else 'items'}"
    return _with_value(field, "FieldValueTooMany", "Too many", actual, detail)


def rules_unchecked() -> FieldError:
    """Return the error that the server adds when an error of the schema prevents the evaluation of CEL rules."""
    return invalid(NO_FIELD, None, _UNCHECKED_RULES)


def qualified_kind(kind: str, group: str) -> str:
    """`Gadget.probe.example.com`, or `Namespace` for the core group."""
    return f"{kind}.{group}" if group else kind


def invalid_message(kind: str, name: str, errors: Iterable[FieldError]) -> str:
    """The message of an Invalid Status: one error stands alone, several in brackets, repetitions once.

    `kind` is the qualified kind (`qualified_kind`), or `plural.group` where the server says so.
    """
    head = f"{kind} {go_quote(name)} is invalid"
    sentences = list(dict.fromkeys(error.message for error in errors))
    if not sentences:
        return head
    if len(sentences) == 1:
        return f"{head}: {sentences[0]}"
    return f"{head}: [{', '.join(sentences)}]"


def _with_value(field: str, reason: str, title: str, value: Any, detail: str) -> FieldError:
    text = title if value is OMITTED else f"{title}: {go_value(value)}"
    return FieldError(field=field, reason=reason, detail=f"{text}: {detail}" if detail else text)


def _without_value(field: str, reason: str, title: str, detail: str) -> FieldError:
    return FieldError(field=field, reason=reason, detail=f"{title}: {detail}" if detail else title)


def go_value(value: Any) -> str:
    """A value as field errors print it: strings quoted, numbers and booleans bare, the rest as compact JSON."""
    if isinstance(value, Printed):
        return value.text
    if isinstance(value, str):
        return go_quote(value)
    if isinstance(value, float):
        return go_float(value)
    return go_json(value)


def go_json(value: Any) -> str:
    """Compact JSON with sorted keys and the three HTML characters escaped, as Go's encoder writes it."""
    text = unfold(json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False))
    for char, escape in (("&", "\\u0026"), ("<", "\\u003c"), (">", "\\u003e")):
        text = text.replace(char, escape)
    return text


def go_float(value: float) -> str:
    """A float as Go's %v prints it: shortest form, exponent below 1e-4 and from 1e21 on."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "+Inf" if value > 0 else "-Inf"
    decimal = Decimal(repr(value)).normalize()
    if not value or 1e-4 <= abs(value) < 1e21:
        return f"{decimal:f}"
    power = decimal.adjusted()
    return f"{decimal.scaleb(-power)}e{'-' if power < 0 else '+'}{abs(power):02d}"


_ESCAPES = {
    '"': '\\"',
    "\\": "\\\\",
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
}


def go_quote(text: str) -> str:
    """A string as Go's %q prints it."""
    return '"' + "".join(_quoted_char(char) for char in text) + '"'


def _quoted_char(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    code = ord(char)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
