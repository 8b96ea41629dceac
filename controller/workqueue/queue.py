"""The work queue. It combines the queue, delaying_queue and rate_limiting_queue of client-go util/workqueue.

It has one lock and no thread of its own. Delayed keys are in a heap. Of the workers that wait in `get`, one looks at
the heap when its earliest key is due, and the others wait until they are needed. So a key wakes as few as possible.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

import structlog

from controller.apimachinery.clock import Clock, MonotonicClock
from controller.metrics import Registry
from controller.workqueue.limiters import Limiter, default_limiter
from controller.workqueue.metrics import QueueMetrics

log = structlog.get_logger(__name__)

# A waiting worker looks at the heap at least this often (seconds): a cheap guard against clock jumps.
_MAX_WAIT = 10.0
# Keys per second that become ready after `hasten`: the first at once, a thousand within five seconds. So a key that
# changes meanwhile does not have to wait for all of them.
_HASTENED_PER_SECOND = 200.0
# Whether the next keys that workers take are from `add_first`, if there are others too. So no others are held up.
_TURNS = (True, True, False)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The content of a queue, for people: seconds until a key is due, and seconds since a worker took a key."""

    ready: tuple[str, ...]
    delayed: tuple[tuple[str, float], ...]
    processing: tuple[tuple[str, float], ...]


class _Lane(IntEnum):
    """Where keys wait. A key that was added in several ways is in the first lane of them."""

    FIRST = 0
    USUAL = 1
    LAST = 2


