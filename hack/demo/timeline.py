"""Records what happened when, for the summary at the end of the demonstration."""

from __future__ import annotations

import time
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Moment:
    """One action of a program; `seconds` since the timeline began."""

    seconds: float
    who: str
    what: str


class Timeline:
    """Collects moments. It begins when it is made."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.moments: list[Moment] = []

    def note(self, who: str, what: str) -> None:
        """Somebody has just done something."""
        self.moments.append(Moment(time.monotonic() - self._began, who, what))

    @property
    def seconds(self) -> float:
        """Return the seconds since the timeline began."""
        return time.monotonic() - self._began

    def show(self, console: Console) -> None:
        """Print it as a table."""
        table = Table(title="Timeline", title_justify="left")
        table.add_column("seconds", justify="right")
        table.add_column("who")
        table.add_column("what", overflow="fold")
        for moment in self.moments:
            table.add_row(f"{moment.seconds:.1f}", moment.who, moment.what)
        console.print(table)
