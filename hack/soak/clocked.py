"""`python -m hack.soak.clocked FILE ARGUMENTS...`: the controller, with a wall clock that is wrong by what FILE says.

FILE has a number of seconds, and can change while the controller runs: the clock jumps then. Only the wall clock is
moved. The monotonic clocks of a process cannot jump; a process that is stopped for a while sees the same as a jump.
"""

from __future__ import annotations

import datetime
import runpy
import sys
import time
from pathlib import Path
from typing import Any

_true_time = time.time


def main() -> None:
    """Run the controller in this process."""
    _, file, *arguments = sys.argv
    move(Path(file))
    sys.argv = ["tronador", *arguments]
    runpy.run_module("controller", run_name="__main__")


def move(file: Path) -> None:
    """Replace the wall clocks of `datetime` and `time`. Modules that are imported later use the moved ones."""

    def offset() -> float:
        return float(file.read_text(encoding="utf-8"))

    class Moved(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Any:
            return super().now(tz) + datetime.timedelta(seconds=offset())

    datetime.datetime = Moved  # type: ignore[misc]
    time.time = lambda: _true_time() + offset()


if __name__ == "__main__":
    main()
