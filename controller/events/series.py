"""Combines Events that repeat into a series, and decides what is sent about it.

The first Event is created, and the second one turns it into a series. Later ones are only counted here; the count is
sent every half hour and when the series ends. So a thousand repetitions within half an hour cost three writes.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from controller.apimachinery.clock import Clock

# Two Events with the same values here belong to one series. The note may differ.
_IDENTITY = ("type", "action", "reason", "reportingController", "reportingInstance")


@dataclass(slots=True)
class Series:
    """One Event and its repetitions. Times are clock seconds, except `last_observed`, which is a date for people."""

    event: dict[str, Any]
    count: int
    last_observed: datetime
    last_seen: float
    last_sent: float
    sent_count: int

    @property
    def name(self) -> str:
        """The Event's name."""
        return str(self.event["metadata"]["name"])

    @property
    def namespace(self) -> str:
        """The Event's namespace."""
        return str(self.event["metadata"]["namespace"])


class SeriesTable:
    """The series of the last minutes. For one thread.

    Args:
        finish_after: seconds without a repetition after which a series is over.
        refresh_after: seconds after which a growing count is sent again.
        capacity: the maximum number of series; those without a repetition for longest are dropped first.
    """

    def __init__(
        self, *, clock: Clock, finish_after: float = 360.0, refresh_after: float = 1800.0, capacity: int = 4096
    ) -> None:
        self._clock = clock
        self._finish_after = finish_after
        self._refresh_after = refresh_after
        self._capacity = capacity
        self._table: OrderedDict[str, Series] = OrderedDict()

    def observe(self, event: dict[str, Any], observed: datetime) -> Series | None:
        """Count `event`. Returns the series if it must be sent now (`count` 1: create the Event), otherwise None."""
        now = self._clock.now()
        key = identity(event)
        series = self._table.pop(key, None)
        if series is not None and now - series.last_seen >= self._finish_after:
            series = None
        if series is None:
            self._table[key] = series = Series(event, 1, observed, now, now, 1)
            if len(self._table) > self._capacity:
                self._table.popitem(last=False)
            return series
        self._table[key] = series
        series.count += 1
        series.last_observed, series.last_seen = observed, now
        if series.count > 2:
            return None
        series.last_sent, series.sent_count = now, series.count
        return series

    def due(self) -> list[Series]:
        """Return the series whose count must be sent now: those growing for long, and those over, which are dropped."""
        now = self._clock.now()
        due = []
        for key, series in list(self._table.items()):
            over = now - series.last_seen >= self._finish_after
            if over:
                del self._table[key]
            unsent = series.count > series.sent_count
            if unsent and (over or now - series.last_sent >= self._refresh_after):
                series.last_sent, series.sent_count = now, series.count
                due.append(series)
        return due

    def __len__(self) -> int:
        return len(self._table)


def identity(event: dict[str, Any]) -> str:
    """Return a text that is the same for all Events of one series."""
    parts = [str(event.get(field, "")) for field in _IDENTITY]
    for reference in (event.get("regarding") or {}, event.get("related") or {}):
        parts.append(repr(sorted(reference.items())))
    return "\x00".join(parts)
