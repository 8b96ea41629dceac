"""What a soak works with: a cluster, a release engine, two replicas of the controller, and watches of its own."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from controller.api.environment import ENVIRONMENTS, LEASE_NAME
from controller.apimachinery.errors import ApiError
from controller.apimachinery.resources import CONFIG_MAPS, LEASES, NAMESPACES, SECRETS
from controller.app.options import Options
from controller.client import Client
from controller.environment.engines import ENGINES
from hack.bench import server, site
from hack.bench.bed import BenchError
from hack.faultproxy import kubeconfig
from hack.faultproxy.proxy import FaultProxy
from hack.soak import marks, rules
from hack.soak.journal import Journal
from hack.soak.replicas import METRICS_PORT, PAGE_PORT, Replica
from hack.soak.watching import Sink, Watch

REPLICAS = 2
_READY_SECONDS = 180.0
_LOOK_SECONDS = 0.2
# What the engine can never install, and how long it takes for the rest.
_ENGINE_FLAGS = (
    *("--fail", f"install:*/{marks.BAD}*"),
    *("--install-delay", "0.4", "--uninstall-delay", "0.3"),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What was asked for on the command line.

    Attributes:
        environments: about how many there are.
        engine: the release engine.
        seed: of the moves.
        rest: seconds between two moves, on average.
    """

    minutes: float
    environments: int
    engine: str
    seed: int
    rest: float


@dataclass(slots=True)
class Bed:
    """See the module.

    Attributes:
        changes: what the watches deliver: calls of `History`.
        dice: of the moves.
        limit: of the environments, as the controllers have it now.
        rules: are also given the limits and the closes.
    """

    site: site.Site
    settings: Settings
    journal: Journal
    replicas: list[Replica]
    rules: rules.Rules
    changes: SimpleQueue[tuple[Any, ...]]
    dice: random.Random
    limit: int = 0
    engine_stopped: bool = False
    environments: dict[str, dict[str, Any]] = field(default_factory=dict)
    namespaces: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def client(self) -> Client:
        """The administrator's client."""
        return self.site.client

    @property
    def releases(self) -> Any:
        """The engine's kind of releases."""
        return ENGINES[self.settings.engine].releases

    def set_limit(self, limit: int) -> None:
        """Give the replicas that start from now on another limit."""
        self.limit = limit
        self.rules.limit(self.journal.now, limit)
        for replica in self.replicas:
            replica.flags = self.flags(replica)

    def flags(self, replica: Replica) -> list[str]:
        """Return the controller's flags. Pauses are shorter than usual, so that more happens in an hour."""
        return [
            *("--release-engine", self.settings.engine, "--metrics-address", f"{replica.host}:{METRICS_PORT}"),
            *("--health-address", f"{replica.host}:{PAGE_PORT}"),
            *("--max-environments", str(self.limit), "--expire-burst", "1000", "--expire-warning", "20s"),
            *("--resync-period", "60s", "--max-backoff", "10s", "--recheck-interval", "5s", "--chart-grace", "10s"),
            *("--teardown-timeout", "10m", "--log-level", "info", "--log-format", "json"),
        ]

    def leader(self) -> Replica | None:
        """Return the replica that says that it leads."""
        return next((replica for replica in self.replicas if replica.leads()), None)

    def leader_changes(self) -> int:
        """Return how often the lease has changed hands."""
        lease = self.client.get(LEASES, LEASE_NAME, namespace=Options().namespace)
        return int(lease["spec"].get("leaseTransitions") or 0)

    def wait(self, holds: Callable[[], bool], what: str, seconds: float = _READY_SECONDS) -> None:
        """Wait until something holds. Raises BenchError after so many seconds."""
        pause = threading.Event()
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                raise BenchError(f"not within {seconds:g} s: {what}")
            pause.wait(_LOOK_SECONDS)

    def answers(self) -> bool:
        """Return whether the API server is ready."""
        with suppress(ApiError):
            self.client.check_ready()
            return True
        return False


@contextmanager
def opened(settings: Settings, kubeconfig_path: str, output: Path) -> Iterator[Bed]:
    """Prepare everything; all programs end with the block."""
    journal = Journal(output / "journal.jsonl")
    with ExitStack() as stack:
        stack.callback(journal.close)
        place = stack.enter_context(site.opened(kubeconfig_path, "", settings.engine))
        if found := place.client.list(ENVIRONMENTS)["items"]:
            raise BenchError(f"the cluster has {len(found)} environments already; a soak needs one without any")
        place.start_engine(settings.engine, *_ENGINE_FLAGS)
        replicas = []
        for number in range(REPLICAS):
            target = kubeconfig.read(place.account)
            proxy = stack.enter_context(FaultProxy(target=target))
            # Processes have addresses of their own on the loopback interface, so the ports are free.
            address = f"127.{os.getpid() >> 8 & 255}.{os.getpid() & 255}.{number + 1}"
            replicas.append(Replica(f"replica-{number + 1}", output, proxy, address))
            stack.callback(replicas[-1].end)
        bed = Bed(
            site=place,
            settings=settings,
            journal=journal,
            replicas=replicas,
            rules=rules.Rules(),
            changes=SimpleQueue(),
            dice=random.Random(settings.seed),
        )
        for watch in _watches(bed):
            watch.start()
            stack.callback(watch.stop)
        bed.set_limit(max(2, settings.environments * 3 // 4))
        for replica in replicas:
            replica.start()
        yield bed


def _watches(bed: Bed) -> list[Watch]:
    where = server.load(bed.site.admin, user_agent="soak")

    def listed(kind: str, version: int, items: list[dict[str, Any]]) -> None:
        bed.changes.put(("listed", bed.journal.now, kind, version, items))

    def changed(kind: str, type_: str, obj: dict[str, Any]) -> None:
        bed.changes.put(("changed", bed.journal.now, kind, type_, obj))

    def passed(kind: str, version: int) -> None:
        bed.changes.put(("passed", kind, version))

    sink = Sink(listed, changed, passed)
    return [
        Watch(where, ENVIRONMENTS, rules.ENVIRONMENT, sink),
        Watch(where, NAMESPACES, rules.NAMESPACE, sink),
        Watch(where, bed.releases, rules.RELEASE, sink),
        Watch(where, SECRETS, rules.STORED, sink, selector="owner=helm"),
        Watch(where, SECRETS, rules.SECRET, sink, selector=marks.PLANTED),
        Watch(where, CONFIG_MAPS, rules.CONFIG_MAP, sink, selector=marks.PLANTED),
    ]
