"""Keeps the pull request of each environment up to date.

What the pull request should show is read from the cache when there is something to write. So the newest state wins, and
states in between are never written. What was reported stands in an annotation, and after a restart only environments
that differ from it cost a request.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, Protocol

import structlog

from controller.api.environment import ENVIRONMENTS, REPORTED_ANNOTATION
from controller.apimachinery import objects
from controller.apimachinery.clock import Clock, MonotonicClock
from controller.apimachinery.errors import Conflict, NotFound
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import Resource
from controller.report import feedback as feedbacks
from controller.report import record, retries
from controller.report.accounts import Accounts
from controller.report.departed import Departed
from controller.report.feedback import Feedback, State
from controller.report.memory import Memory
from controller.report.metrics import ReportMetrics
from controller.report.reporter import Reporter
from controller.runtime.reconcile import Request, Result

log = structlog.get_logger(__name__)

# Seconds. If the rest follows sooner, the annotation is written once for all.
_SOON: Final = 30.0
# Repositories that are remembered as logged. Enough for any cluster, and an end if they come and go.
_LOGGED: Final = 10_000


class Patcher(Protocol):
    """The only method of the client that is used here."""

    def patch(self, resource: Resource, name: str, body: Mapping[str, Any]) -> Any:
        """Apply a merge patch."""
        ...


class FeedbackReconciler:
    """See the module.

    Args:
        get: returns an environment from the cache, or None.
        pace: seconds that one environment takes of the limits, on average.
    """

    def __init__(
        self,
        *,
        get: Callable[[str], Object | None],
        departed: Departed,
        client: Patcher,
        accounts: Accounts,
        reporter: Reporter,
        metrics: ReportMetrics,
        pace: float,
        clock: Clock | None = None,
        rand: Callable[[], float] = random.random,
    ) -> None:
        self._get = get
        self._departed = departed
        self._client = client
        self._accounts = accounts
        self._reporter = reporter
        self._metrics = metrics
        self._pace = pace
        self._clock = clock or MonotonicClock()
        self._rand = rand
        self._lock = threading.Lock()
        self._memories: dict[str, Memory] = {}
        # Repositories about which the log says already that they are under no prefix.
        self._unknown: set[str] = set()

    def reconcile(self, request: Request) -> Result:
        """Report one environment. Raises ApiError if the annotation cannot be written."""
        key = request.key
        obj = self._get(key)
        last = self._departed.get(key)
        if obj is not None and last is not None:
            self._departed.forget(key, objects.uid(last))
        found = obj if obj is not None else last
        if found is None:
            self._forget(key)
            return Result()
        feedback = feedbacks.of(found) if obj is not None else feedbacks.gone(found)
        result = Result() if feedback is None else self._report(key, found, feedback, exists=obj is not None)
        if obj is None and result.requeue_after is None:
            self._departed.forget(key, objects.uid(found))
            self._forget(key)
        return result

    def ignored(self) -> int:
        """Return how many environments have a repository under no prefix."""
        with self._lock:
            return sum(memory.is_ignored for memory in self._memories.values())

    def waiting(self) -> int:
        """Return how many environments have a change that is not reported yet."""
        return len(self._since())

    def longest_wait(self) -> float:
        """Return the age in seconds of the oldest change that is not reported yet; 0 if there is none."""
        return max((self._clock.now() - since for since in self._since()), default=0.0)

    def _report(self, key: str, obj: Object, feedback: Feedback, *, exists: bool) -> Result:
        memory = self._memory(key, obj)
        account = self._accounts.of(feedback.repository)
        memory.is_ignored = account is None
        if account is None:
            self._ignore(feedback, memory)
            return Result()
        steady = retries.steady(feedback, memory.record, memory.failure)
        memory.record = retries.noted(memory.record, feedback)
        if feedback.state is State.FAILED:
            memory.failure = feedback
        if steady is None:
            return Result()
        feedback = steady
        if not memory.record.due(self._reporter.wanted(feedback)):
            memory.since = None
            return self._save(key, memory, exists=exists, result=Result())
        if memory.since is None:
            memory.since = self._clock.now()
        outcomes = self._reporter.report(feedback, account, memory)
        waits = [outcome.wait for outcome in outcomes.values() if outcome.wait is not None]
        if not waits:
            self._metrics.shown(self._clock.now() - memory.since)
            memory.since = None
            return self._save(key, memory, exists=exists, result=Result())
        wait = min(waits)
        if account.budget.wait() > 0:
            # Otherwise all that wait would come back in the same instant, and most of them too early.
            wait += self._rand() * self.waiting() * self._pace
        result = Result(requeue_after=wait)
        return result if wait < _SOON else self._save(key, memory, exists=exists, result=result)

    def _save(self, key: str, memory: Memory, *, exists: bool, result: Result) -> Result:
        """Write the annotation if it is not up to date."""
        if not memory.is_unsaved or not exists:
            return result
        annotations = {REPORTED_ANNOTATION: record.render(memory.record)}
        # The server refuses the patch of another environment. One that is gone needs no record.
        with suppress(Conflict, NotFound):
            self._client.patch(ENVIRONMENTS, key, {"metadata": {"uid": memory.uid, "annotations": annotations}})
        memory.is_unsaved = False
        return result

    def _memory(self, key: str, obj: Object) -> Memory:
        with self._lock:
            memory = self._memories.get(key)
            if memory is None or memory.uid != objects.uid(obj):
                text = objects.text(objects.annotations(obj).get(REPORTED_ANNOTATION))
                memory = self._memories[key] = Memory(uid=objects.uid(obj), record=record.parse(text))
            return memory

    def _forget(self, key: str) -> None:
        with self._lock:
            self._memories.pop(key, None)

    def _since(self) -> list[float]:
        with self._lock:
            return [memory.since for memory in self._memories.values() if memory.since is not None]

    def _ignore(self, feedback: Feedback, memory: Memory) -> None:
        memory.since = None
        location = feedback.repository.location if feedback.repository else ""
        with self._lock:
            is_news = location not in self._unknown
            if len(self._unknown) < _LOGGED:
                self._unknown.add(location)
        if is_news:
            log.info("environment not reported", environment=feedback.environment, repository=location or "unknown")
