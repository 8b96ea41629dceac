"""Each way in which the stand-in for a kubelet lets a Pod fail is one that the controller explains."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from controller.environment.diagnosis.problems import find
from hack.standins.kubelet import pods

NOW = datetime(2026, 1, 1, tzinfo=UTC)
REASONS = {
    pods.IMAGE_PULL_ERROR: "ImagePullFailed",
    pods.CRASH_LOOP: "CrashLoop",
    pods.OOM_KILLED: "OOMKilled",
    pods.INIT_CRASH: "InitFailed",
    pods.NEVER_READY: "ProbeFailed",
    pods.UNSCHEDULABLE: "Unschedulable",
    pods.MISSING_VOLUME: "VolumePending",
}


def test_every_play_has_its_reason_here() -> None:
    assert set(REASONS) == set(pods.PLAYS)


@pytest.mark.parametrize(("play", "reason"), REASONS.items())
def test_a_play_is_explained(play: str, reason: str) -> None:
    pod: dict[str, Any] = {
        "metadata": {"name": "web", "namespace": "shop-74", "uid": "uid-1"},
        "spec": {
            "initContainers": [{"name": "prepare", "image": "prepare:1.0"}],
            "containers": [{"name": "web", "image": f"web:{play}"}],
        },
    }
    reported = pod | {"status": pods.status(pod, NOW)}
    events = [
        {
            "type": "Warning",
            "reason": warned.reason,
            "message": warned.message,
            "involvedObject": {"kind": "Pod", "name": "web", "uid": "uid-1", "fieldPath": warned.path},
        }
        for warned in pods.warnings(pod)
    ]

    later = NOW + timedelta(minutes=2)
    found = [problem.reason for problem in find([reported], events, since=NOW, now=later)]

    assert found == [reason]


def test_a_pod_that_runs_has_no_warning() -> None:
    assert (
        pods.warnings({"metadata": {"name": "web"}, "spec": {"containers": [{"name": "web", "image": "web:1"}]}}) == []
    )
