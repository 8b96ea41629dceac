"""The list's rows, remembered: a page about thousands of environments of which one has changed renders one row."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from controller.api.summary import Summary, summarize
from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.apimachinery.timestamps import age

# Stands for the age when a row is rendered.
_AGE: Final = "\0age\0"


@dataclass(slots=True)
class _Row:
    """An object with its summary, and what stands before, at and after the age in its HTML; None while not rendered."""

    obj: Object
    summary: Summary
    html: tuple[str, str, str] | None = None


class Rows:
    """Not thread-safe. It remembers what the last call of `summaries` was given, and nothing of before.

    Args:
        render: the HTML of a row, from the summary and a text for the age, which is the last text in it where
            the time of creation is known.
    """

    def __init__(self, *, render: Callable[[Summary, str], str]) -> None:
        self._render = render
        self._rows: dict[str, _Row] = {}

    def summaries(self, environments: Iterable[Object]) -> list[Summary]:
        """Their summaries, in the same order. Objects of a cache never change, so the same one has the same summary."""
        rows: dict[str, _Row] = {}
        for obj in environments:
            name = objects.name(obj)
            known = self._rows.get(name)
            rows[name] = known if known is not None and known.obj is obj else _Row(obj, summarize(obj))
        self._rows = rows
        return [row.summary for row in rows.values()]

    def html(self, summary: Summary, now: datetime) -> str:
        """The row of one of the summaries that `summaries` returned last."""
        row = self._rows[summary.name]
        if row.html is None:
            # The last mark is ours, whatever the object's texts are; without a time of creation there is none of ours.
            html = self._render(summary, _AGE)
            row.html = html.rpartition(_AGE) if summary.created else (html, "", "")
        before, mark, after = row.html
        return f"{before}{age(summary.age(now)) if mark else ''}{after}"
