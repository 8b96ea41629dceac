"""The queue of keys between handlers and workers: deduplicating, delaying, rate limited, drainable.

Keys only, never events: whoever takes a key looks at the present state of the world. `queue` keeps the promise that a
key is never processed twice at once and that no wake-up is lost; `limiters` decides how long a failing key waits.
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
