"""Workers that process a queue. Only this module marks keys as done, forgets them, or queues them again."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

import structlog
from structlog.contextvars import bound_contextvars

from controller.apimachinery.clock import Clock, MonotonicClock
from controller.apimachinery.errors import ApiError
from controller.apimachinery.scope import Scope
from controller.apimachinery.threads import start_thread
from controller.cache import ConsistencyError
from controller.metrics import Registry
from controller.runtime.metrics import ControllerMetrics
from controller.runtime.reconcile import Reconciler, Request, Result, TerminalError
from controller.workqueue import RateLimitingQueue

log = structlog.get_logger(__name__)

# Seconds for which a stop waits after it has interrupted the reconciles.
_INTERRUPT_GRACE = 1.0


class Controller:
    """Runs `workers` threads that take keys from `queue` and pass them to `reconciler`.

    Args:
        watch: has the changes of objects queue keys. It is called once, at the start, so the queue of a process that
            was not elected stays empty.
        reconcile_timeout: seconds after which every blocking call in a reconcile fails; 0: no limit.
    """

    def __init__(
        self,
        *,
        name: str,
        queue: RateLimitingQueue,
        reconciler: Reconciler,
        watch: Callable[[], None] = lambda: None,
        workers: int = 1,
        reconcile_timeout: float = 0.0,
        registry: Registry | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.name = name
        self._queue = queue
        self._reconciler = reconciler
        self._watch = watch
        self._workers = workers
        self._timeout = reconcile_timeout if reconcile_timeout > 0 else None
        self._metrics = ControllerMetrics(registry or Registry(), name)
        self._clock = clock or MonotonicClock()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._scopes: set[Scope] = set()
        self._stopping = threading.Event()
        self._metrics.workers.set(workers)

    def start(self) -> None:
        """Start to watch, and start the workers. Raises RuntimeError if they were started before."""
        with self._lock:
            if self._threads or self._stopping.is_set():
                raise RuntimeError(f"controller {self.name} was already started or stopped")
            self._watch()
            self._threads = [start_thread(f"worker-{self.name}-{n}", self._work) for n in range(self._workers)]

    def stop(self, timeout: float) -> bool:
        """Let running reconciles finish within `timeout` seconds, then interrupt them. The backlog is not processed.

        Returns whether all workers ended without an interruption. Idempotent.
        """
        self._stopping.set()
        self._queue.shutdown()
        if self._join(timeout):
            return True
        log.warning("reconciles did not finish in time", controller=self.name, timeout=timeout)
        self.interrupt()
        self._join(_INTERRUPT_GRACE)
        return False

    def interrupt(self) -> None:
        """Take no more keys, and make every blocked call in a running reconcile fail now."""
        self._stopping.set()
        self._queue.shutdown()
        with self._lock:
            scopes = list(self._scopes)
        for scope in scopes:
            scope.cancel()

    def _join(self, timeout: float) -> bool:
        deadline = self._clock.now() + timeout
        for thread in self._threads:
            thread.join(max(0.0, deadline - self._clock.now()))
        return not any(thread.is_alive() for thread in self._threads)

    def _work(self) -> None:
        while (key := self._queue.get()) is not None:
            try:
                if self._stopping.is_set():
                    return
                self._process(key)
            finally:
                self._queue.done(key)

    def _process(self, key: str) -> None:
        self._metrics.active_workers.inc()
        started = self._clock.now()
        scope = Scope(timeout=self._timeout, clock=self._clock)
        with self._lock:
            self._scopes.add(scope)
        try:
            reconcile_id = f"{random.getrandbits(48):012x}"
            with bound_contextvars(controller=self.name, key=key, reconcile_id=reconcile_id), scope.bound():
                result = self._reconcile(key, scope)
        finally:
            with self._lock:
                self._scopes.discard(scope)
            self._metrics.active_workers.dec()
        self._metrics.results[result].inc()
        self._metrics.duration.observe(self._clock.now() - started)

    def _reconcile(self, key: str, scope: Scope) -> str:
        """Reconcile the key and decide whether it is queued again. Returns the result's name in the metrics."""
        try:
            result = self._reconciler.reconcile(Request(key))
        except ConsistencyError as error:
            self._queue.add_rate_limited(key)
            self._metrics.stale.inc()
            log.debug("reconcile postponed", reason=str(error))
            return "requeue"
        except TerminalError as error:
            self._queue.forget(key)
            log.error("reconcile failed terminally", **_described(error))
            self._count(scope, terminal=True)
            return "error"
        except ApiError as error:
            self._queue.add_rate_limited(key)
            if self._stopping.is_set():
                log.debug("reconcile interrupted", error=str(error))
            else:
                log.error("reconcile failed", **_described(error))
                self._count(scope)
            return "error"
        except Exception as error:  # a bug in the reconciler must not end the worker
            self._queue.add_rate_limited(key)
            log.exception("reconcile crashed", **_described(error))
            self._count(scope, panic=True)
            return "error"
        return self._conclude(key, result)

    def _conclude(self, key: str, result: Result) -> str:
        if result.requeue:
            self._queue.add_rate_limited(key)
            return "requeue"
        self._queue.forget(key)
        if result.requeue_after is not None:
            self._queue.add_after(key, result.requeue_after)
            return "requeue_after"
        return "success"

    def _count(self, scope: Scope, *, terminal: bool = False, panic: bool = False) -> None:
        self._metrics.errors.inc()
        if terminal:
            self._metrics.terminal_errors.inc()
        if panic:
            self._metrics.panics.inc()
        if scope.expired:
            self._metrics.timeouts.inc()


def _described(error: Exception) -> dict[str, str]:
    return {"error": str(error), "error_type": type(error).__name__}
