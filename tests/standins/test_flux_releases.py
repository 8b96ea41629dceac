"""The helm-controller as a neighbour of an API: from the first look at a HelmRelease to its upgrades and failures."""

from __future__ import annotations

import re

import pytest

from hack.standins.flux.resources import (
    FINALIZER,
    FORCE_AT,
    GIT_REPOSITORIES,
    HELM_RELEASES,
    REQUESTED_AT,
    RESET_AT,
)
from hack.standins.plays import FAIL
from tests.standins.cluster_bed import CONFIG_MAPS, tag, until
from tests.standins.flux_bed import FluxBed, condition, words

V = "sh.helm.release.v1.run.v"
READY = ("Ready", "True", "InstallSucceeded")
RELEASED = ("Released", "True", "InstallSucceeded")


def version(bed: FluxBed) -> str:
    """The chart's version of the newest commit."""
    return f"0.0.0+{bed.repo.head()[:12]}"


def test_the_journey_of_one_release(flux_bed: FluxBed) -> None:
    with flux_bed.flux():
        flux_bed.create_release()
        obj = flux_bed.condition(HELM_RELEASES, "Ready", "False", "SourceNotReady")
        assert condition(obj, "Reconciling")["message"] == "Fulfilling prerequisites"
        assert condition(obj, "Ready")["message"].startswith(
            f"HelmChart '{flux_bed.namespace}/{flux_bed.namespace}-run' is not ready: "
        )
        assert obj["status"]["observedGeneration"] == -1
        assert obj["metadata"]["finalizers"] == [FINALIZER]
        flux_bed.create_source()
        # Reconciling comes back for a moment at every interval.
        obj = flux_bed.until(HELM_RELEASES, lambda o: words(o) == [READY, RELEASED], "released")
        name = f"{flux_bed.namespace}/run"
        said = f"Helm install succeeded for release {name}.v1 with chart sample-application@{version(flux_bed)}"
        assert condition(obj, "Ready")["message"] == condition(obj, "Released")["message"] == said
        status = obj["status"]
        assert (status["helmChart"], status["storageNamespace"]) == (
            f"{name.replace('/', '/' + flux_bed.namespace + '-')}",
            flux_bed.namespace,
        )
        assert [(each["version"], each["status"], each["action"]) for each in status["history"]] == [
            (1, "deployed", "install")
        ]
        assert status["lastAttemptedRevision"] == status["history"][0]["chartVersion"] == version(flux_bed)
        flux_bed.event("InstallSucceeded", said)

        flux_bed.patch(HELM_RELEASES, values=tag("two"))
        obj = flux_bed.ready(tag="two")
        assert condition(obj, "Ready")["reason"] == "UpgradeSucceeded"
        assert [(each["version"], each["status"]) for each in obj["status"]["history"]] == [
            (2, "deployed"),
            (1, "superseded"),
        ]
        assert flux_bed.storage() == {f"{V}1": "superseded", f"{V}2": "deployed"}

        flux_bed.delete(HELM_RELEASES)
        flux_bed.gone(HELM_RELEASES)
        assert flux_bed.storage() == {}
        assert flux_bed.image() == ""


def test_a_new_commit_is_a_new_chart_version_and_an_upgrade(flux_bed: FluxBed) -> None:
    flux_bed.create_source()
    flux_bed.create_release()
    with flux_bed.flux(longest_interval=0.1):
        flux_bed.ready()
        flux_bed.repo.commit("Continue", {"README.md": "nothing of the chart"})
        newest = version(flux_bed)
        obj = flux_bed.until(HELM_RELEASES, lambda o: o["status"]["history"][0]["chartVersion"] == newest, "upgraded")
        assert obj["status"]["history"][0]["version"] == 2


def test_without_the_revision_a_chart_of_the_same_version_is_the_same_chart(flux_bed: FluxBed) -> None:
    flux_bed.create_source()
    flux_bed.create_release(chart={"reconcileStrategy": "ChartVersion"})
    with flux_bed.flux(longest_interval=0.1):
        flux_bed.ready()
        added = "kind: ConfigMap\napiVersion: v1\nmetadata: {name: extra}\n"
        sha = flux_bed.repo.commit("Continue", {"deploy/templates/extra.yaml": added})
        flux_bed.until(GIT_REPOSITORIES, lambda o: o["status"]["artifact"]["revision"].endswith(sha), "fetched")
        flux_bed.patch(HELM_RELEASES, annotations={REQUESTED_AT: "now"})
        flux_bed.until(HELM_RELEASES, lambda o: o["status"].get("lastHandledReconcileAt") == "now", "looked at")
        assert flux_bed.get(HELM_RELEASES)["status"]["history"][0]["version"] == 1
        chart = "0.2.0"
        flux_bed.repo.commit(
            "Release", {"deploy/Chart.yaml": f"apiVersion: v2\nname: sample-application\nversion: {chart}\n"}
        )
        flux_bed.until(HELM_RELEASES, lambda o: o["status"]["history"][0]["chartVersion"] == chart, "upgraded")
        assert "extra" in flux_bed.names(CONFIG_MAPS)


