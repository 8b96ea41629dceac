"""Handles signals.

In the controller, the first SIGTERM or SIGINT stops it in order, the second ends it at once, and SIGUSR1 prints what it
is doing. In any other command, SIGTERM and SIGINT end it at once, after it has removed its files.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from controller.apimachinery.threads import start_thread
from controller.app import exits


def install(*, stop: Callable[[], None], dump: Callable[[], str]) -> None:
    """Install the controller's handlers. Call this in the main thread.

    Args:
        stop: stops the controller in order. May wait for locks, because it runs in a thread of its own.
        dump: returns what SIGUSR1 prints below the stacks of the threads. May wait for locks, too.
    """
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
        signal.signal(number, _wake_only)
    # The interpreter runs handlers in the main thread, between two of its steps. A main thread about to block on a lock
    # handles a signal only when the next one arrives. So the C code wakes a thread of our own.
    signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    start_thread("signals", lambda: _listen(reader, writer, stop=stop, dump=dump))


def _wake_only(number: int, frame: FrameType | None) -> None:
    """Prevent the signal's default effect. The thread that the signal wakes does the work."""


def _listen(reader: socket.socket, writer: socket.socket, *, stop: Callable[[], None], dump: Callable[[], str]) -> None:
    """Act on each signal as long as the process lives. Keeps `writer` open, because the signals arrive through it."""
    asked = False
    with reader, writer:
        while received := reader.recv(1):
            number = received[0]
            if number == signal.SIGUSR1:
                start_thread("signal-dump", lambda: print(f"{stacks()}\n{dump()}", file=sys.stderr, flush=True))
            elif asked:
                os._exit(exits.BY_SIGNAL + number)
            elif number in (signal.SIGTERM, signal.SIGINT):
                asked = True
                start_thread("signal-stop", stop)


def stacks() -> str:
    """Return the stack of every thread, with the thread's name."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    parts = []
    for ident, frame in sys._current_frames().items():
        parts.append(f"thread {names.get(ident, ident)}:\n{''.join(traceback.format_stack(frame))}")
    return "\n".join(parts)


@contextmanager
def ending_in_order() -> Iterator[None]:
    """Make SIGTERM and SIGINT raise SystemExit, so that `with` and `finally` remove files and end child processes.

    Use this in the main thread of a command.
    """
    before = {number: signal.signal(number, _end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(exits.BY_SIGNAL + number)
