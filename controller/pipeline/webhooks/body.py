"""Parses the body of a delivery as JSON, and gives typed and validated access to its fields.

Anyone who can reach the endpoint can send any bytes. So the size is limited, and every string that is returned is one
line of Unicode. Names, branches, commits and URLs are validated here, because they are later passed to git or used in
a name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from controller.apimachinery import giturls, nesting, timestamps, weburls
from controller.apimachinery.findings import Finding, Path, cut
from controller.pipeline import gitrefs
from controller.pipeline.errors import PipelineError
from controller.pipeline.usernames import is_user_name

# Bytes. GitHub does not send more than 25 MB; form encoding can triple that.
JSON_LIMIT: Final = 25 * 1024 * 1024
SIZE_LIMIT: Final = 3 * JSON_LIMIT + 1024
# Parsed values need up to a hundred bytes of memory, and two in the text. What is long in real bodies is texts.
_VALUES_LIMIT: Final = 2_000_000
_FORM: Final = b"payload="
_FORM_FIELDS: Final = 8
_CHUNK: Final = 64 * 1024
_NUMBER_LIMIT: Final = 10**18
# Control characters, surrogates, and characters that some programs read as a line end.
_UNFIT: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]")
_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,255}")
_SHOWN: Final = 60
Body = Mapping[str, Any]


class BodyError(PipelineError):
    """The body is not a valid webhook. The message names the field and the remedy."""


def parse(raw: bytes) -> Body:
    """Return the JSON object in `raw`, which may be in a form (`payload=...`). Raises BodyError."""
    if len(raw) > SIZE_LIMIT:
        raise BodyError(f"the body is longer than {SIZE_LIMIT} bytes; pass the request body unchanged")
    if not raw.strip():
        raise BodyError("the body is empty; pass the request body unchanged")
    content = _unwrapped(raw) if raw.startswith(_FORM) else raw
    if len(content) > JSON_LIMIT:
        raise BodyError(f"the body has more than {JSON_LIMIT} bytes of JSON; pass the request body unchanged")
    if sum(map(content.count, (b",", b"{", b"["))) > _VALUES_LIMIT:
        raise BodyError(f"the body has more than {_VALUES_LIMIT} values; pass the request body unchanged")
    try:
        document = json.loads(content.decode("utf-8"))
    except UnicodeDecodeError:
        raise BodyError("the body is not UTF-8; pass the request body unchanged") from None
    except RecursionError:
        raise _too_deep() from None
    except json.JSONDecodeError as error:
        raise BodyError(f"the body is not JSON ({error}); set the webhook's content type to application/json") from None
    except ValueError:
        raise BodyError("a number in the body has too many digits; pass the request body unchanged") from None
    if not nesting.is_plain(document, nesting.READ_LIMIT):
        raise _too_deep()
    if not isinstance(document, Mapping):
        raise BodyError("the body is JSON, but not an object; pass the request body unchanged")
    return document


class Fields:
    """One object of the body. A method that reads a field raises BodyError, with its path, if it is invalid."""

    def __init__(self, obj: Body, path: Path = ()) -> None:
        self._obj = obj
        self._path = path

    def has(self, name: str) -> bool:
        """Return whether the field exists and is not null."""
        return self._obj.get(name) is not None

    def has_same(self, name: str, other: Fields, other_name: str) -> bool:
        """Return whether the field exists, and equals a field of another object."""
        return self.has(name) and self._obj[name] == other._obj.get(other_name)

    def at(self, name: str) -> Fields:
        """Return the object in a field."""
        return Fields(self._of_type(name, Mapping, "an object"), (*self._path, name))

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
                raise self._wrong("this is not an object", name, position)
        return tuple(Fields(item, (*self._path, name, position)) for position, item in enumerate(items))

    def text(self, name: str) -> str:
        """Return the string in a field. It must not be empty."""
        text: str = self._of_type(name, str, "a string")
        if not text:
            raise self._wrong("the string is empty", name)
        if _UNFIT.search(text):
            raise self._wrong(f"{text[:_SHOWN]!a} contains control characters or surrogates", name)
        return text

    def maybe_text(self, name: str) -> str:
        """Return the string in a field, or "" if it is absent, null or empty."""
        return self.text(name) if self._obj.get(name) not in (None, "") else ""

    def number(self, name: str) -> int:
        """Return the integer in a field, which must be above 0."""
        number: int = self._of_type(name, int, "a number")
        if isinstance(number, bool) or number < 1:
            raise self._wrong(f"{cut(repr(number))} is not a number above 0", name)
        if number >= _NUMBER_LIMIT:
            raise self._wrong(f"{cut(repr(number))} has too many digits", name)
        return number

    def maybe_number(self, name: str) -> str:
        """Return the digits of the integer in a field, which must be above 0, or "" if it is absent or null."""
        return str(self.number(name)) if self.has(name) else ""

    def maybe_user_name(self, name: str) -> str:
        """Return the user name in a field, or "" for anything else. It is for people, and nothing fails without it."""
        value = self._obj.get(name)
        return value if isinstance(value, str) and is_user_name(value) else ""

    def maybe_link(self, name: str) -> str:
        """Return the URL of a page in a field, or "" for anything else, in the same way."""
        value = self._obj.get(name)
        return value if isinstance(value, str) and weburls.is_valid(value) else ""

    def flag(self, name: str) -> bool:
        """Return the boolean in a field, or False if it is absent or null."""
        return self.has(name) and bool(self._of_type(name, bool, "true or false"))

    def repository_name(self, name: str) -> str:
        """Return the name of a repository."""
        return self._repository_name(name, self.text(name))

    def last_segment(self, name: str) -> str:
        """Return the name of a repository from its path, whose last segment it is."""
        return self._repository_name(name, self.text(name).rpartition("/")[2])

    def clone_url(self, name: str) -> str:
        """Return a URL that git can clone, without credentials."""
        url = self.text(name)
        try:
            giturls.parse(url)
        except ValueError as error:
            raise self._wrong(f"this is not a valid repository URL: {error}", name) from None
        return url

    def branch(self, name: str) -> str:
        """Return a branch name that git accepts."""
        text = self.text(name)
        if not gitrefs.is_branch(text):
            raise self._wrong(f"{text[:_SHOWN]!a} is not a valid branch name", name)
        return text

    def commit(self, name: str) -> str:
        """Return the full SHA of a commit."""
        text = self.text(name)
        if not gitrefs.is_commit(text):
            raise self._wrong(f"{text[:_SHOWN]!a} is not a full commit SHA", name)
        return text

    def maybe_commit(self, name: str) -> str:
        """Return the full SHA of a commit, or "" if the field is absent, null or empty."""
        return self.commit(name) if self.maybe_text(name) else ""

    def maybe_time(self, name: str) -> str:
        """Return a time in RFC 3339, or "" if it is absent. GitLab also sends `2026-01-31 12:00:00 UTC`."""
        text = self.maybe_text(name)
        if not text:
            return ""
        moment = timestamps.from_time(text.removesuffix(" UTC"))
        if moment is None:
            raise self._wrong(f"{text[:_SHOWN]!a} is not a valid time", name)
        return timestamps.to_time(moment.astimezone(UTC))

    def _repository_name(self, name: str, text: str) -> str:
        if not _NAME.fullmatch(text) or text in (".", ".."):
            raise self._wrong(f"{text[:_SHOWN]!a} is not a valid repository name", name)
        return text

    def _of_type(self, name: str, wanted: Any, what: str) -> Any:
        value = self._obj.get(name)
        if value is None:
            raise self._wrong("the field is missing", name, remedy="pass the complete request body")
        if not isinstance(value, wanted):
            # A list or mapping may be as long as the body.
            shown = "the value" if isinstance(value, list | Mapping) else ascii(str(value)[:_SHOWN])
            raise self._wrong(f"{shown} is not {what}", name)
        return value

    def _wrong(self, message: str, *steps: str | int, remedy: str = "") -> BodyError:
        return BodyError(str(Finding(path=(*self._path, *steps), message=message, remedy=remedy)))


def _too_deep() -> BodyError:
    return BodyError("the body is nested too deeply; pass the request body unchanged")


def _unwrapped(form: bytes) -> bytes:
    # Strict, so that a body that only starts like a form is not misread.
    fields = form.split(b"&", _FORM_FIELDS)
    values = [field.removeprefix(_FORM) for field in fields if field.startswith(_FORM)]
    if len(fields) > _FORM_FIELDS or len(values) != 1 or not all(b"=" in field for field in fields):
        raise BodyError("the body is a form without exactly one payload; pass the request body unchanged")
    return b"".join(map(unquote_to_bytes, _chunks(values[0].replace(b"+", b" "))))


def _chunks(text: bytes) -> Iterator[bytes]:
    """Yield the parts of an escaped text. At once, `unquote_to_bytes` would need eighty times its memory."""
    start = 0
    while start < len(text):
        end = start + _CHUNK
        # An escape has three characters, and is not taken apart.
        end -= next((back for back in (1, 2) if text[end - back : end - back + 1] == b"%"), 0)
        yield text[start:end]
        start = end
