"""When a failed request is sent again: only when the server says so, by 429 or 5xx with Retry-After.

Everything else goes back to the caller: whether repeating a write is right, nobody knows at this depth. Reads are no
exception: a retry here would hold a worker where the queue holds a key, and escape the queue's back-off and its limit
over all keys.

A version that is too large is not waited for either, although the server suggests it: after a restored backup it may
never come, and whoever asked for it can do without.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from controller.apimachinery.errors import ServerError, StatusError, TooManyRequests

MAX_RETRIES = 10

T = TypeVar("T")


def retry_after(error: StatusError) -> float | None:
    """Seconds after which the server invites another attempt, or None."""
    if error.version_too_large:
        return None
    return error.retry_after if isinstance(error, (TooManyRequests, ServerError)) else None


def with_retries(
    attempt: Callable[[], T],
    *,
    wait: Callable[[float], None],
    retrying: Callable[[StatusError], None],
    max_retries: int = MAX_RETRIES,
) -> T:
    """The result of `attempt`, repeated as the server asks. `wait(seconds)` raises when waiting is pointless."""
    for _ in range(max_retries):
        try:
            return attempt()
        except (TooManyRequests, ServerError) as error:
            seconds = retry_after(error)
            if seconds is None:
                raise
            wait(seconds)
            retrying(error)
    return attempt()
