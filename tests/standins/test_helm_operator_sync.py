"""Syncs of the Helm Operator from beginning to end: installation, upgrades, charts, values, uninstallation."""

import copy

import pytest

from hack.standins import plays
from hack.standins.helm.engine import HelmError
from hack.standins.helm_operator.resource import ANTECEDENT, HelmRelease
from hack.standins.plays import FAIL
from tests.standins.operator_bed import KEY, URL, OperatorBed, V


@pytest.fixture
def bed(operator_bed: OperatorBed) -> OperatorBed:
    """The bed that all tests of this file use."""
    return operator_bed


def test_the_first_sync_fails_for_want_of_a_mirror_and_the_second_installs(bed: OperatorBed) -> None:
    assert bed.sync() == ["ChartFetchFailed", "!"]
    assert bed.error == "failed to prepare chart for release: chart not ready: no existing git mirror found"
    assert bed.hr.status["observedGeneration"] == 1
    assert bed.conditions() == [("ChartFetched", "False"), ("Released", "False")]

    assert bed.sync() == ["!"]
    assert bed.error.endswith("chart not ready: git repo has not been cloned yet")

    bed.clone()
    assert bed.sync() == ["Installing", "Deployed", "Succeeded"]
    assert bed.conditions() == [("ChartFetched", "False"), ("Deployed", "True"), ("Released", "True")]
    assert bed.hr.status["revision"] == bed.hr.status["lastAttemptedRevision"] == bed.repo.head()
    assert bed.client.kinds() == ["deployments", "services"]
    assert bed.image() == "registry.example.com/sample-application:one"
    assert bed.client.secrets() == {f"{V}1": "deployed"}


def test_a_mirror_that_is_there_already_serves_another_helmrelease_at_once(bed: OperatorBed) -> None:
    bed.installed()
    other = copy.deepcopy(bed.hr.obj)
    other["metadata"] |= {"name": "second", "uid": "2"}
    other["spec"]["releaseName"] = "second"
    bed.client.objects["helmreleases", "environment", "second"] = {**other, "status": {}}
    bed.syncer.sync(HelmRelease(other))
    status = bed.client.objects["helmreleases", "environment", "second"]["status"]
    assert [condition["type"] for condition in status["conditions"]] == ["Deployed", "Released"]


def test_applied_objects_carry_the_marks_of_helm_and_of_the_operator(bed: OperatorBed) -> None:
    metadata = bed.installed().client.objects["services", "environment", "run"]["metadata"]
    assert metadata["labels"]["app.kubernetes.io/managed-by"] == "Helm"
    assert metadata["annotations"] == {
        "meta.helm.sh/release-name": "run",
        "meta.helm.sh/release-namespace": "environment",
        ANTECEDENT: "environment:helmrelease/run",
    }


def test_a_new_tag_is_an_upgrade_and_observed_only_at_its_end(bed: OperatorBed) -> None:
    bed.installed().change(values=bed.tag("two"))
    assert bed.sync() == ["Upgrading", "Deployed", "Succeeded"]
    assert bed.image().endswith(":two")
    assert bed.client.secrets() == {f"{V}1": "superseded", f"{V}2": "deployed"}
    assert [status["observedGeneration"] for status in bed.client.statuses] == [1, 1, 1, 2]
    assert ("Released", "True") in [(c["type"], c["status"]) for c in bed.client.statuses[0]["conditions"]]


def test_a_sync_without_news_renews_success_and_applies_nothing(bed: OperatorBed) -> None:
    bed.installed()
    del bed.client.objects["deployments", "environment", "run"]
    bed.client.log.clear()
    bed.sync()
    assert bed.hr.status["phase"] == "Succeeded"
    assert bed.client.kinds() == ["services"], "the original does not compare with what is there"
    assert not [call for call in bed.client.log if call[0] == "apply"]


def test_values_changed_outside_the_spec_are_found_by_comparison(bed: OperatorBed) -> None:
    bed.client.objects["configmaps", "environment", "values"] = {"data": {"values.yaml": "application: {refuse: ''}"}}
    bed.change(valuesFrom=[{"configMapKeyRef": {"name": "values"}}])
    bed.installed()
    bed.client.objects["configmaps", "environment", "values"] = {
        "data": {"values.yaml": "application: {deployment: {replicas: 3}}"}
    }
    assert bed.sync() == ["Upgrading", "Deployed", "Succeeded"]
    assert bed.client.objects["deployments", "environment", "run"]["spec"]["replicas"] == 3


def test_changed_chart_files_are_fetched_and_upgraded_to(bed: OperatorBed) -> None:
    bed.installed()
    added = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n"
    files = {"deploy/templates/service.yaml": None, "deploy/templates/more.yaml": added}
    sha = bed.repo.commit("More", files)
    bed.clone()
    assert bed.sync() == ["ChartFetched", "Upgrading", "Deployed", "Succeeded"]
    assert bed.conditions()[0] == ("ChartFetched", "True")
    assert bed.hr.status["revision"] == sha
    assert bed.client.kinds() == ["configmaps", "deployments"], "what left the chart is removed"


def test_a_commit_outside_the_chart_changes_nothing(bed: OperatorBed) -> None:
    bed.installed()
    deployed = bed.repo.head()
    bed.repo.commit("Elsewhere", {"README.md": "# changed\n"})
    bed.clone()
    assert "!" not in bed.sync()
    assert (bed.hr.status["phase"], bed.hr.status["revision"]) == ("Succeeded", deployed)
    assert bed.client.secrets() == {f"{V}1": "deployed"}


