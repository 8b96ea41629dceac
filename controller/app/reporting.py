"""Puts `tronador report` together, like `wiring` does with the controller."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from controller.api.environment import ENVIRONMENTS
from controller.apimachinery.clock import MonotonicClock
from controller.apimachinery.options import OptionError
from controller.app import clusters, election, process, serving
from controller.app.clients import Clients
from controller.app.reportoptions import ReportOptions
from controller.cache import Backoff, Informer
from controller.cache.listwatch import ReflectorSettings
from controller.client.config import Connection
from controller.client.prober import Prober
from controller.client.serverhealth import ServerHealth
from controller.leaderelection import LeaderElector
from controller.metrics import Registry, of_process
from controller.report.accounts import Accounts
from controller.report.connections import ProxyError
from controller.report.departed import Departed
from controller.report.folders import FolderError
from controller.report.metrics import ReportMetrics
from controller.report.options import FeedbackOptions
from controller.report.reconciler import FeedbackReconciler
from controller.report.reporter import Reporter
from controller.runtime import Controller, HttpServer, Manager
from controller.workqueue import ItemExponentialLimiter, RateLimitingQueue

CONTROLLER_NAME: Final = "feedback"
# The Lease, and the name under which the API server records our writes.
LEASE_NAME: Final = "tronador-report"
FIELD_MANAGER: Final = "tronador-report"
COMMAND: Final = "report"


@dataclass(frozen=True, slots=True)
class Application:
    """The reporter, ready to run."""

    manager: Manager
    queue: RateLimitingQueue
    clients: Clients
    accounts: Accounts

    def close(self) -> None:
        """Close all connections. Call this after the manager has stopped."""
        self.clients.close()
        self.accounts.close()

    def describe(self) -> str:
        """Return the content of the queue as text, for debugging."""
        return f"queue {self.queue.name}: {self.queue.snapshot()}"


def run(options: ReportOptions) -> int:
    """Run the reporter. Returns the exit code. Raises OptionError if an option cannot be used."""
    # Before a kubeconfig is looked for, as with every other option. It tries the folders, and connects to nothing.
    accounts(options.feedback, ReportMetrics(Registry())).close()
    return process.serve(
        lambda connection: build(options, connection),
        connection=options.connection,
        command=COMMAND,
        workers=options.controller.workers,
        graceful_timeout=options.graceful_timeout,
    )


def build(options: ReportOptions, connection: Connection) -> Application:
    """Return the whole reporter.

    Raises OSError if an address cannot be used, and OptionError if an option cannot be used.
    """
    registry, health, clock = of_process(), ServerHealth(), MonotonicClock()
    clients = Clients(
        connection, options.requests, command=COMMAND, field_manager=FIELD_MANAGER, registry=registry, health=health
    )
    elector = election.build(
        options.election, clients, registry, namespace=options.namespace, lease=LEASE_NAME, health=health
    )
    may_write = elector.is_leader_now if elector else lambda: True
    metrics = ReportMetrics(registry)
    found = accounts(options.feedback, metrics, may_write=may_write)
    queue = RateLimitingQueue(
        name=CONTROLLER_NAME,
        limiter=ItemExponentialLimiter(maximum=options.controller.max_backoff),
        registry=registry,
    )
    departed = Departed(add=queue.add)
    informer = Informer(
        client=clients.for_watches(1),
        resource=ENVIRONMENTS,
        settings=ReflectorSettings(watch_silence=options.requests.watch_read_timeout),
        backoff=Backoff(maximum=min(30.0, options.controller.max_backoff)),
        recovery=health,
        registry=registry,
    )
    informer.add_handler(departed, name="feedback")
    reconciler = FeedbackReconciler(
        get=informer.store.get,
        departed=departed,
        client=clients.for_requests(may_write=may_write, workers=options.controller.workers),
        accounts=found,
        reporter=Reporter(options=options.feedback, metrics=metrics, clock=clock),
        metrics=metrics,
        pace=60.0 / options.feedback.writes_per_minute,
    )
    metrics.observe(
        ignored=reconciler.ignored,
        waiting=reconciler.waiting,
        longest=reconciler.longest_wait,
        paused=found.pauses(),
    )
    health.subscribe(queue.hasten)
    controller = Controller(
        name=CONTROLLER_NAME,
        queue=queue,
        reconciler=reconciler,
        workers=options.controller.workers,
        reconcile_timeout=options.controller.reconcile_timeout,
        registry=registry,
    )
    servers = _servers(options, registry, informer, elector, manager=lambda: manager)
    manager = Manager(
        servers=(*servers, Prober(health=health, ask=clients.for_probes().check_ready)),
        caches=(informer,),
        controllers=(controller,),
        elector=elector,
        graceful_timeout=options.graceful_timeout,
        sync_timeout=options.freshness.cache_sync_timeout or math.inf,
    )
    return Application(manager, queue, clients, found)


def accounts(
    options: FeedbackOptions, metrics: ReportMetrics, *, may_write: Callable[[], bool] = lambda: True
) -> Accounts:
    """Return the accounts of `--credentials`. Raises OptionError if there are none, or one cannot be used."""
    if not options.credentials:
        raise OptionError("--credentials: name at least one prefix of repositories, with its folder")
    try:
        return Accounts(options, user_agent=clusters.user_agent(COMMAND), metrics=metrics, may_write=may_write)
    except FolderError as error:
        raise OptionError(f"--credentials: {error}") from None
    except ProxyError as error:
        raise OptionError(str(error)) from None


def _servers(
    options: ReportOptions,
    registry: Registry,
    informer: Informer,
    elector: LeaderElector | None,
    *,
    manager: Callable[[], Manager],
) -> tuple[HttpServer, ...]:
    return serving.servers(
        options.http,
        registry,
        healthy={"leader-election": lambda: elector.problem() if elector else None},
        ready={
            "caches": lambda: None if manager().caches_synced else "the cache is not filled yet",
            "caches-current": partial(serving.stale, (informer,), limit=options.freshness.cache_staleness_limit),
        },
        pages={},
    )
