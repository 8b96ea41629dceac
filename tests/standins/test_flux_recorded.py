"""The stand-in reaches the recorded states of real clusters: the same conditions, reasons and messages."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from controller.apimachinery.resources import Resource
from hack.standins.flux.loop import Pace
from hack.standins.flux.resources import GIT_REPOSITORIES, HELM_RELEASES
from hack.standins.plays import DELAY, FAIL
from tests.standins.cluster_bed import tag
from tests.standins.flux_bed import FluxBed

FIXTURES = Path(os.environ.get("TRONADOR_FIXTURES") or Path(__file__).parents[3] / "shared/fixtures")
RECORDED = FIXTURES / "helmrelease-status"

pytestmark = pytest.mark.skipif(not RECORDED.exists(), reason="the recorded statuses are not beside this repository")


def sentence(message: str) -> str:
    """A message without the names and versions in it, and without an error's own text."""
    text = " ".join(message.split())
    text = re.sub(r"[\w-]+/[\w-]+(\.v\d+)?( |$)", r"RELEASE\2", text)
    text = re.sub(r"chart [\w-]+@[\w.+-]+", "chart CHART", text)
    text = re.sub(r"'[\w./-]+@sha1:[0-9a-f]{40}'", "REVISION", text)
    text = re.sub(r"'https?://[^']*'", "URL", text)
    return re.sub(r"(failed for release RELEASE with chart CHART: ).*", r"\1ERROR", text)


def standing(obj: dict[str, Any]) -> dict[str, tuple[str, str, str]]:
    """Type -> (status, reason, sentence)."""
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return {each["type"]: (each["status"], each["reason"], sentence(each["message"])) for each in conditions}


def comes_to_stand(bed: FluxBed, resource: Resource, recording: str) -> None:
    """Wait until an object stands as the recorded one does."""
    want = standing(yaml.safe_load((RECORDED / recording).read_text()))
    assert want
    bed.until(resource, lambda obj: standing(obj) == want, f"as {recording}: {want}")


def test_a_fetched_repository(flux_bed: FluxBed) -> None:
    flux_bed.create_source()
    with flux_bed.flux():
        comes_to_stand(flux_bed, GIT_REPOSITORIES, "source.toolkit.GitRepository.healthy.yaml")


def test_a_release_under_way(flux_bed: FluxBed) -> None:
    flux_bed.create_source()
    flux_bed.create_release(annotations={DELAY: "upgrade=1"}, timeout="5m")
    with flux_bed.flux(longest_interval=3600.0):
        flux_bed.ready()
        flux_bed.patch(HELM_RELEASES, values=tag("two"))
        comes_to_stand(flux_bed, HELM_RELEASES, "helm.toolkit-v2.upgrading.yaml")


def test_a_release_that_was_rolled_back_and_is_tried_again(flux_bed: FluxBed) -> None:
    flux_bed.create_source()
    flux_bed.create_release(upgrade={"remediation": {"retries": 3}})
    with flux_bed.flux(longest_interval=3600.0, pace=Pace(first_retry=0.5, last_retry=2.0, workers=1)):
        flux_bed.ready()
        flux_bed.patch(HELM_RELEASES, annotations={FAIL: "upgrade"}, values=tag("two"))
        comes_to_stand(flux_bed, HELM_RELEASES, "helm.toolkit-v2.upgrade-failed-rolled-back.yaml")


def test_a_deployed_release_whose_change_needed_no_new_one(flux_bed: FluxBed) -> None:
    recording = "helm.toolkit-v2.deployed.yaml"
    flux_bed.create_source()
    flux_bed.create_release()
    with flux_bed.flux(longest_interval=3600.0):
        flux_bed.ready()
        flux_bed.patch(HELM_RELEASES, interval="10m")
        flux_bed.condition(HELM_RELEASES, "Ready", "True", "InstallSucceeded")
        comes_to_stand(flux_bed, HELM_RELEASES, recording)
    conditions = flux_bed.get(HELM_RELEASES)["status"]["conditions"]
    recorded = yaml.safe_load((RECORDED / recording).read_text())["status"]["conditions"]
    assert [(each["type"], each["observedGeneration"]) for each in conditions] == [
        (each["type"], each["observedGeneration"]) for each in recorded
    ]
