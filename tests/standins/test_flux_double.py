"""Flux's double: its words at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hack.localcluster import LocalCluster
from hack.standins.flux.double import FluxDouble
from hack.standins.flux.resources import GIT_REPOSITORIES, HELM_RELEASES
from hack.standins.plays import DELAY, FAIL, Plays
from tests.standins.cluster_bed import DEADLINE, tag, until
from tests.standins.flux_bed import FluxBed, condition, words

V1 = "sh.helm.release.v1.run.v1"


@contextmanager
def double(bed: FluxBed, *, show_phases: bool = False) -> Iterator[None]:
    """Run the double during the test. It watches all namespaces; every test uses its own."""
    double = FluxDouble(client=bed.client, plays=Plays(seconds={}, failing=[]), show_phases=show_phases)
    double.start()
    try:
        until(double.has_synced, "the double has seen what is there")
        yield
    finally:
        double.stop(DEADLINE)


def writes(cluster: LocalCluster, bed: FluxBed, path: str) -> int:
    whole = f"/namespaces/{bed.namespace}/{path}"
    found = [entry for entry in cluster.audit.entries() if entry.path.endswith(whole)]
    return sum(entry.verb in ("create", "patch", "update") and entry.code < 300 for entry in found)


def released(bed: FluxBed, revision: int) -> dict[str, Any]:
    """The HelmRelease when that revision is the newest, for its present generation."""

    def holds(obj: dict[str, Any]) -> bool:
        current = obj["status"]["observedGeneration"] == obj["metadata"]["generation"]
        return current and [each["version"] for each in obj["status"].get("history") or ()][:1] == [revision]

    return bed.until(HELM_RELEASES, holds, f"revision {revision}")


def test_installation_and_upgrade_cost_one_status_write_each(flux_bed: FluxBed, cluster: LocalCluster) -> None:
    with double(flux_bed):
        flux_bed.create_source()
        flux_bed.condition(GIT_REPOSITORIES, "Ready", "True", "Succeeded")
        flux_bed.create_release()
        obj = released(flux_bed, 1)
        assert words(obj) == [("Ready", "True", "InstallSucceeded"), ("Released", "True", "InstallSucceeded")]
        said = f"Helm install succeeded for release {flux_bed.namespace}/run.v1 with chart application@0.0.0+"
        assert condition(obj, "Ready")["message"].startswith(said)
        assert flux_bed.storage() == {V1: "deployed"}
        flux_bed.patch(HELM_RELEASES, values=tag("two"))
        assert condition(released(flux_bed, 2), "Ready")["reason"] == "UpgradeSucceeded"
        assert writes(cluster, flux_bed, "helmreleases/run/status") == 2
        assert writes(cluster, flux_bed, "gitrepositories/run/status") == 1

        flux_bed.delete(HELM_RELEASES)
        flux_bed.gone(HELM_RELEASES)
        assert flux_bed.storage() == {}
        flux_bed.delete(GIT_REPOSITORIES)
        flux_bed.gone(GIT_REPOSITORIES)


def test_a_release_waits_for_its_source(flux_bed: FluxBed) -> None:
    with double(flux_bed):
        flux_bed.create_release()
        flux_bed.condition(HELM_RELEASES, "Ready", "False", "SourceNotReady")
        flux_bed.create_source()
        released(flux_bed, 1)


def test_another_reference_is_another_revision_and_an_upgrade(flux_bed: FluxBed) -> None:
    with double(flux_bed):
        flux_bed.create_source()
        flux_bed.create_release()
        before = condition(released(flux_bed, 1), "Ready")["message"]
        flux_bed.patch(GIT_REPOSITORIES, ref={"branch": "other"})
        assert condition(released(flux_bed, 2), "Ready")["message"] != before


def test_the_status_shows_a_running_action(flux_bed: FluxBed, cluster: LocalCluster) -> None:
    with double(flux_bed, show_phases=True):
        flux_bed.create_source()
        flux_bed.create_release(annotations={DELAY: "install=0.2"})
        obj = flux_bed.until(HELM_RELEASES, lambda o: condition(o, "Ready").get("status") == "Unknown", "running")
        assert condition(obj, "Reconciling")["message"] == "Running 'install' action with timeout of 5m0s"
        released(flux_bed, 1)


def test_failures_are_played_and_heal(flux_bed: FluxBed) -> None:
    with double(flux_bed):
        flux_bed.create_source(annotations={FAIL: "fetch"})
        flux_bed.condition(GIT_REPOSITORIES, "FetchFailed", "True", "GitOperationFailed")
        flux_bed.patch(GIT_REPOSITORIES, annotations={FAIL: None})
        flux_bed.create_release(annotations={FAIL: "install"})
        flux_bed.stalled("RetriesExceeded")
        assert flux_bed.storage() == {}
        flux_bed.patch(HELM_RELEASES, annotations={FAIL: "uninstall"})
        assert ("Stalled", "True", "RetriesExceeded") not in words(released(flux_bed, 1))
        flux_bed.delete(HELM_RELEASES)
        flux_bed.condition(HELM_RELEASES, "Released", "False", "UninstallFailed")
        flux_bed.patch(HELM_RELEASES, annotations={FAIL: None})
        flux_bed.gone(HELM_RELEASES)
        assert flux_bed.storage() == {}


def test_another_release_name_replaces_the_release(flux_bed: FluxBed) -> None:
    with double(flux_bed):
        flux_bed.create_source()
        flux_bed.create_release()
        released(flux_bed, 1)
        flux_bed.patch(HELM_RELEASES, releaseName="other")
        until(lambda: flux_bed.storage() == {"sh.helm.release.v1.other.v1": "deployed"}, "the other one")


def test_deleted_while_suspended_the_release_stays(flux_bed: FluxBed) -> None:
    with double(flux_bed):
        flux_bed.create_source()
        flux_bed.create_release()
        released(flux_bed, 1)
        flux_bed.patch(HELM_RELEASES, suspend=True)
        flux_bed.delete(HELM_RELEASES)
        flux_bed.gone(HELM_RELEASES)
        assert flux_bed.storage() == {V1: "deployed"}


def test_changes_during_downtime_are_handled_after_the_start(flux_bed: FluxBed) -> None:
    flux_bed.create_source()
    flux_bed.create_release()
    with double(flux_bed):
        released(flux_bed, 1)
    flux_bed.patch(HELM_RELEASES, values=tag("two"))
    with double(flux_bed):
        released(flux_bed, 2)
    flux_bed.delete(HELM_RELEASES)
    with double(flux_bed):
        flux_bed.gone(HELM_RELEASES)


def test_hundreds_are_answered(flux_bed: FluxBed) -> None:
    with double(flux_bed):
        flux_bed.create_source()
        for number in range(100):
            flux_bed.create_release(f"r{number}")

        def answered() -> bool:
            items = flux_bed.client.list(HELM_RELEASES, namespace=flux_bed.namespace)["items"]
            return all(condition(item, "Ready").get("status") == "True" for item in items)

        until(answered, "all ready")
        assert len(flux_bed.storage()) == 100