def test_a_chart_that_is_not_there_is_named_and_not_the_source_s_fault(flux_bed: FluxBed) -> None:
    flux_bed.create_source()
    flux_bed.create_release(chart={"chart": "nowhere"})
    with flux_bed.flux():
        said = re.compile(r"invalid chart reference: stat /tmp/helmchart-\S+/source/nowhere: no such file or directory")
        flux_bed.until(HELM_RELEASES, lambda o: said.search(condition(o, "Ready").get("message", "")), "the path named")
        obj = flux_bed.condition(HELM_RELEASES, "Ready", "False", "SourceNotReady")
        assert obj["status"]["observedGeneration"] == -1
        assert condition(flux_bed.get(GIT_REPOSITORIES), "Ready")["status"] == "True"
        flux_bed.patch(HELM_RELEASES, chart={"spec": {"chart": "./deploy/"}})
        flux_bed.ready()


def test_a_reference_to_another_chart_is_refused_and_costs_the_others_nothing(flux_bed: FluxBed) -> None:
    flux_bed.create_source()
    flux_bed.create_release("other", chartRef={"kind": "HelmChart", "name": "any"})
    flux_bed.create_release()
    with flux_bed.flux():
        flux_bed.condition(HELM_RELEASES, "Ready", "False", "ArtifactFailed", "other")
        flux_bed.ready()


def test_values_files_are_merged_and_nothing_is_implied(flux_bed: FluxBed) -> None:
    flux_bed.repo.commit("Add values", {"preview.yaml": "application: {deployment: {replicas: 3}}\n"})
    flux_bed.create_source()
    files = ["deploy/values.yaml", "preview.yaml"]
    flux_bed.create_release(chart={"valuesFiles": files})
    with flux_bed.flux():
        obj = flux_bed.ready()
        assert obj["status"]["history"][0]["chartVersion"] == f"{version(flux_bed)}.1"
        flux_bed.patch(HELM_RELEASES, chart={"spec": {"valuesFiles": ["missing.yaml"]}})
        said = "values files merge error: no values file found at path '/missing.yaml' (reference 'missing.yaml')"
        flux_bed.until(HELM_RELEASES, lambda o: said in condition(o, "Ready").get("message", ""), "the file named")


def test_values_come_from_references_and_a_watched_one_releases_at_once(flux_bed: FluxBed) -> None:
    flux_bed.create_source()
    flux_bed.create_release(valuesFrom=[{"kind": "Secret", "name": "values"}], values={})
    with flux_bed.flux(longest_interval=3600.0):
        obj = flux_bed.condition(HELM_RELEASES, "Ready", "False", "ValuesError")
        said = f"could not resolve Secret chart values reference '{flux_bed.namespace}/values' with key 'values.yaml'"
        assert condition(obj, "Ready")["message"].startswith(said)
        text = "application: {{deployment: {{image: {{tag: {}}}}}}}"
        flux_bed.secret("values", {"values.yaml": text.format("one")}, labels={"reconcile.fluxcd.io/watch": "Enabled"})
        flux_bed.ready(tag="one")
        flux_bed.change_secret("values", {"values.yaml": text.format("two")})
        until(lambda: flux_bed.image().endswith(":two"), "the changed Secret's value released")


def test_a_chart_that_cannot_be_rendered_says_why_and_is_tried_for_ever(flux_bed: FluxBed) -> None:
    flux_bed.create_source()
    flux_bed.create_release(values={"application": {"refuse": "not today"}})
    with flux_bed.flux():
        obj = flux_bed.condition(HELM_RELEASES, "Ready", "False", "InstallFailed")
        message = condition(obj, "Ready")["message"]
        name = f"{flux_bed.namespace}/run"
        assert message.startswith(f"Helm install failed for release {name} with chart sample-application@")
        assert "not today" in message
        assert condition(obj, "Stalled") == {}
        assert obj["status"]["observedGeneration"] == -1
        assert "installFailures" not in obj["status"]
        flux_bed.until(HELM_RELEASES, lambda o: o["status"]["failures"] > 1, "tried again")
        flux_bed.event("InstallFailed", "not today")
        flux_bed.patch(HELM_RELEASES, values={"application": {"refuse": ""}})
        flux_bed.ready()


