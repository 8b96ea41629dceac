"""Signals: the first SIGTERM or SIGINT asks for an orderly end, the second ends at once; SIGUSR1 shows what goes on."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from types import FrameType

from controller.apimachinery.threads import start_thread

# What a shell reports for a process that a signal ended.
_EXIT_BY_SIGNAL = 128


def install(*, stop: Callable[[], None], dump: Callable[[], str]) -> None:
    """Install the handlers. `stop` may take locks: it runs in a thread of its own, never inside a handler.

    `dump` returns what to print on SIGUSR1 beside the threads' stacks.
    """
    asked = threading.Event()

    def terminate(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            os._exit(_EXIT_BY_SIGNAL + number)
        asked.set()
        start_thread("signal-stop", stop)

    def show(number: int, frame: FrameType | None) -> None:
        start_thread("signal-dump", lambda: print(f"{stacks()}\n{dump()}", file=sys.stderr, flush=True))

    signal.signal(signal.SIGTERM, terminate)
    signal.signal(signal.SIGINT, terminate)
    signal.signal(signal.SIGUSR1, show)


def stacks() -> str:
    """The stack of every thread, by its name."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    parts = []
    for ident, frame in sys._current_frames().items():
        parts.append(f"thread {names.get(ident, ident)}:\n{''.join(traceback.format_stack(frame))}")
    return "\n".join(parts)
