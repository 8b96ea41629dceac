"""A delivery's body: from raw bytes to JSON, and typed looks into it that say what is missing.

Whoever can reach the endpoint chooses these bytes. So sizes are bounded, and every text that goes on from here is one
line of Unicode.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs

from controller.pipeline.errors import PipelineError

# GitHub drops deliveries beyond 25 MB; the form encoding can make that three times as long.
SIZE_LIMIT: Final = 80 * 1024 * 1024
_FORM: Final = b"payload="
# Control characters, halves of characters, and what some programs take for the end of a line.
_UNFIT: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]")
_SHOWN: Final = 60


class BodyError(PipelineError):
    """The body is not what its sender promises; the text names the field and the remedy."""


def parse(raw: bytes) -> Mapping[str, Any]:
    """The JSON object in `raw`, which may be wrapped in a form (`payload=...`). Raises BodyError."""
    if len(raw) > SIZE_LIMIT:
        raise BodyError(f"the body is longer than {SIZE_LIMIT} bytes; no provider sends so much")
    if not raw.strip():
        raise BodyError("the body is empty; pass the request's body as it came")
    try:
        text = raw.decode("utf-8")
        document = json.loads(_unwrapped(text) if raw.startswith(_FORM) else text)
    except UnicodeDecodeError:
        raise BodyError("the body is not UTF-8; pass the request's body as it came") from None
    except RecursionError:
        raise BodyError("the body is nested too deeply") from None
    except ValueError as error:
        raise BodyError(f"the body is not JSON ({error}); choose the content type application/json") from None
    if not isinstance(document, Mapping):
        raise BodyError("the body is JSON but no object; pass the request's body as it came")
    return document


class Fields:
    """Typed looks into one object of the body; each raises BodyError with the path of the field."""

    def __init__(self, obj: Mapping[str, Any], path: str = "") -> None:
        self._obj = obj
        self._path = path

    def has(self, name: str) -> bool:
        """Whether the field is there and not null."""
        return self._obj.get(name) is not None

    def at(self, name: str) -> Fields:
        """The object in a field."""
        return Fields(self._of_type(name, Mapping, "an object"), self._where(name))

    def maybe(self, name: str) -> Fields | None:
        """The object in a field, or None where it is absent or null."""
        return self.at(name) if self.has(name) else None

    def each(self, name: str) -> tuple[Fields, ...]:
        """The objects of the list in a field; () where it is absent or null."""
        if not self.has(name):
            return ()
        items = self._of_type(name, list, "a list")
        for position, item in enumerate(items):
            if not isinstance(item, Mapping):
                raise BodyError(f"{self._where(name)}[{position}]: is no object")
        return tuple(Fields(item, f"{self._where(name)}[{position}]") for position, item in enumerate(items))

    def text(self, name: str) -> str:
        """A text that is not empty."""
        text: str = self._of_type(name, str, "a text")
        if not text:
            raise BodyError(f"{self._where(name)}: is empty")
        if _UNFIT.search(text):
            raise BodyError(f"{self._where(name)}: has characters that are no text: {text[:_SHOWN]!a}")
        return text

    def maybe_text(self, name: str) -> str:
        """A text, or "" where it is absent, null or empty."""
        return self.text(name) if self._obj.get(name) not in (None, "") else ""

    def number(self, name: str) -> int:
        """A whole number above 0."""
        number: int = self._of_type(name, int, "a number")
        if isinstance(number, bool) or number < 1:
            raise BodyError(f"{self._where(name)}: {number!r} is not a number above 0")
        return number

    def maybe_number(self, name: str) -> str:
        """The digits of a whole number above 0, or "" where it is absent or null."""
        return str(self.number(name)) if self.has(name) else ""

    def flag(self, name: str) -> bool:
        """True or false; false where it is absent or null."""
        return self.has(name) and bool(self._of_type(name, bool, "true or false"))

    def wrong(self, name: str, what: str) -> BodyError:
        """An error about a field of this object."""
        return BodyError(f"{self._where(name)}: {what}")

    def _of_type(self, name: str, wanted: Any, what: str) -> Any:
        value = self._obj.get(name)
        if value is None:
            raise BodyError(f"{self._where(name)}: is missing; pass the request's body whole")
        if not isinstance(value, wanted):
            raise BodyError(f"{self._where(name)}: {str(value)[:_SHOWN]!a} is not {what}")
        return value

    def _where(self, name: str) -> str:
        return f"{self._path}.{name}" if self._path else name


def _unwrapped(text: str) -> str:
    # Strict: a body that merely begins like a form must not be read as something its sender did not mean.
    values = parse_qs(text, strict_parsing=True, max_num_fields=8, errors="strict").get("payload", ())
    if len(values) != 1:
        raise ValueError("it is a form with more than one payload")
    return values[0]
