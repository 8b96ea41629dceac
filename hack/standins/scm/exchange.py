"""One request to a forge and its answer, as plain data: what the server reads and writes, and nothing of sockets."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, Generic, TypeVar
from urllib.parse import unquote, urlencode

CallT = TypeVar("CallT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request.

    Attributes:
        method: in upper case.
        path: as it was sent, percent-encoded, without the query.
        query: the last value of each parameter.
        headers: with names in lower case.
        body: the decoded JSON object; {} if there is none.
        root: the server's own address, `http://127.0.0.1:8080`, for the links in answers.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    root: str = "http://localhost"

    @property
    def target(self) -> str:
        """The path with the query."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path

    @property
    def writes(self) -> bool:
        """Whether the request changes something."""
        return self.method not in ("GET", "HEAD")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer: `body` is sent as JSON, `text` as it is; both None: no body."""

    status: int = HTTPStatus.OK
    body: Any = None
    text: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def with_headers(self, headers: Mapping[str, str]) -> Answer:
        """Return it with more headers."""
        return replace(self, headers={**self.headers, **headers})

    def raw(self) -> bytes:
        """Return the bytes of the body."""
        if self.text is not None:
            return self.text.encode()
        return b"" if self.body is None else json.dumps(self.body).encode()


class Refusal(Exception):
    """Ends a request with its answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.status}: {answer.body or answer.text}")
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Route(Generic[CallT]):
    """A method and a path, and what answers them.

    Attributes:
        template: `/repos/{owner}/{repo}/pulls/{number:d}`; `:d` takes digits only. A name takes one segment.
        answer: gets the call with the decoded names of the path.
        needs: the permissions of which one is enough, or ().
    """

    method: str
    template: str
    answer: Callable[[CallT], Answer]
    needs: tuple[str, ...] = ()

    def match(self, path: str) -> dict[str, str] | None:
        """Return the decoded names of a path, or None if it is another's."""
        found = re.fullmatch(_pattern(self.template), path)
        return None if found is None else {name: unquote(value) for name, value in found.groupdict().items()}


def find(routes: Sequence[Route[CallT]], method: str, path: str) -> tuple[Route[CallT], dict[str, str]] | None:
    """Return the route of a method and path with the path's names, or None."""
    for route in routes:
        if route.method == method and (names := route.match(path)) is not None:
            return route, names
    return None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list, and what its headers say."""

    items: Sequence[Any]
    number: int
    size: int
    total: int

    @property
    def last(self) -> int:
        """The number of the last page, from 1."""
        return max(1, math.ceil(self.total / self.size))

    def links(self, request: Request) -> dict[str, str]:
        """Return the header Link, or nothing if there is one page only."""
        numbers = {"prev": self.number - 1, "next": self.number + 1, "last": self.last, "first": 1}
        if self.number >= self.last:
            del numbers["next"], numbers["last"]
        if self.number <= 1:
            del numbers["prev"], numbers["first"]
        links = [
            f'<{request.root}{request.path}?{urlencode({**request.query, "page": number})}>; rel="{relation}"'
            for relation, number in numbers.items()
        ]
        return {"Link": ", ".join(links)} if links else {}


def page_of(items: Sequence[Any], request: Request, *, size: int) -> Page:
    """Return the page that the request asks for; `size` unless it names one, and at most 100."""
    number = max(1, _number(request.query.get("page"), 1))
    size = min(100, max(1, _number(request.query.get("per_page"), size)))
    start = (number - 1) * size
    return Page(items[start : start + size], number, size, len(items))


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else default


def _pattern(template: str) -> str:
    def group(match: re.Match[str]) -> str:
        name, _, kind = match[1].partition(":")
        return f"(?P<{name}>{'[0-9]+' if kind == 'd' else '[^/]+'})"

    return re.sub(r"\\{(\w+(?::d)?)\\}", group, re.escape(template))