def test_without_remediation_a_failed_installation_is_the_end_of_that_generation(flux_bed: FluxBed) -> None:
    flux_bed.create_source()
    flux_bed.create_release(annotations={FAIL: "install"})
    with flux_bed.flux():
        obj = flux_bed.stalled("RetriesExceeded")
        assert words(obj) == [
            ("Stalled", "True", "RetriesExceeded"),
            ("Ready", "False", "InstallFailed"),
            ("Released", "False", "InstallFailed"),
        ]
        assert condition(obj, "Stalled")["message"] == "Failed to install after 1 attempt(s)"
        assert "timed out waiting for the condition" in condition(obj, "Ready")["message"]
        assert (obj["status"]["installFailures"], obj["status"]["observedGeneration"]) == (1, 1)
        assert flux_bed.storage() == {f"{V}1": "failed"}
        flux_bed.patch(HELM_RELEASES, annotations={FAIL: None}, values=tag("two"))
        obj = flux_bed.ready(tag="two")
        assert condition(obj, "Ready")["reason"] == "UpgradeSucceeded"
        assert "installFailures" not in obj["status"]


def test_a_failed_installation_is_uninstalled_between_retries(flux_bed: FluxBed) -> None:
    flux_bed.create_source()
    flux_bed.create_release(annotations={FAIL: "install"}, install={"remediation": {"retries": 2}})
    with flux_bed.flux():
        obj = flux_bed.stalled("RetriesExceeded")
        assert condition(obj, "Stalled")["message"] == "Failed to install after 3 attempt(s)"
        flux_bed.event("UninstallSucceeded", "Helm uninstall remediation for release")
        assert flux_bed.storage() == {f"{V}1": "failed"}


def test_a_release_that_is_retried_shows_it_and_heals_when_the_reason_goes(flux_bed: FluxBed) -> None:
    flux_bed.create_source()
    flux_bed.create_release(annotations={FAIL: "install"}, install={"remediation": {"retries": -1}})
    with flux_bed.flux():
        obj = flux_bed.until(
            HELM_RELEASES,
            lambda o: condition(o, "Reconciling").get("reason") == "ProgressingWithRetry",
            "a retry announced",
        )
        assert condition(obj, "Ready")["status"] == "False"
        assert condition(obj, "Remediated")["reason"] == "UninstallSucceeded"
        flux_bed.patch(HELM_RELEASES, annotations={FAIL: None})
        flux_bed.ready()


def test_retry_on_failure_keeps_trying_without_undoing(flux_bed: FluxBed) -> None:
    flux_bed.create_source()
    strategy = {"strategy": {"name": "RetryOnFailure", "retryInterval": "5m"}}
    flux_bed.create_release(annotations={FAIL: "install,upgrade"}, install=strategy, upgrade=strategy)
    with flux_bed.flux(longest_interval=0.1):
        obj = flux_bed.condition(HELM_RELEASES, "Reconciling", "True", "ProgressingWithRetry")
        assert condition(obj, "Reconciling")["message"] == "retrying after 5m0s"
        assert condition(obj, "Ready")["status"] == "False"
        # This strategy lets a generation count as observed although it has failed.
        flux_bed.until(HELM_RELEASES, lambda o: o["status"]["observedGeneration"] == 1, "observed")
        until(lambda: f"{V}2" in flux_bed.storage(), "an upgrade of the failed revision was tried")
        flux_bed.patch(HELM_RELEASES, annotations={FAIL: None})
        flux_bed.ready()
        flux_bed.until(HELM_RELEASES, lambda o: "failures" not in o["status"], "the failures forgotten")


def test_a_failed_upgrade_is_rolled_back_and_a_good_one_follows(flux_bed: FluxBed) -> None:
    flux_bed.create_source()
    flux_bed.create_release(upgrade={"remediation": {"retries": 1}})
    with flux_bed.flux():
        flux_bed.ready()
        flux_bed.patch(HELM_RELEASES, annotations={FAIL: "upgrade"}, values=tag("two"))
        obj = flux_bed.stalled("RetriesExceeded")
        name, chart = f"{flux_bed.namespace}/run", f"sample-application@{version(flux_bed)}"
        said = f"Helm rollback to previous release {name}.v1 with chart {chart} succeeded"
        flux_bed.event("RollbackSucceeded", said)
        assert condition(obj, "Ready")["reason"] == "RollbackSucceeded"
        assert condition(obj, "Ready")["status"] == "False"
        assert condition(obj, "Released")["reason"] == "UpgradeFailed"
        assert condition(obj, "Stalled")["message"] == "Failed to upgrade after 2 attempt(s)"
        assert obj["status"]["history"][0]["status"] == "deployed"
        assert flux_bed.image().endswith(":one")
        flux_bed.patch(HELM_RELEASES, annotations={FAIL: None}, values=tag("three"))
        obj = flux_bed.ready(tag="three")
        assert condition(obj, "Remediated") == {}
        assert condition(obj, "Stalled") == {}


