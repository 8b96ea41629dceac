"""What most stand-ins are made of: an informer that fills a queue with keys, and workers that process them."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod

from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.apimachinery.threads import start_thread
from controller.cache import DeletedFinalStateUnknown, Informer
from controller.workqueue import ItemExponentialLimiter, RateLimitingQueue


class KeyWorkers(ABC):
    """`start` once, `stop` once. One worker at a time has a key."""

    def __init__(
        self, *, name: str, informer: Informer, workers: int, limiter: ItemExponentialLimiter | None = None
    ) -> None:
        self._name = name
        self._workers = workers
        self._stop = threading.Event()
        self._queue = RateLimitingQueue(name=name, limiter=limiter)
        self._informer = informer
        self._informer.add_handler(self, name=name)
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin, in threads of its own."""
        self._informer.start()
        for number in range(self._workers):
            self._threads.append(start_thread(f"{self._name} worker {number}", self._work))

    def has_synced(self) -> bool:
        """Whether everything that existed at the start has been seen."""
        return self._informer.has_synced()

    def stop(self, timeout: float) -> None:
        """End; what is under way is finished, within about `timeout` seconds."""
        self._stop.set()
        self._queue.shutdown()
        self._informer.stop(timeout)
        for thread in self._threads:
            thread.join(timeout)

    # The informer's handler.

    def on_add(self, obj: Object) -> None:
        """Queue the key."""
        self._queue.add(objects.key(obj))

    def on_update(self, _old: Object, new: Object) -> None:
        """Queue the key."""
        self._queue.add(objects.key(new))

    def on_delete(self, _obj: Object | DeletedFinalStateUnknown) -> None:
        """Queue nothing."""
        return

    @abstractmethod
    def _process(self, key: str) -> None:
        """Do the work for a key. An exception ends the worker."""

    def _work(self) -> None:
        while (key := self._queue.get()) is not None:
            if not self._stop.is_set():
                self._process(key)
            self._queue.done(key)
