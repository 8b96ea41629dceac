"""The brake: how many environments may end within some time because their lifetime is over.

A wrong option or a wrong clock ends the lifetimes of all environments at once. The brake leaves people time to notice.
The places that others took are read from the conditions in the cache, so the brake holds across restarts and changes of
the leader. An environment that has to wait gets the time of its own place, so it does not have to ask again and again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

from controller.api.environment import EXPIRED_CONDITION, Environment
from controller.apimachinery import conditions, objects
from controller.apimachinery.objects import Object
from controller.apimachinery.timestamps import from_time
from controller.environment import counts

# Seconds in which `--expire-burst` environments may end.
WINDOW: Final = 600.0


class Environments(Protocol):
    """The part of the store of environments that is used here."""

    def by_index(self, index: str, value: str) -> Sequence[Object]:
        """Return the objects that an index has under `value`."""
        ...


class Brake:
    """See the module. Thread-safe.

    Args:
        environments: the cache.
        burst: how many may end within `WINDOW`.
        now: returns the time of the wall clock, with which the conditions are compared.
        monotonic: returns monotonic seconds.
    """

    def __init__(
        self,
        *,
        environments: Environments,
        burst: int,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        self._environments = environments
        self._burst = burst
        self._now = now
        self._monotonic = monotonic
        self._lock = threading.Lock()
        # By environment and the end of its lifetime, the monotonic time from which it may be taken down.
        self._places: dict[tuple[str, datetime], float] = {}

    def turn(self, key: str, ended: datetime) -> float:
        """Return the seconds until an environment whose lifetime `ended` may be taken down: 0 if it may now."""
        now = self._monotonic()
        with self._lock:
            self._places = {place: time for place, time in self._places.items() if now - time < WINDOW}
            place = (key, ended)
            if place not in self._places:
                self._places[place] = self._next_locked(now)
            return max(0.0, self._places[place] - now)

    def _next_locked(self, now: float) -> float:
        ours = {name for name, _ in self._places}
        taken = sorted([*self._places.values(), *(now - age for name, age in self._seen() if name not in ours)])
        return now if len(taken) < self._burst else max(now, taken[-self._burst] + WINDOW)

    def _seen(self) -> Iterator[tuple[str, float]]:
        """Yield the environments that expired lately by the cache, and for how many seconds.

        By our clock they may seem to have expired in the future.
        """
        now = self._now()
        minutes = int(WINDOW // 60) + 1
        for minute in range(-minutes, minutes + 1):
            for obj in self._environments.by_index(counts.INDEX, counts.expired_in(now + timedelta(minutes=minute))):
                found = conditions.find(Environment(obj).conditions, EXPIRED_CONDITION) or {}
                moment = from_time(found.get("lastTransitionTime"))
                age = (now - moment).total_seconds() if moment else WINDOW
                if abs(age) < WINDOW:
                    yield objects.name(obj), age
