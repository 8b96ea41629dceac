"""Everything put together: which object is made of which. No logic lives here."""

from __future__ import annotations

import math
import socket
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from controller.api.environment import ENVIRONMENTS
from controller.api.tronador_config import TRONADOR_CONFIGS
from controller.apimachinery import objects
from controller.apimachinery.resources import SECRETS, Resource
from controller.app import election, page, serving, sharding, tronadorconfig
from controller.app.clients import Clients
from controller.app.dry_run import DryRun
from controller.app.metrics import DryRunMetrics
from controller.app.options import Options
from controller.app.reconcilers import Reconcilers
from controller.app.sources import Enqueue
from controller.cache import Backoff, ConsistencyStore, Informer, Store
from controller.cache.listwatch import ReflectorSettings
from controller.client import Client
from controller.client.config import Connection
from controller.client.prober import Prober
from controller.client.serverhealth import ServerHealth
from controller.environment.discovery import Discovery
from controller.environment.metrics import EnvironmentMetrics
from controller.environment.stopwatch import Stopwatch
from controller.environment.wakeups import Wakeups
from controller.environment.watches import WATCHES, Watch
from controller.events import Recorder
from controller.leaderelection import LeaderElector
from controller.metrics import Registry, of_process
from controller.runtime import Controller, HttpServer, Manager
from controller.statuspage import Process
from controller.statuspage.sources import Role
from controller.tronadorconfig.content.shares import Concerned, Shares
from controller.workqueue import (
    BucketLimiter,
    ItemExponentialLimiter,
    MaxOfLimiter,
    RateLimitingQueue,
)

CONTROLLER_NAME = "environmentprovisioner"
REPORTING_CONTROLLER = "tronador.stakater.com/controller"


@dataclass(frozen=True, slots=True)
class Application:
    """What `run` runs and what signals speak to."""

    manager: Manager
    dry_run: DryRun | None
    queues: tuple[RateLimitingQueue, ...]
    clients: Clients

    def close(self) -> None:
        """Let go of all connections, when the manager has ended."""
        self.clients.close()

    def describe(self) -> str:
        """The queues' content, for a person who asks what the process is doing."""
        return "\n".join(f"queue {queue.name}: {queue.snapshot()}" for queue in self.queues)


def build(options: Options, connection: Connection) -> Application:
    """The whole controller. OSError: an address is taken; OptionError: options contradict each other."""
    registry = of_process()
    metrics = EnvironmentMetrics(registry)
    health = ServerHealth()
    clients = Clients(options, connection, registry=registry, health=health)
    dry = options.dry_run.enabled
    elector = None if dry else election.build(options, clients, registry, health=health)
    # Called before each write, so that a process that lost its lease sends no write, and a dry run never does.
    requests = clients.for_requests(may_write=elector.is_leader_now if elector else lambda: not dry)
    watches = clients.for_watches()
    informers = {watch.resource: _informer(watch, watches, options, registry, health) for watch in WATCHES}
    stores = {resource: informer.store for resource, informer in informers.items()}
    shares = Shares(configs=stores[TRONADOR_CONFIGS], secrets=stores[SECRETS], options=options.tronadorconfig)
    queue = _queue(options, registry)
    _enqueue(informers, shares, queue)
    reconcilers = Reconcilers(
        options=options, stores=stores, shares=shares, discovery=Discovery(client=requests, now=time.monotonic)
    )
    recorder = Recorder(
        client=requests, controller=REPORTING_CONTROLLER, instance=socket.gethostname(), registry=registry
    )
    wakeups = Wakeups(client=watches, wake=queue.add_after)
    stopwatch = Stopwatch(metrics=metrics, now=time.monotonic)
    dry_run = _dry_run(options, requests, reconcilers, registry, stop=lambda: manager.stop()) if dry else None
    reconciler = (
        dry_run.reconciler(partial(reconcilers.planned_environments, metrics=EnvironmentMetrics(Registry())))
        if dry_run
        else reconcilers.environments(
            requests,
            recorder=recorder,
            wakeups=wakeups,
            consistency=_consistency(stores),
            metrics=metrics,
            stopwatch=stopwatch,
        )
    )
    controller = Controller(
        name=CONTROLLER_NAME,
        queue=queue,
        reconciler=reconciler,
        workers=options.controller.workers,
        reconcile_timeout=options.controller.reconcile_timeout,
        registry=registry,
    )
    queues, controllers = [queue], [controller]
    if sharding.is_main(options.watch_label_selector):
        config_reconciler = dry_run.reconciler(reconcilers.planned_config) if dry_run else reconcilers.config(requests)
        config_queue, config_controller = tronadorconfig.build(
            options, registry, informers, reconciler=config_reconciler
        )
        queues.append(config_queue)
        controllers.append(config_controller)
    # Those that failed while the server was away would otherwise sleep for up to `max_backoff`.
    for each in queues:
        health.subscribe(each.hasten)
    metrics.observe(
        environments=stores[ENVIRONMENTS].list,
        longest_wait=stopwatch.longest_wait,
        longest_teardown=stopwatch.longest_teardown,
    )
    http_servers = _http_servers(options, registry, informers, queues, elector, manager=lambda: manager)
    manager = Manager(
        # The prober runs for as long as anything may wait for what it finds out.
        servers=(*http_servers, Prober(health=health, ask=clients.for_probes().check_ready)),
        caches=tuple(informers.values()),
        services=(recorder, wakeups, *((dry_run,) if dry_run else ())),
        controllers=tuple(controllers),
        elector=elector,
        graceful_timeout=options.graceful_timeout,
        sync_timeout=options.cache.cache_sync_timeout or math.inf,
    )
    return Application(manager, dry_run, tuple(queues), clients)


