"""Watches Pods, and writes their statuses and Events, so that the controllers of workloads see them run, or fail."""

from __future__ import annotations

from datetime import UTC, datetime

import structlog

from controller.apimachinery import objects
from controller.apimachinery.errors import ApiError, NotFound
from controller.apimachinery.resources import PODS
from controller.cache import Backoff, Informer
from controller.client import Client
from hack.standins.events import Events
from hack.standins.keyworkers import KeyWorkers
from hack.standins.kubelet import pods

log = structlog.get_logger(__name__)


class Kubelet(KeyWorkers):
    """`start` once, `stop` once. Pods stay without a node, so the API server removes a deleted one at once."""

    def __init__(self, *, client: Client, namespace: str = "", workers: int = 2) -> None:
        """`namespace`: the only one to look at; "": all."""
        self._client = client
        self._events = Events(client=client, component="kubelet", about=PODS)
        informer = Informer(client=client, resource=PODS, namespace=namespace, backoff=Backoff(maximum=1.0))
        super().__init__(name="kubelet", informer=informer, workers=workers)

    def _process(self, key: str) -> None:
        try:
            self._report(key)
        except NotFound:
            self._queue.forget(key)
        except ApiError as error:
            log.warning("status of Pod not written, trying again", pod=key, error=str(error))
            self._queue.add_rate_limited(key)
        else:
            self._queue.forget(key)

    def _report(self, key: str) -> None:
        pod = self._informer.store.get(key)
        status = pods.status(pod, datetime.now(UTC)) if pod is not None else None
        if pod is None or status is None:
            return
        body = {"metadata": {"uid": objects.uid(pod)}, "status": status}
        self._client.patch(PODS, objects.name(pod), body, namespace=objects.namespace(pod), subresource="status")
        for reason, message, path in pods.warnings(pod):
            self._events.emit(pod, "Warning", reason, message, field_path=path)
