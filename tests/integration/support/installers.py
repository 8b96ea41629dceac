"""Release engines with real git, real charts and the real Helm, in threads of the test: slower than the double."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from controller.api import flux, helm_operator
from controller.apimachinery.resources import Resource
from controller.client import Client
from controller.client.config import load
from hack.samples import Repo
from hack.standins.flux.flux import Flux
from hack.standins.flux.flux import Options as FluxOptions
from hack.standins.flux.loop import Pace
from hack.standins.git.mirrors import MirrorTimes
from hack.standins.helm_operator.operator import HelmOperator, Options
from hack.standins.plays import FAIL, Plays
from tests.integration.support import real_flux
from tests.integration.support.clusters import DEPLOYMENTS, Cluster
from tests.integration.support.environments import GIT_URL, RELEASE, Environment
from tests.integration.support.frozen import freeze, thaw
from tests.integration.support.waiting import DEADLINE, eventually

# By the name that `--release-engine` takes.
RELEASES = {"helm-operator": helm_operator.HELM_RELEASES, "flux": flux.HELM_RELEASES}


class _StandIn(Protocol):
    def start(self) -> None: ...

    def has_synced(self) -> bool: ...

    def stop(self, timeout: float) -> None: ...


class Installer:
    """One engine. After a restart it continues with the objects that it finds.

    Attributes:
        engine: its name.
        releases: its HelmReleases.
        repository: where every chart of the tests lies.
    """

    def __init__(self, cluster: Cluster, engine: str, *, repository: Repo, folder: Path) -> None:
        self.engine = engine
        self.releases: Resource = RELEASES[engine]
        self.repository = repository
        self._cluster = cluster
        self._folder = folder
        self._plays = Plays(seconds={}, failing=[])
        self._running: tuple[Client, _StandIn] | None = None
        self._real = cluster.real_flux if engine == "flux" else None

    def start(self, *, seconds: Mapping[str, float] | None = None) -> None:
        """Start it and wait until it has seen everything that is there.

        `seconds`: durations of operations (`install`, `upgrade`, `uninstall`, ...). A real Flux runs already, and a
        test that needs durations is skipped there.
        """
        if self._real is not None:
            if seconds:
                real_flux.cannot("choose how long it takes")
            self._real.serve(self.repository.path)
            return
        self._plays = Plays(seconds=seconds or {}, failing=[])
        client = self._cluster.connect(self.engine)
        stand_in = {"helm-operator": self._helm_operator, "flux": self._flux}[self.engine](client)
        stand_in.start()
        self._running = client, stand_in
        eventually(stand_in.has_synced, f"{self.engine} has seen what is there")

    def stop(self) -> None:
        """Stop it, if it runs; skips the test where Flux is real."""
        if self._real is not None:
            real_flux.cannot("stop it")
        self.close()

    def close(self) -> None:
        """End what this started."""
        if self._running is not None:
            client, stand_in = self._running
            stand_in.stop(DEADLINE)
            client.close()
            self._running = None

    def release(self, environment: Environment, name: str = RELEASE) -> dict[str, Any] | None:
        """A HelmRelease of the environment."""
        return environment.cluster.get(self.releases, name, environment.name)

    def fail(self, environment: Environment, operations: str | None) -> None:
        """Let upgrades or uninstalls by the engine fail for the environment (None: no more)."""
        if self._real is not None:
            self._freeze(environment, operations is not None)
            return
        body = {"metadata": {"annotations": {FAIL: operations}}}
        environment.cluster.client.patch(self.releases, RELEASE, body, namespace=environment.name)

    def _freeze(self, environment: Environment, frozen: bool) -> None:
        """Have a real Flux fail for a reason that it may really meet."""
        cluster = environment.cluster
        if frozen:
            freeze(cluster.client, cluster.put, environment.name, RELEASE)
        else:
            thaw(cluster.client, environment.name)

    def _folder_for(self, program: str) -> Path:
        folder = self._folder / program
        folder.mkdir(exist_ok=True)
        return folder

    def _helm_operator(self, client: Client) -> _StandIn:
        options = Options(
            folder=self._folder_for("helm-operator"),
            git_rewrites=[(GIT_URL, str(self.repository.path))],
            sync_interval=0.0,
            status_interval=0.2,
            mirror=MirrorTimes(delay=0.1, retry=0.1, poll=0.2),
            plays=self._plays,
        )
        return HelmOperator(client=client, options=options)

    def _flux(self, client: Client) -> _StandIn:
        options = FluxOptions(
            folder=self._folder_for("flux"),
            git_rewrites=[(GIT_URL, str(self.repository.path))],
            longest_interval=0.3,
            pace=Pace(first_retry=0.05, last_retry=0.5, workers=2),
            plays=self._plays,
        )
        return Flux(client=client, connection=load(kubeconfig=str(self._cluster.kubeconfig)), options=options)


def image(environment: Environment, name: str = RELEASE) -> str:
    """The image tag of the Deployment in the environment, or "" if there is no Deployment."""
    deployment = environment.cluster.get(DEPLOYMENTS, name, environment.name)
    if deployment is None:
        return ""
    return str(deployment["spec"]["template"]["spec"]["containers"][0]["image"]).rpartition(":")[2]
