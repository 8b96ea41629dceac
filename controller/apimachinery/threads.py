"""Every thread of the process is made here: named, so that a stack dump can be read, and joined with a deadline."""

from __future__ import annotations

import threading
from collections.abc import Callable


def start_thread(name: str, target: Callable[[], None]) -> threading.Thread:
    """Start a thread called `name`. It is a daemon so that a stuck one cannot keep a finished process alive."""
    thread = threading.Thread(name=name, target=target, daemon=True)
    thread.start()
    return thread
