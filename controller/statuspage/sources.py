"""What the status page is made from: plain values, and functions that return them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from controller.apimachinery.objects import Object

Role = Literal["starting", "leader", "standby"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """This process at this moment.

    Attributes:
        role: `starting` until the caches are filled; then `leader` where it reconciles, else `standby`.
        trouble: which caches are out of date and why, in words; None while all are current.
    """

    role: Role
    trouble: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueState:
    """One queue of keys. With the keys: seconds until each is due, and seconds since a worker took it."""

    name: str
    ready: Sequence[str] = ()
    delayed: Sequence[tuple[str, float]] = ()
    running: Sequence[tuple[str, float]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheState:
    """One cache.

    Attributes:
        missing: the cluster does not serve the resource.
        stale_seconds, reason: for how long the cache may have been out of date, and why; 0 while it is current.
    """

    resource: str
    objects: int
    missing: bool = False
    stale_seconds: float = 0.0
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where the page looks each time. None of these may block.

    Attributes:
        environments: every EnvironmentProvisioner, in any order.
        environment: the one of that name, or None.
        revision: another text whenever an environment may have changed.
        now: this moment, aware.
        version: of the program.
        started: when the process began to keep timelines.
    """

    environments: Callable[[], Sequence[Object]]
    environment: Callable[[str], Object | None]
    revision: Callable[[], str]
    process: Callable[[], Process]
    queues: Callable[[], Sequence[QueueState]]
    caches: Callable[[], Sequence[CacheState]]
    now: Callable[[], datetime]
    version: str
    started: datetime