def test_a_mirror_s_change_wakes_those_whom_it_concerns(bed: OperatorBed) -> None:
    bed.installed()
    mirror = bed.charts._mirrors.get(URL)
    assert mirror is not None
    bed.repo.commit("Elsewhere", {"README.md": "# changed\n"})
    mirror.refresh()
    bed.charts._mirror_changed(URL)
    assert bed.queued == []
    bed.repo.commit("Chart", {"deploy/README.md": "# new\n"})
    mirror.refresh()
    bed.charts._mirror_changed(URL)
    assert bed.queued == ["environment/run"]


def test_without_a_ref_the_branch_is_master(bed: OperatorBed) -> None:
    bed.change(chart={"git": URL, "path": "deploy"})
    bed.sync()
    bed.clone()
    assert bed.sync() == ["!"]
    assert "chart unavailable: fatal: bad revision 'master'" in bed.error
    bed.repo.commit("Master", {}, branch="master")
    bed.clone()
    assert bed.sync() == ["Installing", "Deployed", "Succeeded"]


@pytest.mark.parametrize("chart", [{"git": URL}, {"path": "deploy"}, {"repository": "x", "name": "y", "version": "1"}])
def test_an_incomplete_chart_fails_only_here(bed: OperatorBed, chart: dict[str, str]) -> None:
    bed.change(chart=chart)
    assert bed.sync() == ["ChartFetchFailed", "!"]
    assert bed.error.endswith("could not find valid chart source configuration for release")


def test_a_chart_outside_the_repository_is_not_found(bed: OperatorBed) -> None:
    bed.change(chart={"git": URL, "path": "../../..", "ref": "run-pipeline"})
    bed.sync()
    bed.clone()
    assert bed.sync() == ["!"]
    assert "outside the repository" in bed.error


def test_without_helm_version_it_is_helm_2_and_nothing_is_observed(bed: OperatorBed) -> None:
    spec = dict(bed.hr.spec)
    del spec["helmVersion"]
    bed.client.objects[KEY] = {**bed.hr.obj, "spec": spec}
    assert bed.sync() == ["Failed", "!"]
    assert "observedGeneration" not in bed.hr.status


def test_credentials_make_the_whole_url_lower_case(bed: OperatorBed) -> None:
    capital = "https://github.com/Stakater-Lab/Application"
    secret = {"data": {"username": "dXNlcg==", "password": "cEBzcw=="}}
    bed.client.objects["secrets", "environment", "git"] = secret
    bed.change(chart={"git": capital, "path": "deploy", "ref": "run-pipeline", "secretRef": {"name": "git"}})
    bed.sync()
    mirror = bed.charts._mirrors.get(f"environment/git/{capital}")
    assert mirror is not None
    assert mirror._url == str(bed.repo.path), "rewritten, so it was lower case"


def test_values_that_cannot_be_composed_fail_before_any_change(bed: OperatorBed) -> None:
    bed.change(valuesFrom=[{"secretKeyRef": {"name": "none"}}])
    bed.sync()
    bed.clone()
    assert bed.sync() == ["Failed", "!"]
    assert bed.error == 'failed to compose values for release: secrets "none" not found'


def test_values_can_come_from_the_chart_but_not_from_outside_it(bed: OperatorBed) -> None:
    files = {"deploy/ci.yaml": "application: {deployment: {replicas: 3}}", "root.yaml": "a: 1"}
    bed.repo.commit("Values", files)
    bed.change(valuesFrom=[{"chartFileRef": {"path": "ci.yaml"}}])
    bed.installed()
    assert bed.client.objects["deployments", "environment", "run"]["spec"]["replicas"] == 3
    bed.change(valuesFrom=[{"chartFileRef": {"path": "../root.yaml"}}])
    assert bed.sync() == ["Failed", "!"]
    assert bed.error == "failed to compose values for release: unable to read value file from path ../root.yaml"


def test_such_an_early_failure_is_lost_when_the_target_is_another_namespace(bed: OperatorBed) -> None:
    bed.change(valuesFrom=[{"secretKeyRef": {"name": "none"}}], targetNamespace="elsewhere")
    bed.sync()
    bed.clone()
    assert bed.sync() == ["!"]
    assert bed.hr.status["phase"] == "ChartFetchFailed"


def test_uninstall_removes_the_objects_and_then_the_storage(bed: OperatorBed) -> None:
    bed.installed().change(values=bed.tag("two"))
    bed.sync()
    bed.client.log.clear()
    hr = bed.hr
    del bed.client.objects[KEY]
    bed.syncer.uninstall(hr)
    assert [call[1:] for call in bed.client.log if call[0] == "delete"] == [
        ("deployments", "run"),
        ("services", "run"),
        ("secrets", f"{V}1"),
        ("secrets", f"{V}2"),
    ]
    assert bed.charts._mirrors.get(URL) is None, "the next HelmRelease starts without a mirror again"


def test_an_uninstall_that_fails_leaves_everything_as_uninstalling(bed: OperatorBed) -> None:
    bed.installed().change(annotations={FAIL: plays.UNINSTALL})
    with pytest.raises(HelmError):
        bed.syncer.uninstall(bed.hr)
    assert bed.client.secrets() == {f"{V}1": "uninstalling"}
    assert bed.client.kinds() == ["deployments", "services"]


def test_at_most_max_history_revisions_are_kept(bed: OperatorBed) -> None:
    bed.change(maxHistory=2)
    bed.installed()
    for tag in ("two", "three", "four"):
        bed.change(values=bed.tag(tag))
        bed.sync()
    assert bed.client.secrets() == {f"{V}3": "superseded", f"{V}4": "deployed"}
