"""The stand-in reaches the states of the real controllers: the same conditions, reasons and messages."""

from __future__ import annotations

from typing import Any

from controller.apimachinery.resources import Resource
from hack.standins.flux.loop import Pace
from hack.standins.flux.resources import GIT_REPOSITORIES, HELM_RELEASES
from hack.standins.plays import DELAY, FAIL
from tests import samples
from tests.sentences import conditions_of
from tests.standins.cluster_bed import tag
from tests.standins.flux_bed import FluxBed


def reaches(bed: FluxBed, resource: Resource, sample: dict[str, Any]) -> None:
    """Wait until an object has the conditions of the sample."""
    want = conditions_of(sample)
    assert want
    bed.until(resource, lambda obj: conditions_of(obj) == want, str(want))


def release(state: str) -> dict[str, Any]:
    return samples.in_state("flux-helmreleases", state)


def test_a_repository_is_fetched(flux_bed: FluxBed) -> None:
    flux_bed.create_source()
    with flux_bed.flux():
        reaches(flux_bed, GIT_REPOSITORIES, samples.in_state("flux-gitrepositories", "healthy"))


def test_a_release_is_being_upgraded(flux_bed: FluxBed) -> None:
    flux_bed.create_source()
    flux_bed.create_release(annotations={DELAY: "upgrade=1"}, timeout="5m")
    with flux_bed.flux(longest_interval=3600.0):
        flux_bed.ready()
        flux_bed.patch(HELM_RELEASES, values=tag("two"))
        reaches(flux_bed, HELM_RELEASES, release("upgrading"))


def test_a_failed_upgrade_is_rolled_back_and_retried(flux_bed: FluxBed) -> None:
    flux_bed.create_source()
    flux_bed.create_release(upgrade={"remediation": {"retries": 3}})
    with flux_bed.flux(longest_interval=3600.0, pace=Pace(first_retry=0.5, last_retry=2.0, workers=1)):
        flux_bed.ready()
        flux_bed.patch(HELM_RELEASES, annotations={FAIL: "upgrade"}, values=tag("two"))
        reaches(flux_bed, HELM_RELEASES, release("rolled-back"))


def test_a_change_that_needs_no_new_release_leaves_it_deployed(flux_bed: FluxBed) -> None:
    flux_bed.create_source()
    flux_bed.create_release()
    with flux_bed.flux(longest_interval=3600.0):
        flux_bed.ready()
        flux_bed.patch(HELM_RELEASES, interval="10m")
        flux_bed.condition(HELM_RELEASES, "Ready", "True", "InstallSucceeded")
        reaches(flux_bed, HELM_RELEASES, release("deployed"))
    conditions = flux_bed.get(HELM_RELEASES)["status"]["conditions"]
    expected = release("deployed")["status"]["conditions"]
    assert [(each["type"], each["observedGeneration"]) for each in conditions] == [
        (each["type"], each["observedGeneration"]) for each in expected
    ]
