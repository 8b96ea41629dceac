"""The same through the users' own hands: kubectl."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.integration.support.clusters import Cluster
from tests.integration.support.controllers import ThreadedController
from tests.integration.support.engines import Engine
from tests.integration.support.environments import Environment, Environments
from tests.integration.support.waiting import eventually
from tests.samples import guide

KUBECTL = Path(sys.executable).parent / "kubectl"
NAME = "stakater-nordmart-inventory-74"
MESSAGE = f"Release was successful for Helm release 'run-pipeline' in '{NAME}'."

Kubectl = Callable[..., str]


@pytest.fixture
def kubectl(cluster: Cluster, tmp_path: Path) -> Kubectl:
    """Runs kubectl and gives back what it prints; it keeps its caches in the test's own folder."""

    def run(*arguments: str, stdin: str = "") -> str:
        done = subprocess.run(
            [str(KUBECTL), "--kubeconfig", str(cluster.kubeconfig), *arguments],
            env={"HOME": str(tmp_path), "PATH": ""},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    return run


@pytest.fixture
def applied(
    environments: Environments, engine: Engine, controller: ThreadedController, kubectl: Kubectl
) -> Environment:
    """The guide's environment, applied as it stands."""
    environment = environments.named(NAME)
    kubectl("apply", "-f", "-", stdin=yaml.safe_dump(guide("environment")))
    return environment


def test_kubectl_wait_returns_when_the_environment_is_ready(applied: Environment, kubectl: Kubectl) -> None:
    out = kubectl("wait", "--for=condition=Ready", f"environmentprovisioner/{NAME}", "--timeout=60s")
    assert "condition met" in out
    assert kubectl("get", "envp", NAME, "-o", "jsonpath={.status.applicationStatus}") == "deployed"
    assert kubectl("get", "envp", NAME, "-o", "jsonpath={.status.applicationStatusMsg}") == MESSAGE


def test_kubectl_get_shows_the_columns_of_the_contract(applied: Environment, kubectl: Kubectl) -> None:
    applied.deployed()
    header, row = kubectl("get", "envp").splitlines()
    assert header.split() == ["NAME", "STATUS", "PHASE", "RELEASE", "NAMESPACE", "REF", "AGE"]
    idle = "Waiting For Next Reconciliation Loop"
    assert row.split()[:-1] == [NAME, "deployed", *idle.split(), "run-pipeline", NAME, "run-pipeline"]


def test_the_wide_output_adds_the_message(applied: Environment, kubectl: Kubectl) -> None:
    applied.deployed()
    header, row = kubectl("get", "environmentprovisioners", "-o", "wide").splitlines()
    assert header.split()[-1] == "MESSAGE"
    assert row.endswith(MESSAGE)


def test_kubectl_describe_shows_the_events(applied: Environment, kubectl: Kubectl) -> None:
    applied.deployed()
    eventually(lambda: "Deployed" in [event["reason"] for event in applied.events()], "the Event about the deployment")
    _, _, events = kubectl("describe", "envp", NAME).partition("Events:")
    for reason in ("NamespaceCreated", "ReleaseCreated", "Deployed"):
        assert reason in events
    assert MESSAGE in events


@pytest.mark.parametrize("cascade", ["background", "foreground", "orphan"])
def test_kubectl_delete_returns_when_everything_is_gone(applied: Environment, kubectl: Kubectl, cascade: str) -> None:
    applied.deployed()
    kubectl("delete", "envp", NAME, f"--cascade={cascade}", "--timeout=60s")
    assert not applied.exists()
    assert applied.namespace() is None


def test_applying_it_again_server_side_changes_nothing(applied: Environment, kubectl: Kubectl) -> None:
    applied.deployed()
    document = guide("environment")
    document.pop("status", None)
    kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=yaml.safe_dump(document))
    deployed = applied.deployed()
    assert deployed["metadata"]["generation"] == 1


def test_kubectl_explain_describes_a_field(cluster: Cluster, kubectl: Kubectl) -> None:
    out = kubectl("explain", "environmentprovisioner.spec.application.release.releaseName")
    assert "Name of the Helm release" in " ".join(out.split())
