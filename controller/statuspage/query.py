"""Which environments the list shows, and in which order: from the query of the URL, and back to it. Pure."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from controller.api.summary import Summary

# Rows of one page.
PAGE: Final = 1000
# Characters of a search that count.
_TEXT_LIMIT: Final = 200
# What needs a person comes first; a status that is not known here may well be one of those.
_URGENCY: Final = ("failed", "", "uninstalling", "deploying", "pending", "queued", "suspended", "deployed", "expired")
_UNKNOWN_AGE: Final = datetime.min.replace(tzinfo=UTC)

SORTS: Final[Mapping[str, Callable[[Summary], Any]]] = {
    "name": lambda summary: summary.name,
    "status": lambda summary: (_urgency(summary.status), summary.status, summary.phase),
    "repository": lambda summary: (summary.repository.lower(), _number(summary.pull_request), summary.ref),
    "tag": lambda summary: summary.image_tag,
    # The youngest first, so the order of creation reversed.
    "age": lambda summary: -(summary.created or _UNKNOWN_AGE).timestamp(),
}
_DEFAULT_SORT: Final = "age"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What a reader asks for.

    Attributes:
        text: words that must all occur somewhere in what the row says.
        status: the `applicationStatus` that is shown; "" for all.
        sort: a key of SORTS, with "-" before it for the opposite order.
        page: from 1.
    """

    text: str = ""
    status: str = ""
    sort: str = _DEFAULT_SORT
    page: int = 1

    def url(self, **changes: Any) -> str:
        """The list's URL with these fields changed. Another selection begins at its first page."""
        changed = dataclasses.replace(self, **({"page": 1} | changes))
        parts = {"q": changed.text, "status": changed.status, "sort": changed.sort, "page": changed.page}
        defaults = {"q": "", "status": "", "sort": _DEFAULT_SORT, "page": 1}
        written = urlencode({name: value for name, value in parts.items() if value != defaults[name]}, errors="replace")
        return f"/?{written}" if written else "/"

    def sorted_by(self, column: str) -> str:
        """The URL that a column's heading leads to: by that column, or the other way round where it is already."""
        return self.url(sort=f"-{column}" if self.sort == column else column)

    def direction(self, column: str) -> str:
        """`ascending` or `descending` where the list is sorted by that column, else ""."""
        if self.sort.removeprefix("-") != column:
            return ""
        return "descending" if self.sort.startswith("-") else "ascending"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What the list shows.

    Attributes:
        shown: the summaries of this page.
        matching: how many there are on all pages.
        total: how many environments there are.
        counts: (status, how many match the text), the most urgent first.
        page, pages: from 1.
    """

    shown: Sequence[Summary]
    matching: int
    total: int
    counts: Sequence[tuple[str, int]]
    page: int
    pages: int


def parse(parameters: Mapping[str, Sequence[str]]) -> Query:
    """What the URL asks for. What makes no sense counts as absent."""

    def first(name: str) -> str:
        return next(iter(parameters.get(name, ())), "")[:_TEXT_LIMIT]

    sort, page = first("sort"), first("page")
    return Query(
        text=first("q").strip(),
        status=first("status"),
        sort=sort if sort.removeprefix("-") in SORTS else _DEFAULT_SORT,
        page=int(page) if page.isascii() and page.isdigit() and len(page) < 9 else 1,
    )


def select(summaries: Sequence[Summary], query: Query) -> Selection:
    """The part of `summaries` that `query` asks for. A page after the last is the last one, and page 0 the first."""
    words = query.text.lower().split()
    found = [summary for summary in summaries if not words or all(word in _words(summary) for word in words)]
    counts = Counter(summary.status for summary in found)
    if query.status:
        found = [summary for summary in found if summary.status == query.status]
    # Two sorts, so that equal ones are in the order of their names whatever the direction is.
    found.sort(key=SORTS["name"])
    found.sort(key=SORTS[query.sort.removeprefix("-")], reverse=query.sort.startswith("-"))
    pages = max(1, -(-len(found) // PAGE))
    page = min(max(1, query.page), pages)
    return Selection(
        shown=found[(page - 1) * PAGE : page * PAGE],
        matching=len(found),
        total=len(summaries),
        counts=sorted(counts.items(), key=lambda item: (_urgency(item[0]), item[0])),
        page=page,
        pages=pages,
    )


def _words(summary: Summary) -> str:
    parts = (
        *(summary.name, summary.status, summary.phase, summary.reason, summary.repository, summary.ref),
        f"#{summary.pull_request}" if summary.pull_request else "",
        *(summary.image_tag, summary.release, summary.engine, summary.url, summary.message),
    )
    return "\n".join(parts).lower()


def _urgency(status: str) -> int:
    return _URGENCY.index(status if status in _URGENCY else "")


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
