"""Reading a HelmRelease of the legacy Helm Operator."""

import pytest

from controller.api.helm_operator import HELM_RELEASES, HelmRelease


def test_the_resource_is_the_one_of_the_legacy_operator():
    assert HELM_RELEASES.api_version == "helm.fluxcd.io/v1"
    assert HELM_RELEASES.group_resource == "helmreleases.helm.fluxcd.io"


@pytest.mark.parametrize("status", [None, {}, {"conditions": None, "phase": None}])
def test_a_status_that_is_not_there_yet_reads_as_empty(status):
    view = HelmRelease({"metadata": {"name": "x", "generation": 1}, "status": status})

    assert (view.phase, view.revision, view.condition("Released"), view.is_observed) == ("", "", {}, False)


@pytest.mark.parametrize(
    ("generation", "observed", "want"), [(2, 1, False), (2, 2, True), (1, 2, True), (1, None, False)]
)
def test_a_release_is_observed_when_the_last_sync_was_of_its_present_generation(generation, observed, want):
    view = HelmRelease({"metadata": {"generation": generation}, "status": {"observedGeneration": observed}})

    assert view.is_observed is want


def test_a_condition_is_found_by_its_type():
    conditions = [{"type": "Deployed", "status": "True"}, {"type": "Released", "status": "False"}]

    assert HelmRelease({"status": {"conditions": conditions}}).condition("Released")["status"] == "False"


@pytest.mark.parametrize(
    ("phase", "want"),
    [("DeployFailed", "2026-01-01T00:00:02Z"), ("Failed", ""), ("ChartFetchFailed", "2026-01-01T00:00:01Z")],
)
def test_a_failed_release_has_the_time_of_its_failure(phase, want):
    conditions = [
        _condition("ChartFetched", "False", "ChartFetchFailed", 1),
        _condition("Deployed", "False", "DeployFailed", 2),
        _condition("Released", "False", "DeployFailed", 1),
        _condition("Tested", "True", "Failed", 3),
    ]

    assert HelmRelease({"status": {"phase": phase, "conditions": conditions}}).failed_at == want


def _condition(type_, status, reason, second):
    return {"type": type_, "status": status, "reason": reason, "lastTransitionTime": f"2026-01-01T00:00:0{second}Z"}
