"""Parses the body of a delivery as JSON, and gives typed access to its fields.

Anyone who can reach the endpoint can send any bytes. So the size is limited, and every string that is returned is one
line of Unicode.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs

from controller.pipeline.errors import PipelineError

# GitHub does not send more than 25 MB; form encoding can triple that.
SIZE_LIMIT: Final = 80 * 1024 * 1024
_FORM: Final = b"payload="
# Control characters, surrogates, and characters that some programs read as a line end.
_UNFIT: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]")
_SHOWN: Final = 60


class BodyError(PipelineError):
    """The body is not a valid webhook. The message names the field and the remedy."""


def parse(raw: bytes) -> Mapping[str, Any]:
    """Return the JSON object in `raw`, which may be in a form (`payload=...`). Raises BodyError."""
    if len(raw) > SIZE_LIMIT:
        raise BodyError(f"the body is longer than {SIZE_LIMIT} bytes; pass the request body unchanged")
    if not raw.strip():
        raise BodyError("the body is empty; pass the request body unchanged")
    try:
        text = raw.decode("utf-8")
        document = json.loads(_unwrapped(text) if raw.startswith(_FORM) else text)
    except UnicodeDecodeError:
        raise BodyError("the body is not UTF-8; pass the request body unchanged") from None
    except RecursionError:
        raise BodyError("the body is nested too deeply; pass the request body unchanged") from None
    except ValueError as error:
        raise BodyError(f"the body is not JSON ({error}); set the webhook's content type to application/json") from None
    if not isinstance(document, Mapping):
        raise BodyError("the body is JSON, but not an object; pass the request body unchanged")
    return document


class Fields:
    """Typed access to one object of the body. Reading a field raises BodyError, with its path, if it is invalid."""

    def __init__(self, obj: Mapping[str, Any], path: str = "") -> None:
        self._obj = obj
        self._path = path

    def has(self, name: str) -> bool:
        """Return whether the field exists and is not null."""
        return self._obj.get(name) is not None

    def at(self, name: str) -> Fields:
        """Return the object in a field."""
        return Fields(self._of_type(name, Mapping, "an object"), self._where(name))

    def maybe(self, name: str) -> Fields | None:
        """Return the object in a field, or None if it is absent or null."""
        return self.at(name) if self.has(name) else None

    def each(self, name: str) -> tuple[Fields, ...]:
        """Return the objects of the list in a field, or () if it is absent or null."""
        if not self.has(name):
            return ()
        items = self._of_type(name, list, "a list")
        for position, item in enumerate(items):
            if not isinstance(item, Mapping):
                raise BodyError(f"{self._where(name)}[{position}]: this is not an object")
        return tuple(Fields(item, f"{self._where(name)}[{position}]") for position, item in enumerate(items))

    def text(self, name: str) -> str:
        """Return the string in a field. It must not be empty."""
        text: str = self._of_type(name, str, "a string")
        if not text:
            raise BodyError(f"{self._where(name)}: the string is empty")
        if _UNFIT.search(text):
            raise BodyError(f"{self._where(name)}: {text[:_SHOWN]!a} contains control characters or surrogates")
        return text

    def maybe_text(self, name: str) -> str:
        """Return the string in a field, or "" if it is absent, null or empty."""
        return self.text(name) if self._obj.get(name) not in (None, "") else ""

    def number(self, name: str) -> int:
        """Return the integer in a field, which must be above 0."""
        number: int = self._of_type(name, int, "a number")
        if isinstance(number, bool) or number < 1:
            raise BodyError(f"{self._where(name)}: {number!r} is not a number above 0")
        return number

    def maybe_number(self, name: str) -> str:
        """Return the digits of the integer in a field, which must be above 0, or "" if it is absent or null."""
        return str(self.number(name)) if self.has(name) else ""

    def flag(self, name: str) -> bool:
        """Return the boolean in a field, or False if it is absent or null."""
        return self.has(name) and bool(self._of_type(name, bool, "true or false"))

    def wrong(self, name: str, what: str) -> BodyError:
        """Return an error about a field of this object."""
        return BodyError(f"{self._where(name)}: {what}")

    def _of_type(self, name: str, wanted: Any, what: str) -> Any:
        value = self._obj.get(name)
        if value is None:
            raise BodyError(f"{self._where(name)}: the field is missing; pass the complete request body")
        if not isinstance(value, wanted):
            raise BodyError(f"{self._where(name)}: {str(value)[:_SHOWN]!a} is not {what}")
        return value

    def _where(self, name: str) -> str:
        return f"{self._path}.{name}" if self._path else name


def _unwrapped(text: str) -> str:
    # Strict, so that a body that only starts like a form is not misread.
    values = parse_qs(text, strict_parsing=True, max_num_fields=8, errors="strict").get("payload", ())
    if len(values) != 1:
        raise ValueError("the form does not have exactly one payload")
    return values[0]