def _informer(watch: Watch, client: Client, options: Options, registry: Registry, recovery: ServerHealth) -> Informer:
    return Informer(
        client=client,
        resource=watch.resource,
        namespace=options.namespace if watch.in_own_namespace else "",
        label_selector=options.watch_label_selector if watch.resource == ENVIRONMENTS else watch.label_selector,
        indexers=watch.indexers,
        # Everything is reconciled by way of its environment, so one resync of those is enough.
        resync_period=options.cache.resync_period if watch.resource == ENVIRONMENTS else 0.0,
        # Without an engine's CRD there are no releases of it; the environments say so, and continue when it appears.
        missing_is_empty=watch.may_be_missing,
        settings=ReflectorSettings(watch_silence=options.requests.watch_read_timeout),
        backoff=Backoff(maximum=min(30.0, options.controller.max_backoff)),
        recovery=recovery,
        registry=registry,
    )


def _queue(options: Options, registry: Registry) -> RateLimitingQueue:
    return RateLimitingQueue(
        name=CONTROLLER_NAME,
        # The bucket bounds what failing environments may cost the API server all together.
        limiter=MaxOfLimiter(
            ItemExponentialLimiter(maximum=options.controller.max_backoff), BucketLimiter(rate=50.0, burst=500)
        ),
        registry=registry,
    )


def _enqueue(informers: Mapping[Resource, Informer], shares: Shares, queue: RateLimitingQueue) -> None:
    """Have environments reconciled when they, what belongs to them, or what is shared with them changes."""
    environments = informers[ENVIRONMENTS].store
    for watch in WATCHES:
        if watch.keys is not None:
            add = queue.add if watch.resource == ENVIRONMENTS else _only_known(queue, environments)
            handler = Enqueue(keys=watch.keys, add=add)
            informers[watch.resource].add_handler(handler, name=f"enqueue-{watch.resource}")
    tronadorconfig.spread(informers, Concerned(shares=shares, environments=environments.list), queue)


def _only_known(queue: RateLimitingQueue, environments: Store) -> Callable[[str], None]:
    """Most namespaces of a cluster belong to no environment."""

    def add(key: str) -> None:
        if environments.get(key) is not None:
            queue.add(key)

    return add


def _consistency(stores: Mapping[Resource, Store]) -> ConsistencyStore:
    # What lies in our own namespace is only read; that what we apply elsewhere arrives there is not to be waited for.
    return ConsistencyStore(
        stores={watch.resource: stores[watch.resource] for watch in WATCHES if not watch.in_own_namespace}
    )


def _dry_run(
    options: Options, client: Client, reconcilers: Reconcilers, registry: Registry, *, stop: Callable[[], None]
) -> DryRun:
    def keys() -> Iterable[str]:
        yield from map(objects.key, reconcilers.stores[ENVIRONMENTS].list())
        if sharding.is_main(options.watch_label_selector) and reconcilers.stores[TRONADOR_CONFIGS].list():
            yield tronadorconfig.config_key(options)

    dry_run = DryRun(client=client, keys=keys, finished=stop if options.dry_run.dry_run_once else None)
    DryRunMetrics(registry, dry_run.counts)
    return dry_run


def _http_servers(
    options: Options,
    registry: Registry,
    informers: Mapping[Resource, Informer],
    queues: Sequence[RateLimitingQueue],
    elector: LeaderElector | None,
    *,
    manager: Callable[[], Manager],
) -> tuple[HttpServer, ...]:
    """What `serving.build` returns, and raises. `manager` is called for each answer, because it is made later."""

    def stale() -> str | None:
        return serving.stale(informers.values(), limit=options.cache.cache_staleness_limit)

    def process() -> Process:
        running = manager()
        role: Role = "starting" if not running.caches_synced else "leader" if running.elected else "standby"
        return Process(role=role, trouble=stale())

    return serving.build(
        options.http,
        registry,
        # Nothing about the API server: a restart of this process would not bring it back.
        healthy={"leader-election": lambda: elector.problem() if elector else None},
        ready={
            "caches": lambda: None if manager().caches_synced else "the caches are not filled yet",
            "caches-current": stale,
        },
        page=page.build(informers=informers, queues=queues, process=process) if options.http.status_page else {},
    )
