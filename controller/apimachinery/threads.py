"""Starts every thread of the process, with a name that shows in a stack dump."""

from __future__ import annotations

import threading
from collections.abc import Callable


def start_thread(name: str, target: Callable[[], None]) -> threading.Thread:
    """Start and return a thread called `name`. It is a daemon, so that a stuck thread cannot keep the process alive."""
    thread = threading.Thread(name=name, target=target, daemon=True)
    thread.start()
    return thread
