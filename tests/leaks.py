"""No test may leave a thread or a socket behind: what a stop forgets adds up in a process that runs for months."""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

# For threads that were asked to end and need a moment on a busy machine.
_SECONDS = 10.0
_LOOK_SECONDS = 0.05


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """Fails a test after which there are more threads or sockets than before; imported by conftests."""
    threads, sockets = set(threading.enumerate()), open_sockets()
    yield
    end = time.monotonic() + _SECONDS
    pause = threading.Event()
    while leaks := sorted([*new_threads(threads), *(open_sockets() - sockets)]):
        # A connection pool that a test forgot keeps its sockets until it is collected, which is soon enough.
        gc.collect()
        if time.monotonic() > end:
            pytest.fail(f"left behind: {', '.join(leaks)}; {connections()}")
        pause.wait(_LOOK_SECONDS)


def new_threads(before: set[threading.Thread]) -> list[str]:
    """The names of the threads that were not there before."""
    return [f"thread {thread.name}" for thread in threading.enumerate() if thread not in before]


def open_sockets() -> set[str]:
    """The sockets of this process, as the kernel names them: `socket:[12345]`."""
    found = set()
    for entry in Path("/proc/self/fd").iterdir():
        try:
            link = os.readlink(entry)
        except FileNotFoundError:  # the descriptor of this very listing, or one that was closed meanwhile
            continue
        if link.startswith("socket:"):
            found.add(link)
    return found


def connections() -> str:
    """The lines of the kernel about this process's TCP sockets: addresses in hexadecimal, state, inode."""
    own = {link.removeprefix("socket:[").removesuffix("]") for link in open_sockets()}
    lines = [line.split() for line in Path("/proc/self/net/tcp").read_text().splitlines()[1:]]
    return "; ".join(" ".join((*line[1:4], line[9])) for line in lines if line[9] in own)
