"""The bed of every benchmark: a cluster and a controller, each in its own process, and the controller's metrics."""

from __future__ import annotations

import os
import re
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from controller.api.environment import ENVIRONMENTS
from controller.apimachinery.errors import ApiError
from controller.apimachinery.resources import Resource
from controller.client import Client, config
from controller.environment.engines import ENGINES
from hack.demo.programs import Programs
from hack.paths import MANIFESTS
from hack.standins import crds
from hack.yamlfiles import documents

_DEFINITION = MANIFESTS / "crds" / "tronador.stakater.com_environmentprovisioners.yaml"
_LOOK_SECONDS = 0.05
_DEADLINE_SECONDS = 600.0


class BenchError(Exception):
    """The measurement failed; the text says why."""


class Bed:
    """A running controller in a running cluster.

    Attributes:
        address: where the controller serves its metrics.
    """

    def __init__(self, *, folder: Path, programs: Programs, client: Client) -> None:
        self._folder = folder
        self._programs = programs
        # Processes have addresses of their own on the loopback interface, so the port is free.
        self.address = f"127.{os.getpid() >> 8 & 255}.{os.getpid() & 255}.1:8080"
        self.client = client

    def stop_cluster(self) -> None:
        """Take the API server away; its objects are kept."""
        self._programs.stop("cluster")

    def start_cluster(self) -> None:
        """Bring it back, as an API server whose watch history is gone; returns when it answers."""
        port = self.client.host.rpartition(":")[2]
        self._programs.start("cluster", [*_cluster(self._folder), "--port", port], ready=lambda: True)
        self.wait_until(self.answers, "the cluster answers")

    def answers(self) -> bool:
        """Whether the API server is ready."""
        with suppress(ApiError):
            self.client.check_ready()
            return True
        return False

    def start_engine(self, engine: str) -> None:
        """Start the engine that installs every release at once: `helm-operator` or `flux`."""
        double = {"helm-operator": "engine-double", "flux": "flux-double"}[engine]
        arguments = ["hack.standins", "--kubeconfig", str(self._folder / "kubeconfig"), double]
        log = self._programs.log_of("engine")
        self._programs.start("engine", arguments, ready=lambda: "ready" in log.read_text())

    def start_controller(self, *flags: str) -> None:
        """Start the controller, alone and without pauses that are there for people."""
        arguments = [
            *("controller", "run", "--kubeconfig", str(self._folder / "kubeconfig"), "--leader-elect", "false"),
            *("--metrics-address", self.address, "--health-address", "0", "--log-level", "warning", *flags),
        ]
        self._programs.start("controller", arguments, ready=lambda: True)
        self.wait_until(lambda: self.version_seen() > 0, "the controller has seen the environments")

    def stop_controller(self) -> None:
        """End the controller."""
        self._programs.stop("controller")

    def stop_engine(self) -> None:
        """End the release engine."""
        self._programs.stop("engine")

    @property
    def controller_pid(self) -> int:
        """The process ID of the controller."""
        return self._programs.pid("controller")

    @property
    def state_file(self) -> Path:
        """Where the cluster keeps its objects while it is stopped."""
        return self._folder / "state"

    def resident_bytes(self) -> int:
        """The controller's resident memory."""
        status = Path(f"/proc/{self._programs.pid('controller')}/status").read_text()
        found = re.search(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)
        assert found, "a running process has a size"
        return int(found[1]) * 1024

    def metric(self, name: str, *labels: str) -> float:
        """The sum of a metric's series that have all these labels (`name="value"`); 0 while it is not served."""
        with suppress(OSError), urllib.request.urlopen(f"http://{self.address}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
            wanted = [line for line in lines if line.startswith(f"{name}{{") and all(label in line for label in labels)]
            return sum(float(line.rpartition(" ")[2]) for line in wanted)
        return 0.0

    def version_seen(self) -> int:
        """Return the newest resourceVersion of the environments that the controller has seen."""
        return int(self.metric("informer_store_resource_version", f'resource="{ENVIRONMENTS.plural}"'))

    def wait_until(self, holds: Callable[[], bool], what: str) -> None:
        """BenchError: it does not hold within ten minutes; ProgramError: a program has ended."""
        pause = threading.Event()
        deadline = time.monotonic() + _DEADLINE_SECONDS
        while not holds():
            self._programs.check()
            if time.monotonic() > deadline:
                raise BenchError(f"not within {_DEADLINE_SECONDS:g} s: {what}")
            pause.wait(_LOOK_SECONDS)


@contextmanager
def running(engine: str = "helm-operator") -> Iterator[Bed]:
    """A cluster with our definition and the engine's; everything ends, and nothing is left, when the block does."""
    groups = {"helm-operator": crds.HELM_OPERATOR, "flux": crds.FLUX}[engine]
    with ExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory(prefix="tronador-bench-"))
        programs = stack.enter_context(Programs(folder=Path(name), environ={}))
        kubeconfig = Path(name) / "kubeconfig"
        programs.start("cluster", _cluster(Path(name)), ready=kubeconfig.exists)
        client = Client(connection=config.load(kubeconfig=str(kubeconfig)), user_agent="bench", field_manager="bench")
        stack.callback(client.close)
        bed = Bed(folder=Path(name), programs=programs, client=client)
        crds.install(client, threading.Event(), groups)
        client.create(crds.CRDS, documents(_DEFINITION)[0])
        for resource in (ENVIRONMENTS, *ENGINES[engine].resources):
            bed.wait_until(partial(_is_served, client, resource), f"{resource} is served")
        yield bed


def environment(name: str, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """An EnvironmentProvisioner."""
    chart = {"git": "https://git.example.org/application", "path": "deploy", "ref": "main"}
    return {
        "apiVersion": ENVIRONMENTS.api_version,
        "kind": ENVIRONMENTS.kind,
        "metadata": {"name": name},
        "spec": {
            "application": {"release": {"chart": chart, "releaseName": "application", "values": dict(values or {})}}
        },
    }


def _cluster(folder: Path) -> list[str]:
    return ["hack.localcluster", "--kubeconfig", str(folder / "kubeconfig"), "--state-file", str(folder / "state")]


def _is_served(client: Client, resource: Resource) -> bool:
    try:
        return client.has_resource(resource)
    except ApiError:
        return False
