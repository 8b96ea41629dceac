"""Waiting for the cluster: conditions with a deadline, never a fixed time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from tests.integration.support.variables import REAL_KUBECONFIG

T = TypeVar("T")

# In seconds. Generous, because a busy machine must not fail a test; never used up when all is well. A real cluster, and
# a real Flux with its pauses, take longer.
DEADLINE = 120.0 if REAL_KUBECONFIG else 30.0
# A look at a real cluster takes its API server's time from the controller.
_LOOK_SECONDS = 0.1 if REAL_KUBECONFIG else 0.02


def eventually(condition: Callable[[], T], what: str | Callable[[], object], *, deadline: float = DEADLINE) -> T:
    """Return the first truthy answer of `condition`; fail after `deadline` seconds with `what` was awaited."""
    pause = threading.Event()
    end = time.monotonic() + deadline
    while not (answer := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline:g}s: {what() if callable(what) else what}")
        pause.wait(_LOOK_SECONDS)
    return answer


def throughout(seconds: float, condition: Callable[[], object], what: str | Callable[[], object]) -> None:
    """Fails as soon as `condition` is false within a window of `seconds`: for what must not happen."""
    pause = threading.Event()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert condition(), what() if callable(what) else what
        pause.wait(_LOOK_SECONDS)


def until_quiet(count: Callable[[], int], seconds: float) -> None:
    """Wait until a count has stayed the same for so long."""
    last, since = count(), time.monotonic()

    def is_quiet() -> bool:
        nonlocal last, since
        if (now := count()) != last:
            last, since = now, time.monotonic()
        return time.monotonic() - since >= seconds

    eventually(is_quiet, "nothing happens any more")