class RateLimitingQueue:
    """A queue of keys, each processed by one worker at a time.

    A key is *dirty* from `add` until a worker takes it, and *processing* from `get` until `done`. A key that is both is
    queued again at `done`. So two workers never process the same key, and a key added during processing is not lost.
    """

    def __init__(
        self,
        *,
        name: str,
        limiter: Limiter | None = None,
        registry: Registry | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.name = name
        self._clock = clock or MonotonicClock()
        self._limiter = limiter or default_limiter(clock=self._clock)
        self._metrics = QueueMetrics(registry or Registry(), name)
        self._condition = threading.Condition()
        # The keys that are dirty and not processing: those of each lane in the order in which workers take them.
        self._ready: dict[_Lane, OrderedDict[str, None]] = {lane: OrderedDict() for lane in _Lane}
        self._turn = itertools.cycle(_TURNS)
        # Key -> the time (clock seconds) since which it needs processing, and its lane. It joins that at `done` if a
        # worker has it.
        self._dirty: dict[str, tuple[float, _Lane]] = {}
        # Key -> the time at which a worker took it.
        self._processing: dict[str, float] = {}
        # Key that a worker has -> why it may need processing once more: since when, its lane, and the doubt.
        self._doubtful: dict[str, list[tuple[float, _Lane, Callable[[], bool]]]] = {}
        # (ready time, tie-break, key); an entry whose time is not `_due[key]` was replaced by an earlier one.
        self._heap: list[tuple[float, int, str]] = []
        self._due: dict[str, float] = {}
        # When those workers that wait no longer than until some time will look at the heap (clock seconds).
        self._alarms: list[float] = []
        self._sequence = itertools.count()
        # The time of the last `hasten`. A reconcile that began before it may fail for a reason that is gone by now.
        self._hastened = float("-inf")
        self._shutting_down = False
        self._draining = False
        self._metrics.depth.set_function(lambda: float(len(self)))
        self._metrics.unfinished.set_function(self._unfinished)
        self._metrics.longest_running.set_function(self._longest_running)

    def add(self, key: str, *, unless: Callable[[], bool] | None = None) -> None:
        """Queue `key`. Does nothing if it is already queued or the queue is shutting down.

        If `unless` is given and returns True, there is no need to queue it. While a worker has the key, this depends on
        what the worker does, so `unless` is called at `done`. It must not call the queue.
        """
        with self._condition:
            self._add_unless_locked(key, _Lane.USUAL, unless)

    def add_first(self, key: str, *, unless: Callable[[], bool] | None = None) -> None:
        """Queue `key` before those that `add` queued, for work that was begun and can be completed."""
        with self._condition:
            self._add_unless_locked(key, _Lane.FIRST, unless)

    def add_last(self, key: str) -> None:
        """Queue `key` behind all keys that are queued in other ways, now or later. Those go before it."""
        with self._condition:
            self._add_and_wake_locked(key, self._clock.now(), _Lane.LAST)

    def add_after(self, key: str, seconds: float) -> None:
        """Add `key` after `seconds` (at once if <= 0). Of several delays for one key, the earliest counts."""
        with self._condition:
            if self._shutting_down:
                return
            self._metrics.retries.inc()
            now = self._clock.now()
            if key in self._processing and self._processing[key] < self._hastened:
                seconds = min(seconds, 1 / _HASTENED_PER_SECOND)
            if seconds <= 0:
                self._add_and_wake_locked(key, now)
                return
            if self._delay_locked(key, now + seconds) and key not in self._processing:
                # The worker that has a key looks at the heap itself, once it is done.
                self._see_to_alarm_locked(now)

    def add_rate_limited(self, key: str) -> None:
        """Add `key` after the time that the limiter returns."""
        self.add_after(key, self._limiter.when(key))

    def hasten(self) -> None:
        """Make all delayed keys ready soon, one after another, in the order in which they were due.

        Call it when the cause of the delays is gone. A key that is being processed now is also retried soon if it
        fails.
        """
        with self._condition:
            now = self._hastened = self._clock.now()
            for position, key in enumerate(sorted(self._due, key=self._due.__getitem__)):
                self._delay_locked(key, now + position / _HASTENED_PER_SECOND)
                self._limiter.forget(key)
            self._condition.notify_all()

    def forget(self, key: str) -> None:
        """Reset the back-off of `key`. Call it after a success, or if the key will not be retried."""
        self._limiter.forget(key)

    def num_requeues(self, key: str) -> int:
        """Return how often `key` was rate limited since the last `forget`."""
        return self._limiter.num_requeues(key)

    def get(self) -> str | None:
        """Wait for the next key and take it. Returns None if the queue is shut down and its backlog is empty.

        Call `done` for every key that is taken.
        """
        with self._condition:
            while True:
                now = self._clock.now()
                promoted = self._promote_locked(now)
                if keys := self._next_locked():
                    key = keys.popitem(last=False)[0]
                    since, _ = self._dirty.pop(key)
                    self._processing[key] = now
                    self._metrics.queue_duration.observe(max(0.0, now - since))
                    if promoted:
                        # This worker may have been woken for an earlier key. Then each of these needs another worker.
                        self._condition.notify(min(promoted, self._backlog_locked()))
                    self._see_to_alarm_locked(now)
                    return key
                if self._shutting_down:
                    return None
                self._rest_locked(now)

    def done(self, key: str) -> None:
        """Record that a worker has finished `key`. If it was added meanwhile, it is queued again.

        That wakes no other worker, because the one that is done calls `get`.
        """
        with self._condition:
            since = self._processing.pop(key, None)
            if since is None:
                return
            self._metrics.work_duration.observe(self._clock.now() - since)
            if key in self._dirty:
                _, lane = self._dirty[key]
                self._ready[lane][key] = None
            for added, lane, unless in self._doubtful.pop(key, ()):
                if not _is_needless(unless):
                    self._add_locked(key, added, lane)
            if self._draining:
                self._condition.notify_all()

    def shutdown(self) -> None:
        """Ignore further adds and drop delayed keys. Workers get the backlog and then None. Also ends a drain."""
        with self._condition:
            self._draining = False
            self._shut_down_locked()

    def shutdown_with_drain(self, timeout: float | None = None) -> bool:
        """Shut down and wait until the backlog is processed.

        Returns False if `timeout` seconds passed first, or a call of `shutdown` ended the wait.
        """
        deadline = None if timeout is None else self._clock.now() + timeout
        with self._condition:
            self._draining = True
            self._shut_down_locked()
            while self._draining and (self._backlog_locked() or self._processing):
                if deadline is not None and self._clock.now() >= deadline:
                    return False
                self._clock.wait_until(self._condition, deadline)
            return not (self._backlog_locked() or self._processing)

    def __len__(self) -> int:
        """Return the number of ready keys."""
        with self._condition:
            if promoted := self._promote_locked(self._clock.now()):
                self._condition.notify(promoted)
            return self._backlog_locked()

    def snapshot(self) -> Snapshot:
        """Return a consistent view of the content."""
        with self._condition:
            now = self._clock.now()
            return Snapshot(
                ready=tuple(itertools.chain(*self._ready.values())),
                delayed=tuple(sorted((key, due - now) for key, due in self._due.items())),
                processing=tuple(sorted((key, now - since) for key, since in self._processing.items())),
            )

    def _add_unless_locked(self, key: str, lane: _Lane, unless: Callable[[], bool] | None) -> None:
        now = self._clock.now()
        if self._shutting_down:
            return
        if unless is None or key in self._dirty:
            self._add_and_wake_locked(key, now, lane)
        elif key in self._processing:
            self._doubtful.setdefault(key, []).append((now, lane, unless))
        elif not _is_needless(unless):
            self._add_and_wake_locked(key, now, lane)

    def _add_and_wake_locked(self, key: str, since: float, lane: _Lane = _Lane.USUAL) -> None:
        if not self._shutting_down and self._add_locked(key, since, lane):
            self._condition.notify()

    def _add_locked(self, key: str, since: float, lane: _Lane = _Lane.USUAL) -> bool:
        """Return whether there is one more key that a worker can take."""
        is_new = key not in self._dirty
        if is_new:
            self._metrics.adds.inc()
        else:
            since, before = self._dirty[key]
            if before <= lane:
                return False
            self._ready[before].pop(key, None)
        self._dirty[key] = since, lane
        if key in self._processing:
            return False
        self._ready[lane][key] = None
        return is_new

    def _backlog_locked(self) -> int:
        return sum(map(len, self._ready.values()))

    def _next_locked(self) -> OrderedDict[str, None]:
        """Return where the next key to take is; an empty one if there is none."""
        first, usual, last = self._ready.values()
        if first and (not usual or next(self._turn)):
            return first
        return usual or last

    def _delay_locked(self, key: str, due: float) -> bool:
        """Delay `key` until `due` (clock seconds), unless it is already due earlier. Return whether it was not."""
        if key in self._due and self._due[key] <= due:
            return False
        self._due[key] = due
        heapq.heappush(self._heap, (due, next(self._sequence), key))
        return True

    def _promote_locked(self, now: float) -> int:
        """Add the delayed keys that are due. Return how many more keys workers can take."""
        added = 0
        while self._heap and self._heap[0][0] <= now:
            due, _, key = heapq.heappop(self._heap)
            if self._due.get(key) == due:
                del self._due[key]
                added += self._add_locked(key, due)
        return added

    def _rest_locked(self, now: float) -> None:
        """Wait until there is a key, or, if no other worker does, until a delayed one is due."""
        alarm = self._next_alarm_locked(now)
        if alarm is None:
            self._clock.wait_until(self._condition, None)
            return
        self._alarms.append(alarm)
        try:
            self._clock.wait_until(self._condition, alarm)
        finally:
            self._alarms.remove(alarm)

    def _see_to_alarm_locked(self, now: float) -> None:
        """Wake a worker that waits if no one waits for the next delayed key."""
        if self._heap and self._next_alarm_locked(now) is not None:
            self._condition.notify()

    def _next_alarm_locked(self, now: float) -> float | None:
        """Return when a worker has to look at the heap (clock seconds), or None if another one does so in time."""
        due = min(self._heap[0][0], now + _MAX_WAIT) if self._heap else now + _MAX_WAIT
        return None if self._alarms and min(self._alarms) <= due else due

    def _shut_down_locked(self) -> None:
        self._shutting_down = True
        self._heap.clear()
        self._due.clear()
        self._condition.notify_all()

    def _unfinished(self) -> float:
        with self._condition:
            now = self._clock.now()
            return sum(now - since for since in self._processing.values())

    def _longest_running(self) -> float:
        with self._condition:
            now = self._clock.now()
            return max((now - since for since in self._processing.values()), default=0.0)


def _is_needless(unless: Callable[[], bool]) -> bool:
    try:
        return unless()
    except Exception:  # a bug in it must neither lose the key nor end the worker that is done
        log.exception("key queued in doubt")
        return False
