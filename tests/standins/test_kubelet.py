"""The stand-in for scheduler and kubelet, on Pods of a local cluster."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from controller.apimachinery.conditions import find
from controller.apimachinery.resources import PODS
from hack.localcluster import LocalCluster
from hack.standins.kubelet import pods
from hack.standins.kubelet.kubelet import Kubelet
from tests.standins.cluster_bed import DEADLINE, ClusterBed, until

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def kubelet(bed: ClusterBed) -> Iterator[Kubelet]:
    kubelet = Kubelet(client=bed.client, namespace=bed.namespace)
    kubelet.start()
    yield kubelet
    kubelet.stop(DEADLINE)


def pod(image: str = "example.com/application:1.0", *, policy: str = "Always", play: str = "") -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "annotations": {pods.PLAY: play} if play else {}},
        "spec": {
            "restartPolicy": policy,
            "initContainers": [{"name": "prepare", "image": "example.com/prepare:1.0"}],
            "containers": [{"name": "web", "image": image}],
        },
    }


def reported(bed: ClusterBed) -> dict[str, Any]:
    """The status of the Pod as soon as it has one of the kubelet's."""
    found = until(lambda: bed.client.get(PODS, "web", namespace=bed.namespace), "the Pod exists")
    return until(
        lambda: (status := bed.client.get(PODS, "web", namespace=bed.namespace)["status"]).get("startTime") and status,
        f"the Pod has a status; it has {found['status']}",
    )


def is_ready(status: dict[str, Any]) -> bool:
    return (find(status["conditions"], "Ready") or {})["status"] == "True"


def test_a_pod_runs_and_is_ready(bed: ClusterBed, kubelet: Kubelet) -> None:
    bed.client.create(PODS, pod(), namespace=bed.namespace)
    status = reported(bed)
    assert status["phase"] == "Running"
    assert is_ready(status)
    [container] = status["containerStatuses"]
    assert container["ready"]
    assert "running" in container["state"]
    [init] = status["initContainerStatuses"]
    assert init["state"]["terminated"]["exitCode"] == 0


@pytest.mark.parametrize("policy", ["Never", "OnFailure"])
def test_a_pod_that_is_not_restarted_runs_to_its_end(bed: ClusterBed, kubelet: Kubelet, policy: str) -> None:
    bed.client.create(PODS, pod(policy=policy), namespace=bed.namespace)
    status = reported(bed)
    assert status["phase"] == "Succeeded"
    assert not is_ready(status)
    assert status["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 0


def test_a_pod_becomes_ready_when_its_annotation_goes(bed: ClusterBed, kubelet: Kubelet) -> None:
    bed.client.create(PODS, pod(play=pods.NEVER_READY), namespace=bed.namespace)
    assert not is_ready(reported(bed))
    bed.client.patch(PODS, "web", {"metadata": {"annotations": {pods.PLAY: None}}}, namespace=bed.namespace)
    until(lambda: is_ready(reported(bed)), "the Pod is ready")


@pytest.mark.parametrize(
    ("image", "policy", "phase", "reason"),
    [
        ("example.com/application:image-pull-error", "Always", "Pending", "ImagePullBackOff"),
        ("example.com:5000/crash-loop", "Always", "Running", "CrashLoopBackOff"),
        ("example.com:5000/crash-loop:1.0@sha256:0", "OnFailure", "Running", "CrashLoopBackOff"),
        ("crash-loop:1.0", "Never", "Failed", "Error"),
    ],
)
def test_an_image_chooses_how_its_pod_fails(image: str, policy: str, phase: str, reason: str) -> None:
    status = pods.status(pod(image, policy=policy), NOW)
    assert status is not None
    assert status["phase"] == phase
    assert not is_ready(status)
    [state] = status["containerStatuses"][0]["state"].values()
    assert state["reason"] == reason


def test_the_annotation_of_a_pod_wins_over_its_image() -> None:
    crashing = pod("example.com/application:crash-loop", play=pods.IMAGE_PULL_ERROR)
    assert pods.play_of(crashing) == pods.IMAGE_PULL_ERROR
    assert pods.play_of(pod("example.com/application:crash-loop", play="none")) == ""


def test_a_status_is_written_once_although_the_server_adds_empty_fields() -> None:
    written = pod()
    written["status"] = pods.status(written, NOW)
    for condition in written["status"]["conditions"]:
        condition["lastProbeTime"] = None
    written["status"]["containerStatuses"][0]["lastState"] = {}
    assert pods.status(written, datetime(2027, 1, 1, tzinfo=UTC)) is None


def test_a_pod_that_ended_or_is_deleted_stays_as_it_is() -> None:
    ended, deleted = pod(), pod()
    ended["status"] = {"phase": "Failed"}
    deleted["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert pods.status(ended, NOW) is None
    assert pods.status(deleted, NOW) is None


def test_the_kubelet_runs_as_a_program(bed: ClusterBed, cluster: LocalCluster) -> None:
    command = [
        *(sys.executable, "-m", "hack.standins", "--kubeconfig", str(cluster.kubeconfig)),
        *("kubelet", "--allow-namespace", bed.namespace),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        bed.client.create(PODS, pod(), namespace=bed.namespace)
        assert is_ready(reported(bed))
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
