"""Puts the controller together: each object is created here and gets what it needs. Contains no other logic."""

from __future__ import annotations

import math
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final

from controller.api.environment import ENVIRONMENTS
from controller.api.tronador_config import TRONADOR_CONFIGS
from controller.apimachinery import objects
from controller.apimachinery.resources import SECRETS
from controller.app import caches, election, places, serving, sharding, tronadorconfig
from controller.app.clients import Clients
from controller.app.dry_run import DryRun
from controller.app.metrics import DryRunMetrics
from controller.app.options import Options
from controller.app.reconcilers import Reconcilers
from controller.client import Client
from controller.client.config import Connection
from controller.client.prober import Prober
from controller.client.serverhealth import ServerHealth
from controller.environment import counts
from controller.environment.discovery import Discovery
from controller.environment.expirations import Brake
from controller.environment.memory import Memory
from controller.environment.metrics import EnvironmentMetrics
from controller.environment.stopwatch import Stopwatch
from controller.environment.wakeups import Wakeups
from controller.environment.watches import WATCHES
from controller.events import Recorder
from controller.leaderelection import LeaderElector
from controller.metrics import Registry, of_process
from controller.runtime import Controller, Manager
from controller.tronadorconfig.content.shares import Concerned, Shares
from controller.workqueue import (
    BucketLimiter,
    ItemExponentialLimiter,
    MaxOfLimiter,
    RateLimitingQueue,
)

# Seconds for the caches of a single dry run, if no option says otherwise.
_DRY_RUN_SYNC: Final = 60.0

CONTROLLER_NAME = "environmentprovisioner"
REPORTING_CONTROLLER = "tronador.stakater.com/controller"


@dataclass(frozen=True, slots=True)
class Application:
    """The controller, ready to run."""

    manager: Manager
    dry_run: DryRun | None
    queues: tuple[RateLimitingQueue, ...]
    clients: Clients

    def close(self) -> None:
        """Close all connections. Call this after the manager has stopped."""
        self.clients.close()

    def describe(self) -> str:
        """Return the content of the queues as text, for debugging."""
        return "\n".join(f"queue {queue.name}: {queue.snapshot()}" for queue in self.queues)


def build(options: Options, connection: Connection) -> Application:
    """Return the whole controller.

    Raises OSError if an address cannot be used, and OptionError if options contradict each other.
    """
    registry = of_process()
    metrics = EnvironmentMetrics(registry)
    health = ServerHealth()
    command = "run --dry-run" if options.dry_run.enabled else "run"
    clients = Clients(connection, options.requests, command=command, registry=registry, health=health)
    dry = options.dry_run.enabled
    elector = None if dry else _elector(options, clients, registry, health)
    # Called before each write, so that a process that lost its lease sends no write, and a dry run never does.
    requests = clients.for_requests(
        may_write=elector.is_leader_now if elector else lambda: not dry, workers=options.controller.workers
    )
    watches = clients.for_watches(len(WATCHES))
    informers = caches.informers(options, watches, registry, recovery=health)
    stores = {resource: informer.store for resource, informer in informers.items()}
    shares = Shares(configs=stores[TRONADOR_CONFIGS], secrets=stores[SECRETS], options=options.tronadorconfig)
    queue = _queue(options, registry)
    memory = Memory.empty(now=time.monotonic)

    def watch() -> None:
        caches.enqueue(informers, queue, resync_period=options.cache.resync_period, repeats=memory.echoes.repeats)
        tronadorconfig.spread(informers, Concerned(shares=shares, environments=stores[ENVIRONMENTS]), queue)

    reconcilers = Reconcilers(
        options=options,
        stores=stores,
        shares=shares,
        discovery=Discovery(client=requests, now=time.monotonic),
        places=places.build(options, informers, client=requests, queue=queue),
        brake=Brake(
            environments=stores[ENVIRONMENTS],
            burst=options.environment.expire_burst,
            now=lambda: datetime.now(UTC),
            monotonic=time.monotonic,
        ),
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
            consistency=caches.consistency(stores),
            metrics=metrics,
            stopwatch=stopwatch,
            memory=memory,
        )
    )
    controller = Controller(
        name=CONTROLLER_NAME,
        queue=queue,
        reconciler=reconciler,
        watch=watch,
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
    # When the API server is back, keys that failed during the outage are retried at once, not after `max_backoff`.
    for each in queues:
        health.subscribe(each.hasten)
    metrics.observe(
        limits=options.environment.limits,
        counted=lambda: counts.of(stores[ENVIRONMENTS].index_sizes(counts.INDEX)),
        longest_wait=stopwatch.longest_wait,
        longest_teardown=stopwatch.longest_teardown,
    )
    http_servers = serving.build(options, registry, informers, queues, elector, manager=lambda: manager)
    manager = Manager(
        # The prober stops last, because the other parts wait for its result during an outage.
        servers=(*http_servers, Prober(health=health, ask=clients.for_probes().check_ready)),
        caches=tuple(informers.values()),
        services=(recorder, wakeups, *((dry_run,) if dry_run else ())),
        controllers=tuple(controllers),
        elector=elector,
        graceful_timeout=options.graceful_timeout,
        sync_timeout=sync_timeout(options),
    )
    return Application(manager, dry_run, tuple(queues), clients)


def sync_timeout(options: Options) -> float:
    """Return how many seconds the caches have to be filled. A controller may wait for ever, a single dry run not."""
    single = _DRY_RUN_SYNC if options.dry_run.dry_run_once else math.inf
    return options.cache.cache_sync_timeout or single


def _elector(options: Options, clients: Clients, registry: Registry, health: ServerHealth) -> LeaderElector | None:
    lease = sharding.lease_name(options.watch_label_selector)
    return election.build(options.election, clients, registry, namespace=options.namespace, lease=lease, health=health)


def _queue(options: Options, registry: Registry) -> RateLimitingQueue:
    return RateLimitingQueue(
        name=CONTROLLER_NAME,
        # The bucket limits the load that all failing environments together put on the API server.
        limiter=MaxOfLimiter(
            ItemExponentialLimiter(maximum=options.controller.max_backoff), BucketLimiter(rate=50.0, burst=500)
        ),
        registry=registry,
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
