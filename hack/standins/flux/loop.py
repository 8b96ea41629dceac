"""Calls a reconciler: informer, queue with back-off, workers."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from controller.apimachinery import objects
from controller.apimachinery.errors import ApiError
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import Resource
from controller.cache import Backoff, DeletedFinalStateUnknown, Informer
from controller.client import Client
from controller.workqueue import ItemExponentialLimiter
from hack.standins.flux.resources import REQUESTED_AT
from hack.standins.keyworkers import KeyWorkers

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Again:
    """When a key is to be reconciled next, unless something happens before: `after` seconds; None: with back-off."""

    after: float | None


DONE = None
WITH_BACKOFF = Again(None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds before the first retry and at most, and how many workers there are."""

    first_retry: float
    last_retry: float
    workers: int


class Loop(KeyWorkers):
    """One kind and its reconciler. `start` once, `stop` once."""

    def __init__(
        self,
        *,
        name: str,
        client: Client,
        resource: Resource,
        namespace: str,
        pace: Pace,
        reconcile: Callable[[str], Again | None],
        changed: Callable[[Object], None] = lambda _obj: None,
    ) -> None:
        """
        Args:
            namespace: the only one to look at; "": all.
            reconcile: called with a key; raising ApiError has the same effect as returning WITH_BACKOFF.
            changed: called in the informer's thread with every object that appeared or changed (status included).
        """
        self._reconcile = reconcile
        self._changed = changed
        # Tests take the API server or the CRD away; short pauses let them continue soon after it is back.
        informer = Informer(
            client=client,
            resource=resource,
            namespace=namespace,
            backoff=Backoff(maximum=1.0),
            missing_is_empty=True,
        )
        limiter = ItemExponentialLimiter(base=pace.first_retry, maximum=pace.last_retry)
        super().__init__(name=name, informer=informer, workers=pace.workers, limiter=limiter)

    def enqueue(self, key: str) -> None:
        """Have a key reconciled now."""
        self._queue.add(key)

    def cached(self, key: str) -> Object | None:
        """The object as the watch saw it last."""
        return self._informer.store.get(key)

    def all(self) -> list[Object]:
        """All objects as the watch saw them last."""
        return list(self._informer.store.list())

    # The informer's handler.

    def on_add(self, obj: Object) -> None:
        self._changed(obj)
        self._queue.add(objects.key(obj))

    def on_update(self, old: Object, new: Object) -> None:
        self._changed(new)
        if _concerns_us(old, new):
            self._queue.add(objects.key(new))

    def on_delete(self, obj: Object | DeletedFinalStateUnknown) -> None:
        # Reconciling a deleted object cleans up after it, even if another client removed the finalizer.
        self._queue.add(obj.key if isinstance(obj, DeletedFinalStateUnknown) else objects.key(obj))

    def _process(self, key: str) -> None:
        try:
            again = self._reconcile(key)
        except ApiError as error:
            log.info("failed, trying again", controller=self._name, object=key, error=str(error))
            again = WITH_BACKOFF
        except Exception:  # noqa: BLE001 - a bug that one object meets must not end the worker
            # As text: the default formatter shows every variable, which takes seconds if one of them is large.
            log.error("reconciling crashed", controller=self._name, object=key, traceback=traceback.format_exc())
            again = WITH_BACKOFF
        if again == WITH_BACKOFF:
            self._queue.add_rate_limited(key)
            return
        self._queue.forget(key)
        if again is not None and again.after is not None:
            self._queue.add_after(key, again.after)


def _concerns_us(old: Object, new: Object) -> bool:
    """Whether the spec changed, the object was deleted or created again, or an annotation asks for a reconcile."""
    return (
        objects.generation(old) != objects.generation(new)
        or objects.uid(old) != objects.uid(new)
        or objects.is_deleting(old) != objects.is_deleting(new)
        or objects.annotations(old).get(REQUESTED_AT) != objects.annotations(new).get(REQUESTED_AT)
    )
