"""Signals while a step of a pipeline runs: it ends at once, but in order."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final, NoReturn

# What a shell reports for a process that a signal ended.
_EXIT_BY_SIGNAL: Final = 128


@contextmanager
def ending_in_order() -> Iterator[None]:
    """While inside, SIGTERM and SIGINT raise SystemExit: files with credentials go, and so does what was started.

    For the main thread.
    """
    before = {number: signal.signal(number, _end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(_EXIT_BY_SIGNAL + number)
