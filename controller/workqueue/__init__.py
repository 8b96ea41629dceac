"""The queue of keys between handlers and workers. It deduplicates, delays, limits rates, and can be drained.

It holds keys, never events: a worker that takes a key reads the current state. `queue` guarantees that a key is never
processed twice at once and that no added key is lost; `limiters` decides how long a failing key waits.
"""

from controller.workqueue.limiters import BucketLimiter, ItemExponentialLimiter, Limiter, MaxOfLimiter, default_limiter
from controller.workqueue.queue import RateLimitingQueue, Snapshot

__all__ = [
    "BucketLimiter",
    "ItemExponentialLimiter",
    "Limiter",
    "MaxOfLimiter",
    "RateLimitingQueue",
    "Snapshot",
    "default_limiter",
]
