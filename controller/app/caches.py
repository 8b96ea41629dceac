"""The local copies of the API server's objects, and the handlers that turn their changes into keys to reconcile."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from controller.api.environment import ENVIRONMENTS
from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import Resource
from controller.app.options import Options
from controller.cache import Backoff, ConsistencyStore, DeletedFinalStateUnknown, Informer, Store, Texts
from controller.cache.listwatch import ReflectorSettings
from controller.client import Client
from controller.client.serverhealth import ServerHealth
from controller.environment.watches import WATCHES, Watch
from controller.metrics import Registry
from controller.tronadorconfig.content import recipients
from controller.workqueue import RateLimitingQueue

Keys = Callable[[Object], Iterable[str]]
Doubt = Callable[[], bool]
# Takes a key, and where an `Enqueue` has `repeats` also `unless`, a Doubt or None.
Add = Callable[..., None]
# The keys that a change concerns. Takes the object before and after it, each None if it did not exist then.
ChangedKeys = Callable[[Object | None, Object | None], Iterable[str]]


def informers(
    options: Options, client: Client, registry: Registry, *, recovery: ServerHealth
) -> dict[Resource, Informer]:
    """Return the informer of every watched resource."""
    # A release has the values of its environment.
    texts = Texts()
    return {watch.resource: _informer(watch, client, options, registry, recovery, texts) for watch in WATCHES}


def consistency(stores: Mapping[Resource, Store]) -> ConsistencyStore:
    """Return the store that shows a reconciler whether the caches contain its own writes."""
    # In the controller's own namespace a reconcile of an environment only reads. What it writes elsewhere, such as a
    # Secret, never arrives in the caches of that namespace.
    return ConsistencyStore(
        stores={watch.resource: stores[watch.resource] for watch in WATCHES if not watch.in_own_namespace}
    )


def enqueue(
    informers: Mapping[Resource, Informer],
    queue: RateLimitingQueue,
    *,
    resync_period: float,
    repeats: Callable[[Resource, str, Object], bool],
) -> None:
    """Have an environment reconciled when it or one of its objects changes, and in each resync.

    Environments that are up to date at the start wait until nothing else is to do, and a resync is spread over its
    period (seconds). So a change never waits for thousands of environments that did not change. What was begun for one
    environment is completed before another one is begun, as far as it depends on the controller. An object that only
    `repeats` what the last reconcile of an environment left leads to no other one (`Echoes.repeats`).
    """
    environments = informers[ENVIRONMENTS].store

    def add_known(key: str, *, unless: Doubt | None = None) -> None:
        # Most namespaces of a cluster belong to no environment.
        if environments.get(key) is not None:
            queue.add(key, unless=unless)

    def add_begun(key: str, *, unless: Doubt | None = None) -> None:
        if environments.get(key) is not None:
            queue.add_first(key, unless=unless)

    def add_initial(key: str) -> None:
        environment = environments.get(key)
        if environment is not None:
            (queue.add_last if _is_up_to_date(environment) else queue.add)(key)

    def add_in_turn(key: str) -> None:
        # Each environment has its place in the period, whatever the others are.
        queue.add_after(key, resync_period * zlib.crc32(key.encode()) / 2**32)

    for watch in WATCHES:
        if watch.keys is not None:
            is_environment = watch.resource == ENVIRONMENTS
            add, progress = (queue.add, queue.add) if is_environment else (add_known, add_begun)
            handler = Enqueue(
                keys=watch.keys,
                add=add,
                progress=progress,
                initial=add_initial,
                resync=add_in_turn,
                repeats=partial(repeats, watch.resource),
            )
            registration = informers[watch.resource].add_handler(
                handler, name=f"enqueue-{watch.resource}", at_once=True
            )
            handler.has_synced = registration.has_synced


def _is_up_to_date(environment: Object) -> bool:
    observed = objects.mapping(environment.get("status")).get("observedGeneration")
    return observed == objects.generation(environment) and not objects.is_deleting(environment)


class Enqueue:
    """A handler of an informer that queues the keys of an object, both those before and those after a change.

    Args:
        add: queues a key.
        progress: queues a key of an object whose status has changed, or which is gone, if that is another way.
        initial: queues a key of an object that existed at the start, if that is another way.
        resync: queues a key of an object that did not change, if that is another way.
        repeats: whether a new version of an object shows nothing new for a key. The queue asks it once it matters.

    Attributes:
        has_synced: whether the handler has got all objects that existed at the start; set it after the registration.
    """

    def __init__(
        self,
        *,
        keys: Keys,
        add: Add,
        progress: Add | None = None,
        initial: Add | None = None,
        resync: Add | None = None,
        repeats: Callable[[str, Object], bool] | None = None,
    ) -> None:
        self.has_synced: Callable[[], bool] = lambda: False
        self._keys = keys
        self._add = add
        self._progress = progress or add
        self._initial = initial or add
        self._resync = resync or add
        self._repeats = repeats

    def on_add(self, obj: Object) -> None:
        """Handle a new object, or one that existed at the start."""
        if self.has_synced():
            self._queue(self._add, obj, new=obj)
        else:
            self._queue(self._initial, obj)

    def on_update(self, old: Object, new: Object) -> None:
        """Handle a change, which may move an object from one environment to another."""
        if new is old:
            self._queue(self._resync, new)
        else:
            # Others report what they did in the status. Any other change may be the echo of our own write.
            is_progress = old.get("status") != new.get("status")
            self._queue(self._progress if is_progress else self._add, old, new, new=new)

    def on_delete(self, obj: Object | DeletedFinalStateUnknown) -> None:
        """Handle a deletion, seen or inferred."""
        self._queue(self._progress, obj.obj if isinstance(obj, DeletedFinalStateUnknown) else obj)

    def _queue(self, add: Add, *objects: Object, new: Object | None = None) -> None:
        for key in dict.fromkeys(key for obj in objects for key in self._keys(obj)):
            if new is None or self._repeats is None:
                add(key)
            else:
                add(key, unless=partial(self._repeats, key, new))


class Spread:
    """Like `Enqueue`, for changes that can concern all environments at once.

    It makes `per_second` of them due each second, so that the change of a single environment does not wait for all.
    """

    def __init__(self, *, keys: ChangedKeys, add_after: Callable[[str, float], None], per_second: float) -> None:
        self._keys = keys
        self._add_after = add_after
        self._pause = 1 / per_second

    def on_add(self, obj: Object) -> None:
        """Handle a new object, or one that existed at the start."""
        self._queue(None, obj)

    def on_update(self, old: Object, new: Object) -> None:
        """Handle a change."""
        self._queue(old, new)

    def on_delete(self, obj: Object | DeletedFinalStateUnknown) -> None:
        """Handle a deletion, seen or inferred."""
        self._queue(obj.obj if isinstance(obj, DeletedFinalStateUnknown) else obj, None)

    def _queue(self, before: Object | None, after: Object | None) -> None:
        for position, key in enumerate(self._keys(before, after)):
            self._add_after(key, position * self._pause)


def _informer(
    watch: Watch, client: Client, options: Options, registry: Registry, recovery: ServerHealth, texts: Texts
) -> Informer:
    is_environment = watch.resource == ENVIRONMENTS
    return Informer(
        client=client,
        resource=watch.resource,
        namespace=options.namespace if watch.in_own_namespace else "",
        label_selector=options.watch_label_selector if is_environment else watch.label_selector,
        indexers={**watch.indexers, **({recipients.INDEX: recipients.index} if is_environment else {})},
        # A resync of the environments is enough, because everything else is reconciled with its environment.
        resync_period=options.cache.resync_period if is_environment else 0.0,
        # Without an engine's CRD there are no releases. The status of the environments reports that until it appears.
        missing_is_empty=watch.may_be_missing,
        settings=ReflectorSettings(watch_silence=options.requests.watch_read_timeout),
        backoff=Backoff(maximum=min(30.0, options.controller.max_backoff)),
        recovery=recovery,
        texts=texts,
        registry=registry,
    )
