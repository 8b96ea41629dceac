"""A cluster with both engines, neighbours that nothing may touch, and a controller that can be killed and replaced."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from controller.api.environment import ENVIRONMENTS, RECONCILE_AT_ANNOTATION
from controller.api.helm_operator import HELM_RELEASES
from hack.localcluster import LocalCluster
from hack.localcluster.audit import AuditEntry
from tests.faults.support.forked import ForkedController
from tests.integration.support.clusters import Cluster
from tests.integration.support.controllers import clean_environ, run_command
from tests.integration.support.engines import DOUBLES, Engine
from tests.integration.support.environments import Environment, Environments, tag
from tests.integration.support.requests import CONTROLLER, Requests, after_each_request

NEIGHBOUR = "neighbour"
STRANGERS = "strangers"
_CHART = {"git": "https://git.example.org/neighbour", "path": "deploy"}
# Every state is written, so that each is a point at which something can go wrong.
_OPTIONS: Mapping[str, Any] = {"status_settle": 0.0, "expire_burst": 1000}


class Fault(Protocol):
    """What is to go wrong once. Both functions run in the thread of the server, and block it."""

    def received(self, entry: AuditEntry, kill: Callable[[], None]) -> bool:
        """Return whether the server may perform this request of the controller; its entry has no code yet."""

    def performed(self, entry: AuditEntry, kill: Callable[[], None]) -> None:
        """Notice that the server has performed it, and has not answered yet."""


class Laboratory:
    """See the module.

    Args:
        cluster: has the definitions of both engines.
        folder: for logs.
        engine: of the environments.

    Attributes:
        environments: makes environments.
        requests: those of the controller.
        starts: how many processes of the controller were started.
    """

    def __init__(self, cluster: Cluster, folder: Path, *, engine: str) -> None:
        assert cluster.local is not None, "needs the hooks of the local cluster"
        self.cluster = cluster
        self.local: LocalCluster = cluster.local
        self.engine = engine
        self.environments = Environments(cluster)
        self.requests = Requests(cluster.audit)
        self.starts = 0
        self._log = folder / "controllers.log"
        self._numbers = itertools.count(1)
        self._options: dict[str, Any] = {}
        self._controller: ForkedController | None = None
        self._fault: Fault | None = None
        cluster.audit.gate = self._received
        after_each_request(cluster.audit, self._performed)
        cluster.create_namespace(STRANGERS, labels={"team": "others"})
        spec = {"chart": {"git": "https://git.example.org/others", "path": "."}, "values": tag("theirs")}
        body = {"apiVersion": HELM_RELEASES.api_version, "kind": HELM_RELEASES.kind, "spec": spec}
        cluster.client.create(HELM_RELEASES, {**body, "metadata": {"name": STRANGERS}}, namespace=STRANGERS)

    def name(self) -> str:
        """A name that no environment had before."""
        return f"pr-{next(self._numbers):04}"

    def set_up(self, options: Mapping[str, Any], *, neighbour: bool) -> None:
        """Have the controller run with these options, and another environment beside those of the journey."""
        self.run(**options)
        if neighbour:
            self.environments.create(NEIGHBOUR, chart=_CHART).deployed()
            self.look_at(self.neighbour)

    def look_at(self, environment: Environment) -> None:
        """Have the controller look at an environment, and wait until it has."""
        now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        body = {"metadata": {"annotations": {RECONCILE_AT_ANNOTATION: now}}}
        self.cluster.client.patch(ENVIRONMENTS, environment.name, body)
        environment.until(lambda obj: obj["status"]["lastHandledReconcileAt"] == now, "the controller looked at it")

    def run(self, **options: Any) -> None:
        """Have the controller run with these options, and its engine's unless they say otherwise."""
        options = {"release_engine": self.engine, **_OPTIONS, **options}
        if options != self._options or self._controller is None or not self._controller.is_alive:
            self.kill()
            self._options = options
            self.restart()

    def restart(self) -> None:
        """Start it with the same options as before."""
        command = run_command(self.cluster.controller_kubeconfig, **self._options)
        self._controller = ForkedController(command, environ=clean_environ(), log=self._log)
        self._controller.start()
        self.starts += 1

    def kill(self) -> None:
        """`kill -9`, from any thread."""
        if self._controller is not None:
            self._controller.kill()

    def let(self, fault: Fault | None) -> None:
        """Let this go wrong from now on, in place of what was to go wrong until now."""
        # Between two requests, so that none is treated by both.
        self.local.call(lambda: setattr(self, "_fault", fault))

    @property
    def neighbour(self) -> Environment:
        """The other environment."""
        return Environment(self.cluster, NEIGHBOUR)

    def output(self) -> str:
        """Everything that the controllers have printed."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def _received(self, entry: AuditEntry) -> bool:
        fault = self._fault
        return fault is None or not entry.user_agent.startswith(CONTROLLER) or fault.received(entry, self.kill)

    def _performed(self, entry: AuditEntry) -> None:
        if self._fault is not None:
            self._fault.performed(entry, self.kill)


@contextmanager
def laboratory(cluster: Cluster, folder: Path, *, engine: str) -> Iterator[Laboratory]:
    """A laboratory whose engines run until the end of the block."""
    with ExitStack() as stack:
        for double in DOUBLES.values():
            stack.enter_context(Engine(cluster, double=double))
        made = Laboratory(cluster, folder, engine=engine)
        stack.callback(made.kill)
        yield made
