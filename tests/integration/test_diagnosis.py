"""A chart whose Pods do not run: the environment says why, on the local cluster and on a real one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from controller.api.problems import Problem, of_status
from hack.standins.kubelet import pods
from tests.integration.support.clusters import Cluster, running_cluster, short_options
from tests.integration.support.environments import RELEASE, Environment, Environments
from tests.integration.support.fixtures import NODES, StartController, kubelet
from tests.integration.support.installers import Installer
from tests.integration.support.judge import judging

IMAGE = "registry.example.com/sample-application"
DEPLOYMENT = f"Deployment {RELEASE}"


@pytest.fixture
def any_cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A cluster on which Deployments have Pods, and something that reports how they fare."""
    with running_cluster(short_options(pods=True)) as cluster:
        if cluster.local is None:
            if cluster.list(NODES):
                pytest.skip("real nodes play no failures")
            with kubelet(cluster, tmp_path):
                yield cluster
            return
        with judging(cluster.local) as judge, kubelet(cluster, tmp_path):
            yield cluster
    assert judge.refused == [], "manifests/policies would have refused this"


def failing(environments: Environments, play: str) -> Environment:
    """An environment whose chart has Pods that play a failure. The engine waits only seconds for them."""
    return environments.create(values=_one_pod(play), timeout=5)


def _one_pod(image_tag: str) -> dict[str, Any]:
    # With a real Flux, the charts of the other tests start none.
    return {"application": {"deployment": {"image": {"tag": image_tag}, "replicas": 1}}}


def explained(environment: Environment) -> tuple[dict[str, Any], Problem]:
    """The status as soon as it has a problem, and the first one."""
    status = environment.until(lambda obj: of_status(obj.get("status") or {}), "it says why")["status"]
    return status, of_status(status)[0]


@pytest.mark.slow
def test_a_crash_loop_is_explained_and_ends_with_a_better_image(
    installer: Installer, environments: Environments, start_controller: StartController
) -> None:
    start_controller(diagnose_after=0.5, release_engine=installer.engine)
    environment = failing(environments, pods.CRASH_LOOP)
    status, problem = explained(environment)

    assert str(problem) == f"CrashLoop: {DEPLOYMENT}: Container application exits with code 1."
    assert status["applicationStatus"] in ("deploying", "failed")
    assert status["applicationStatusMsg"].endswith(str(problem))
    assert environment.condition("Ready")["message"].endswith(str(problem))

    environment.patch_release(values=_one_pod("mended"), timeout=60)
    environment.deployed()

    assert "problems" not in environment.status()


@pytest.mark.slow
def test_an_image_that_cannot_be_pulled_is_named(
    installer: Installer, environments: Environments, start_controller: StartController
) -> None:
    start_controller(diagnose_after=0.5, release_engine=installer.engine)
    _, problem = explained(failing(environments, pods.IMAGE_PULL_ERROR))

    image = f"{IMAGE}:{pods.IMAGE_PULL_ERROR}"
    assert str(problem) == (
        f'ImagePullFailed: {DEPLOYMENT}: Container application: image "{image}" cannot be pulled: not found.'
    )
