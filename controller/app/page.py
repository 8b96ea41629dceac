"""Wires the status page: its timeline follows the environments, and the page reads caches and queues."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version

from controller.api.environment import ENVIRONMENTS
from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import Resource
from controller.cache import DeletedFinalStateUnknown, Informer
from controller.runtime.httpserver import Route
from controller.statuspage import CacheState, Process, QueueState, Sources, StatusPage, Timeline
from controller.workqueue import RateLimitingQueue


def build(
    *, informers: Mapping[Resource, Informer], queues: Sequence[RateLimitingQueue], process: Callable[[], Process]
) -> Mapping[str, Route]:
    """Return the routes of the page. Calls `process` when it renders a page."""
    environments = informers[ENVIRONMENTS]
    timeline = Timeline(now=_now)
    environments.add_handler(_Watch(timeline), name="timeline", resync_period=0.0, at_once=True)
    page = StatusPage(
        sources=Sources(
            environments=environments.store.list,
            environment=environments.store.get,
            revision=environments.store.last_sync_resource_version,
            process=process,
            queues=lambda: [_queue(queue) for queue in queues],
            caches=lambda: [_cache(informer) for informer in informers.values()],
            now=_now,
            version=version("tronador"),
            started=_now(),
        ),
        timeline=timeline,
    )
    return page.routes()


class _Watch:
    """A handler of the informer that passes changes to the timeline."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline

    def on_add(self, obj: Object) -> None:
        self._timeline.saw(obj)

    def on_update(self, old: Object, new: Object) -> None:
        self._timeline.saw(new)

    def on_delete(self, obj: Object | DeletedFinalStateUnknown) -> None:
        self._timeline.forget(obj.key if isinstance(obj, DeletedFinalStateUnknown) else objects.key(obj))


def _now() -> datetime:
    return datetime.now(UTC)


def _queue(queue: RateLimitingQueue) -> QueueState:
    snapshot = queue.snapshot()
    # The keys that are due next come first.
    delayed = sorted(snapshot.delayed, key=lambda item: item[1])
    return QueueState(name=queue.name, ready=snapshot.ready, delayed=delayed, running=snapshot.processing)


def _cache(informer: Informer) -> CacheState:
    staleness = informer.staleness()
    return CacheState(
        resource=str(informer.resource),
        objects=len(informer.store),
        missing=informer.missing,
        stale_seconds=staleness.seconds,
        reason=staleness.reason,
    )
