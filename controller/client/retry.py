"""Sends a failed request again, but only if the server asks for it: 429 or 5xx with Retry-After.

Every other failure goes to the caller, because only the caller knows whether it is safe to repeat a write. That holds
for reads too. A retry here would block a worker, where the queue would only delay a key; and it would bypass the
queue's back-off and its limit over all keys.

A "too large resource version" is not retried either, although the server suggests it. After a restored backup that
version may never come, and the callers that request a version can use another one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from controller.apimachinery.errors import ServerError, StatusError, TooManyRequests

MAX_RETRIES = 10

T = TypeVar("T")


def retry_after(error: StatusError) -> float | None:
    """Return the seconds after which the server asks for another attempt, or None."""
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
    """Return the result of `attempt`, and repeat it when the server asks for that.

    `retrying` is called before each repetition. `wait(seconds)` raises if waiting is pointless. Raises the last error
    after `max_retries` repetitions.
    """
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
