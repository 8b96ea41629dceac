"""Signals: the first SIGTERM or SIGINT asks for an orderly end, the second ends at once; SIGUSR1 shows what goes on."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from types import FrameType

from controller.apimachinery.threads import start_thread

# What a shell reports for a process that a signal ended.
_EXIT_BY_SIGNAL = 128


def install(*, stop: Callable[[], None], dump: Callable[[], str]) -> None:
    """Install the handlers; to be called by the main thread. `stop` and `dump` may take locks: nothing waits for them.

    `dump` returns what to print on SIGUSR1 beside the threads' stacks.
    """
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
        signal.signal(number, _wake_only)
    # The interpreter runs handlers in the main thread, between two of its steps. A main thread that is just about to
    # block on a lock would notice a signal only with the next one. So the C code tells a thread of our own.
    signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    start_thread("signals", lambda: _listen(reader, writer, stop=stop, dump=dump))


def _wake_only(number: int, frame: FrameType | None) -> None:
    """Without a handler the signal would have its default effect, and nobody would be told."""


def _listen(reader: socket.socket, writer: socket.socket, *, stop: Callable[[], None], dump: Callable[[], str]) -> None:
    """Acts on each signal, for as long as the process lives; holds `writer`, whose other end would close without it."""
    asked = False
    with reader, writer:
        while received := reader.recv(1):
            number = received[0]
            if number == signal.SIGUSR1:
                start_thread("signal-dump", lambda: print(f"{stacks()}\n{dump()}", file=sys.stderr, flush=True))
            elif asked:
                os._exit(_EXIT_BY_SIGNAL + number)
            elif number in (signal.SIGTERM, signal.SIGINT):
                asked = True
                start_thread("signal-stop", stop)


def stacks() -> str:
    """The stack of every thread, by its name."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    parts = []
    for ident, frame in sys._current_frames().items():
        parts.append(f"thread {names.get(ident, ident)}:\n{''.join(traceback.format_stack(frame))}")
    return "\n".join(parts)
