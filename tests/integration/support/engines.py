"""Who installs the releases: a double that answers at once, or the Helm Operator's stand-in as a program."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from controller.client import Client
from hack.standins.engine_double import EngineDouble
from hack.standins.flux.double import FluxDouble
from hack.standins.plays import Plays
from tests.integration.support import real_flux
from tests.integration.support.clusters import ROOT, Cluster
from tests.integration.support.controllers import clean_environ
from tests.integration.support.waiting import DEADLINE, eventually

USER_AGENT = "engine"
# By the name that `--release-engine` takes.
DOUBLES: Mapping[str, type[EngineDouble] | type[FluxDouble]] = {"helm-operator": EngineDouble, "flux": FluxDouble}


class Engine:
    """A stand-in for an engine, in threads. After a restart it continues with the objects that it finds."""

    def __init__(self, cluster: Cluster, *, double: type[EngineDouble] | type[FluxDouble] = EngineDouble) -> None:
        self._cluster = cluster
        self._double = double
        self._real = cluster.real_flux if double is FluxDouble else None
        self._running: tuple[Client, EngineDouble | FluxDouble] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def start(self, *, seconds: Mapping[str, float] | None = None, show_phases: bool = False) -> None:
        """Start it; `seconds` are the durations of operations (`install`, `upgrade`, `uninstall`, ...).

        A real Flux runs already, and gets the sample application's chart.
        """
        if self._real is not None:
            self._real.serve()
            return
        client = self._cluster.connect(USER_AGENT)
        double = self._double(client=client, plays=Plays(seconds=seconds or {}, failing=[]), show_phases=show_phases)
        double.start()
        self._running = client, double

    def stop(self) -> None:
        """Stop it, if it runs; skips the test where Flux is real."""
        if self._real is not None:
            real_flux.cannot("stop it")
        self.close()

    def close(self) -> None:
        """End what this started."""
        if self._running is not None:
            client, double = self._running
            double.stop(DEADLINE)
            client.close()
            self._running = None


@contextmanager
def helm_operator(cluster: Cluster, log: Path, *, rewrite: str) -> Iterator[None]:
    """The stand-in of the Helm Operator as a program; `rewrite` leads a git URL elsewhere, as PREFIX=PREFIX."""
    flags = ("--mirror-delay", "0.3", "--git-retry-interval", "0.2", "--status-interval", "0.2")
    with program(cluster, log, "--install-crds", "helm-operator", "--git-rewrite", rewrite, *flags):
        yield


@contextmanager
def program(cluster: Cluster, log: Path, *arguments: str) -> Iterator[None]:
    """A stand-in as a program, with these arguments, from when it is ready."""
    command = (sys.executable, "-m", "hack.standins", "--kubeconfig", str(cluster.kubeconfig), *arguments)
    out = log.with_suffix(".out")
    with log.open("wb") as err, out.open("wb") as ready:
        process = subprocess.Popen(
            command, cwd=ROOT, env=clean_environ(), stdin=subprocess.DEVNULL, stdout=ready, stderr=err
        )
    try:
        eventually(lambda: "ready" in out.read_text(), lambda: f"the stand-in is ready: {log.read_text()}")
        yield
    finally:
        process.terminate()
        try:
            process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