def test_going_back_to_the_values_that_were_rolled_back_to_needs_no_upgrade(flux_bed: FluxBed) -> None:
    flux_bed.create_source()
    flux_bed.create_release(upgrade={"remediation": {"retries": 0, "remediateLastFailure": True}})
    with flux_bed.flux():
        flux_bed.ready()
        flux_bed.patch(HELM_RELEASES, annotations={FAIL: "upgrade"}, values=tag("two"))
        flux_bed.stalled("RetriesExceeded")
        flux_bed.patch(HELM_RELEASES, annotations={FAIL: None}, values=tag("one"))
        obj = flux_bed.ready()
        assert condition(obj, "Ready")["reason"] == "UpgradeSucceeded"
        assert obj["status"]["history"][0]["version"] == 3


def test_a_failed_rollback_is_the_end(flux_bed: FluxBed) -> None:
    flux_bed.create_source()
    flux_bed.create_release(upgrade={"remediation": {"retries": 0, "remediateLastFailure": True}})
    with flux_bed.flux():
        flux_bed.ready()
        flux_bed.patch(HELM_RELEASES, annotations={FAIL: "upgrade,rollback"}, values=tag("two"))
        obj = flux_bed.stalled("RetriesExceeded")
        assert condition(obj, "Remediated")["reason"] == "RollbackFailed"
        assert condition(obj, "Ready")["reason"] == "RollbackFailed"


@pytest.mark.parametrize("ignored", [False, True])
def test_a_failed_test_counts_unless_it_is_ignored(flux_bed: FluxBed, ignored: bool) -> None:
    flux_bed.create_source()
    flux_bed.create_release(annotations={FAIL: "test"}, test={"enable": True, "ignoreFailures": ignored})
    with flux_bed.flux():
        if ignored:
            obj = flux_bed.ready()
            assert condition(obj, "TestSuccess")["reason"] == "TestFailed"
        else:
            obj = flux_bed.stalled("RetriesExceeded")
            assert condition(obj, "Ready")["reason"] == "TestFailed"
            assert condition(obj, "Released")["reason"] == "InstallSucceeded"
            flux_bed.patch(HELM_RELEASES, annotations={FAIL: None}, values=tag("two"))
            obj = flux_bed.ready(tag="two")
            assert condition(obj, "TestSuccess")["reason"] == "TestSucceeded"


def test_failures_are_forgotten_and_an_action_forced_on_request(flux_bed: FluxBed) -> None:
    flux_bed.create_source()
    flux_bed.create_release(annotations={FAIL: "install"}, install={"remediation": {"retries": 0}})
    with flux_bed.flux():
        flux_bed.stalled("RetriesExceeded")
        flux_bed.patch(HELM_RELEASES, annotations={FAIL: None, REQUESTED_AT: "1", RESET_AT: "1"})
        obj = flux_bed.ready()
        assert obj["status"]["lastHandledResetAt"] == "1"
        flux_bed.patch(HELM_RELEASES, annotations={REQUESTED_AT: "2", FORCE_AT: "2"})
        obj = flux_bed.until(HELM_RELEASES, lambda o: o["status"]["history"][0]["version"] == 3, "upgraded")
        assert obj["status"]["lastHandledForceAt"] == "2"


def test_another_release_name_is_uninstalled_first_and_then_installed(flux_bed: FluxBed) -> None:
    flux_bed.create_source()
    flux_bed.create_release()
    with flux_bed.flux():
        flux_bed.ready()
        flux_bed.patch(HELM_RELEASES, releaseName="other")
        obj = flux_bed.ready()
        assert flux_bed.storage() == {"sh.helm.release.v1.other.v1": "deployed"}
        assert flux_bed.image() == ""
        assert obj["status"]["history"][0]["action"] == "install"


def test_a_suspended_release_changes_nothing_until_it_is_resumed(flux_bed: FluxBed) -> None:
    flux_bed.create_source()
    flux_bed.create_release()
    with flux_bed.flux():
        flux_bed.ready()
        flux_bed.patch(HELM_RELEASES, suspend=True, values=tag("two"))
        flux_bed.until(HELM_RELEASES, lambda o: o["status"]["observedGeneration"] == 2, "observed")
        assert flux_bed.image().endswith(":one")
        flux_bed.patch(HELM_RELEASES, suspend=False)
        flux_bed.ready(tag="two")


def test_an_operation_that_never_ended_is_unlocked_first(flux_bed: FluxBed) -> None:
    flux_bed.create_source()
    flux_bed.create_release()
    with flux_bed.flux():
        flux_bed.ready()
    flux_bed.interrupt("run", 1, "pending-upgrade")
    with flux_bed.flux():
        flux_bed.event("PendingRelease", "Unlocked Helm release")
        until(lambda: flux_bed.storage() == {f"{V}1": "superseded", f"{V}2": "deployed"}, "upgraded")
