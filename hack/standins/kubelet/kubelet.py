"""Watches Pods and writes their statuses, so that the controllers of workloads see them run, or fail."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import structlog

from controller.apimachinery import objects
from controller.apimachinery.errors import ApiError, NotFound
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import Resource
from controller.apimachinery.threads import start_thread
from controller.cache import Backoff, DeletedFinalStateUnknown, Informer
from controller.client import Client
from controller.workqueue import RateLimitingQueue
from hack.standins.kubelet import pods

log = structlog.get_logger(__name__)

PODS = Resource("", "v1", "pods", "Pod", namespaced=True)


class Kubelet:
    """`start` once, `stop` once. Pods stay without a node, so the API server removes a deleted one at once."""

    def __init__(self, *, client: Client, namespace: str = "", workers: int = 2) -> None:
        """`namespace`: the only one to look at; "": all."""
        self._client = client
        self._workers = workers
        self._queue = RateLimitingQueue(name="kubelet")
        self._informer = Informer(client=client, resource=PODS, namespace=namespace, backoff=Backoff(maximum=1.0))
        self._informer.add_handler(self, name="kubelet")
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin, in threads of its own."""
        self._informer.start()
        for number in range(self._workers):
            self._threads.append(start_thread(f"kubelet worker {number}", self._work))

    def has_synced(self) -> bool:
        """Whether everything that existed at the start has been seen."""
        return self._informer.has_synced()

    def stop(self, timeout: float) -> None:
        """End within about `timeout` seconds."""
        self._queue.shutdown()
        self._informer.stop(timeout)
        for thread in self._threads:
            thread.join(timeout)

    # The informer's handler.

    def on_add(self, obj: Object) -> None:
        self._queue.add(objects.key(obj))

    def on_update(self, _old: Object, new: Object) -> None:
        self._queue.add(objects.key(new))

    def on_delete(self, _obj: Object | DeletedFinalStateUnknown) -> None:
        return

    def _work(self) -> None:
        while (key := self._queue.get()) is not None:
            try:
                self._report(key)
            except NotFound:
                self._queue.forget(key)
            except ApiError as error:
                log.warning("status of Pod not written, trying again", pod=key, error=str(error))
                self._queue.add_rate_limited(key)
            else:
                self._queue.forget(key)
            self._queue.done(key)

    def _report(self, key: str) -> None:
        pod = self._informer.store.get(key)
        status = pods.status(pod, datetime.now(UTC)) if pod is not None else None
        if pod is None or status is None:
            return
        body = {"metadata": {"uid": objects.uid(pod)}, "status": status}
        self._client.patch(PODS, objects.name(pod), body, namespace=objects.namespace(pod), subresource="status")
