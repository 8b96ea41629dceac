"""The list's rows, remembered: a page about thousands of environments of which one has changed renders one row."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from controller.api.summary import Summary, summarize
from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.apimachinery.timestamps import age


@dataclass(slots=True)
class _Row:
    """An object with its summary, and its HTML at the age for which it was rendered last."""

    obj: Object
    summary: Summary
    age: str = ""
    html: str = ""


class Rows:
    """Not thread-safe. It remembers what the last call of `summaries` was given, and nothing of before.

    Args:
        render: the HTML of a row, from the summary and the age as people read it.
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
        row, shown = self._rows[summary.name], age(summary.age(now))
        if not row.html or row.age != shown:
            row.age, row.html = shown, self._render(summary, shown)
        return row.html
