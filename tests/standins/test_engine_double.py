"""The engine double: the Helm Operator's words at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hack.localcluster import LocalCluster
from hack.standins.engine_double import EngineDouble
from hack.standins.helm_operator.resource import HELM_RELEASES
from hack.standins.plays import DELAY, FAIL, Plays
from tests.standins.cluster_bed import DEADLINE, ClusterBed, tag, until

V1 = "sh.helm.release.v1.run.v1"


@contextmanager
def double(bed: ClusterBed, *, show_phases: bool = False, failing: tuple[tuple[str, str], ...] = ()) -> Iterator[None]:
    """Run the double during the test. It watches all namespaces; every test uses its own."""
    double = EngineDouble(client=bed.client, plays=Plays(seconds={}, failing=failing), show_phases=show_phases)
    double.start()
    try:
        until(double.has_synced, "the double has seen what is there")
        yield
    finally:
        double.stop(DEADLINE)


def status_writes(cluster: LocalCluster, bed: ClusterBed) -> int:
    path = f"/apis/helm.fluxcd.io/v1/namespaces/{bed.namespace}/helmreleases/run/status"
    return sum(entry.path == path for entry in cluster.audit.entries())


def test_installation_and_upgrade_cost_one_status_write_each(bed: ClusterBed, cluster: LocalCluster) -> None:
    with double(bed):
        bed.create()
        status = bed.reached("Succeeded")
        assert [(condition["type"], condition["status"]) for condition in status["conditions"]] == [
            ("Deployed", "True"),
            ("Released", "True"),
        ]
        assert (status["releaseName"], status["releaseStatus"]) == ("run", "deployed")
        assert status["conditions"][-1]["message"] == (
            f"Release was successful for Helm release 'run' in '{bed.namespace}'."
        )
        assert bed.storage() == {V1: "deployed"}
        bed.patch(values=tag("two"))
        assert bed.reached("Succeeded")["revision"] == status["revision"]
        assert status_writes(cluster, bed) == 2

        bed.delete()
        until(lambda: not bed.storage(), "the storage removed")


def test_the_phases_on_the_way_can_be_shown(bed: ClusterBed, cluster: LocalCluster) -> None:
    with double(bed, show_phases=True):
        bed.create()
        bed.reached("Succeeded")
        assert status_writes(cluster, bed) == 3


def test_failures_are_played_and_heal(bed: ClusterBed) -> None:
    with double(bed):
        bed.create(annotations={FAIL: "fetch"})
        bed.reached("ChartFetchFailed")
        bed.patch(annotations={FAIL: "install"})
        bed.reached("DeployFailed")
        assert bed.storage() == {}
        bed.patch(annotations={FAIL: None})
        bed.reached("Succeeded")
        bed.patch(annotations={FAIL: "upgrade"}, values=tag("two"))
        bed.reached("DeployFailed")


def test_an_uninstall_that_fails_leaves_the_storage(bed: ClusterBed) -> None:
    with double(bed):
        bed.create(annotations={FAIL: "uninstall"})
        bed.reached("Succeeded")
        bed.create("other")
        bed.reached("Succeeded", "other")
        bed.delete()
        bed.delete("other")
        until(lambda: len(bed.storage()) == 1, "the other's storage removed")
        assert bed.storage() == {V1: "deployed"}


def test_a_recreated_release_of_the_same_name_is_uninstalled_and_installed(bed: ClusterBed) -> None:
    with double(bed):
        bed.create(annotations={DELAY: "uninstall=0.2"})
        bed.reached("Succeeded")
        bed.delete()
        bed.create()
        bed.reached("Succeeded")
        until(lambda: bed.storage() == {V1: "deployed"}, "the storage of the new one")


def test_changes_during_downtime_are_handled_after_the_start(bed: ClusterBed) -> None:
    bed.create()
    with double(bed):
        bed.reached("Succeeded")
    bed.patch(values=tag("two"))
    with double(bed):
        bed.reached("Succeeded")


def test_hundreds_are_answered(bed: ClusterBed) -> None:
    with double(bed):
        for number in range(100):
            bed.create(f"r{number}")

        def answered() -> bool:
            items = bed.client.list(HELM_RELEASES, namespace=bed.namespace)["items"]
            return all((item.get("status") or {}).get("phase") == "Succeeded" for item in items)

        until(answered, "all succeeded")
        assert len(bed.storage()) == 100
