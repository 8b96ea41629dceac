"""`tronador wait` as pipelines use it: what it waits for, what it says meanwhile, and how it ends."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from controller.api.environment import ENVIRONMENTS
from controller.apimachinery.resources import Resource
from hack.localcluster import LocalCluster
from hack.serviceaccounts import write_kubeconfig
from hack.standins import plays
from tests.integration.support.clusters import ROOT, Cluster
from tests.integration.support.controllers import ThreadedController, clean_environ
from tests.integration.support.engines import Engine
from tests.integration.support.environments import Environment, Environments, tag
from tests.integration.support.program import run_alone
from tests.integration.support.waiting import DEADLINE, eventually, throughout

SERVICE_ACCOUNTS = Resource("", "v1", "serviceaccounts", "ServiceAccount", namespaced=True)

READY = {
    "type": "Ready",
    "status": "True",
    "reason": "Deployed",
    "message": "It runs.",
    "observedGeneration": 1,
    "lastTransitionTime": "2026-03-01T12:00:00Z",
}


class Waiting:
    """A running `tronador wait`."""

    def __init__(self, log: Path, kubeconfig: Path, *arguments: str) -> None:
        self._log = log
        command = [sys.executable, "-m", "controller", "wait", "--kubeconfig", str(kubeconfig), *arguments]
        with log.open("w") as stream:
            self.process = subprocess.Popen(command, cwd=ROOT, env=clean_environ(), stdout=stream, stderr=stream)

    def said(self, *words: str) -> str:
        """What it said, once every word is in it."""
        return eventually(
            lambda: (text := self._log.read_text()) and all(word in text for word in words) and text,
            lambda: f"{words} in {self._log.read_text()!r}",
        )

    def ended(self) -> tuple[int, str]:
        """Its exit code and what it said, as soon as it has ended."""
        try:
            code = self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it still waits: {self._log.read_text()}") from None
        text = self._log.read_text()
        assert "Traceback" not in text, text
        return code, text

    def is_running(self) -> bool:
        return self.process.poll() is None


StartWaiting = Callable[..., Waiting]


@pytest.fixture
def start_waiting(cluster: Cluster, tmp_path: Path) -> Iterator[StartWaiting]:
    """Starts `tronador wait`."""
    started: list[Waiting] = []

    def start(*arguments: str, kubeconfig: Path | None = None) -> Waiting:
        log = tmp_path / f"wait-{len(started)}.log"
        started.append(Waiting(log, kubeconfig or cluster.kubeconfig, *arguments))
        return started[-1]

    yield start
    for waiting in started:
        waiting.process.kill()
        waiting.process.wait()


def file_of(folder: Path, environment: Environment, **release: Any) -> Path:
    """A file of the environment as it is, or with other fields of its release."""
    obj = environment.get()
    spec = {name: value for name, value in obj["spec"].items() if name != "suspend"}
    spec["application"]["release"] |= release
    file = folder / "environment.yaml"
    document = {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "metadata": {"name": environment.name}}
    file.write_text(yaml.safe_dump({**document, "spec": spec}))
    return file


def test_wait_waits_for_the_snapshot_in_the_file_and_not_for_the_previous_one(
    environments: Environments,
    controller: ThreadedController,
    engine: Engine,
    start_waiting: StartWaiting,
    tmp_path: Path,
) -> None:
    environment = environments.create(values=tag("one"))
    environment.deployed()
    waiting = start_waiting("-f", str(file_of(tmp_path, environment, values=tag("two"))))
    waiting.said("the cluster still has a different spec")
    throughout(0.5, waiting.is_running, "the command waits for the new snapshot")
    environment.patch_release(values=tag("two"))
    code, said = waiting.ended()
    assert code == 0
    assert "deployed: " in said
    assert environment.status()["observedGeneration"] == 2


def test_wait_waits_for_an_environment_that_is_not_synced_yet(
    environments: Environments,
    controller: ThreadedController,
    engine: Engine,
    start_waiting: StartWaiting,
    cluster: Cluster,
) -> None:
    name = cluster.name("pr-75")
    waiting = start_waiting(name)
    waiting.said(f"tronador wait: {name}: it is not in the cluster yet")
    environments.create("pr-75")
    assert waiting.ended()[0] == 0


def test_wait_ends_with_the_releases_message_if_it_fails(
    environments: Environments,
    controller: ThreadedController,
    engine: Engine,
    start_waiting: StartWaiting,
    tmp_path: Path,
) -> None:
    environment = environments.create(values=tag("one"))
    environment.deployed()
    environment.patch_helm_release({"metadata": {"annotations": {plays.FAIL: "upgrade"}}})
    waiting = start_waiting("-f", str(file_of(tmp_path, environment, values=tag("two"))), "--timeout", "10m")
    waiting.said("a different spec")
    environment.patch_release(values=tag("two"))
    code, said = waiting.ended()
    assert code == 1
    assert environment.condition("Ready")["message"] in said


def test_wait_ends_with_2_after_its_timeout(environments: Environments, start_waiting: StartWaiting) -> None:
    waiting = start_waiting(environments.create().name, "--timeout", "1s")
    code, said = waiting.ended()
    assert code == 2
    assert "not deployed within 1s: the controller has not processed this spec yet" in said


def test_wait_waits_until_an_environment_is_gone(
    environments: Environments, controller: ThreadedController, engine: Engine, start_waiting: StartWaiting
) -> None:
    environment = environments.create()
    environment.deployed()
    waiting = start_waiting(environment.name, "--for=gone")
    waiting.said("it still exists and has not been deleted yet")
    environment.delete()
    code, _ = waiting.ended()
    assert code == 0
    assert not environment.exists()
    assert environment.namespace() is None


@pytest.mark.parametrize("keep_history", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_wait_survives_a_restart_of_the_api_server(
    environments: Environments,
    engine: Engine,
    controller: ThreadedController,
    local: LocalCluster,
    start_waiting: StartWaiting,
    tmp_path: Path,
    keep_history: bool,
) -> None:
    environment = environments.create(values=tag("one"))
    environment.deployed()
    waiting = start_waiting("-f", str(file_of(tmp_path, environment, values=tag("two"))))
    waiting.said("a different spec")
    local.stop()
    waiting.said("the request to the API server failed; trying again")
    local.start()
    local.restart(keep_history=keep_history)
    environment.patch_release(values=tag("two"))
    assert waiting.ended()[0] == 0


def test_wait_survives_an_expired_watch_history(
    environments: Environments, local: LocalCluster, start_waiting: StartWaiting
) -> None:
    environment = environments.create()
    waiting = start_waiting(environment.name, "--for=gone")
    waiting.said("it still exists and has not been deleted yet")
    local.compact()
    local.drop_watches()
    environment.delete()
    assert waiting.ended()[0] == 0


def test_wait_ends_at_once_and_names_the_missing_right(
    cluster: Cluster, environments: Environments, start_waiting: StartWaiting, tmp_path: Path
) -> None:
    namespace = cluster.name("ci")
    cluster.create_namespace(namespace)
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "pipeline"}}
    cluster.client.create(SERVICE_ACCOUNTS, account, namespace=namespace)
    kubeconfig = write_kubeconfig(
        tmp_path / "pipeline.kubeconfig", admin=cluster.kubeconfig, namespace=namespace, name="pipeline"
    )
    code, said = start_waiting(environments.create().name, kubeconfig=kubeconfig).ended()
    assert code == 1
    assert "allow get, list and watch of environmentprovisioners" in said


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 2, "NAME"),
        (("--for=ready", "x"), 2, "--for"),
        (("x", "--timeout", "soon"), 2, "--timeout"),
        (("../../x",), 2, "NAME"),
        (("$(id)",), 2, "NAME"),
        (("-f", "/no/such/file"), 1, "--file: cannot read '/no/such/file'"),
    ],
)
def test_bad_usage_is_reported(arguments: tuple[str, ...], code: int, words: str) -> None:
    done = run_alone("wait", "--kubeconfig=/no/such/kubeconfig", *arguments)
    assert done.returncode == code
    assert words in done.stderr


def test_wait_makes_two_requests_and_ends_within_a_second(
    cluster: Cluster, local: LocalCluster, environments: Environments, start_waiting: StartWaiting
) -> None:
    seconds = []
    for number in range(3):
        environment = environments.create(f"pr-{number}")
        waiting = start_waiting(environment.name)
        waiting.said("not processed")
        status = {"applicationStatus": "deployed", "observedGeneration": 1, "conditions": [READY]}
        started = time.monotonic()
        cluster.client.patch(ENVIRONMENTS, environment.name, {"status": status}, subresource="status")
        assert waiting.ended()[0] == 0
        seconds.append(time.monotonic() - started)
        asked = [entry.verb for entry in local.audit.entries() if entry.user_agent.endswith("(wait)")]
        assert asked == ["list", "watch"] * (number + 1)
        if seconds[-1] < 1.0:
            break
    # The quickest, for the machine may be busy with others.
    assert min(seconds) < 1.0
