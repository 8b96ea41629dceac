"""Syncs from beginning to end: real git, the real Helm engine, and an API server's memory."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hack.samples import Repo, make_application_repository
from hack.standins import plays
from hack.standins.git.commands import Git
from hack.standins.git.mirrors import Mirrors, MirrorTimes
from hack.standins.helm.actions import Helm
from hack.standins.helm.engine import HelmEngine, HelmError
from hack.standins.helm.kinds import Kinds
from hack.standins.helm_operator.charts import Charts
from hack.standins.helm_operator.reporter import Reporter
from hack.standins.helm_operator.resource import ANTECEDENT, HelmRelease
from hack.standins.helm_operator.sync import Syncer, SyncFailed
from hack.standins.plays import FAIL, Plays
from tests.standins.memory_client import MemoryClient

URL = "https://github.com/stakater-lab/application"
DEADLINE = 20.0
KEY = ("helmreleases", "environment", "run")
V = "sh.helm.release.v1.run.v"


@pytest.fixture(scope="module")
def engine() -> Iterator[HelmEngine]:
    engine = HelmEngine(timeout=DEADLINE)
    yield engine
    engine.close()


class Bed:
    """One HelmRelease `environment/run` of the sample application, and what syncs it. The mirror comes by `clone`."""

    def __init__(self, folder: Path, engine: HelmEngine) -> None:
        (folder / "home").mkdir()
        self.repo: Repo = make_application_repository(folder / "application")
        self.client = MemoryClient()
        # No workload becomes ready by itself here, and by default the operator does not wait for that.
        self.stopping = True
        self.queued: list[str] = []
        client: Any = self.client
        kinds = Kinds(client=client)
        self.charts = Charts(
            client=client,
            mirrors=lambda on_change: Mirrors(
                git=Git(home=folder / "home", timeout=DEADLINE),
                folder=folder / "mirrors",
                rewrites=[(URL, str(self.repo.path))],
                times=MirrorTimes(delay=600, retry=600, poll=600),
                on_change=on_change,
            ),
            default_ref="master",
            releases=lambda: [HelmRelease(obj) for key, obj in client.objects.items() if key[0] == "helmreleases"],
            enqueue=self.queued.append,
        )
        self.syncer = Syncer(
            client=client,
            engine=engine,
            charts=self.charts,
            reporter=Reporter(client=client),
            plays=Plays(seconds={}, failing=[]),
            helm=lambda hr: Helm(
                client=client,
                engine=engine,
                kinds=kinds,
                pause=lambda _seconds: self.stopping,
                name=hr.release_name,
                namespace=hr.target_namespace,
                field_manager="helm-operator",
            ),
        )
        self.client.objects[KEY] = {
            "metadata": {
                "name": "run",
                "namespace": "environment",
                "uid": "1",
                "generation": 1,
                "resourceVersion": "0",
            },
            "spec": {
                "helmVersion": "v3",
                "releaseName": "run",
                "chart": {"git": URL, "path": "deploy", "ref": "run-pipeline"},
                "values": {"application": {"deployment": {"image": {"tag": "one"}}}},
            },
        }

    @property
    def hr(self) -> HelmRelease:
        return HelmRelease(self.client.objects[KEY])

    def change(self, *, annotations: dict[str, str] | None = None, **spec: Any) -> None:
        obj = copy.deepcopy(self.client.objects[KEY])
        obj["metadata"]["annotations"] = annotations or {}
        if spec:
            obj["spec"] |= spec
            obj["metadata"]["generation"] += 1
        self.client.objects[KEY] = obj

    def tag(self, tag: str) -> dict[str, Any]:
        return {"application": {"deployment": {"image": {"tag": tag}}}}

    def clone(self, name: str = URL) -> None:
        mirror = self.charts._mirrors.get(name)
        assert mirror is not None
        mirror.update()

    def sync(self) -> list[str]:
        """The phases that this sync moved on to, with an exclamation mark where it failed in the end."""
        self.client.statuses.clear()
        before = self.hr.status.get("phase", "")
        failed = []
        try:
            self.syncer.sync(HelmRelease(copy.deepcopy(self.hr.obj)))
        except SyncFailed as error:
            self.error = str(error)
            failed = ["!"]
        phases = [status.get("phase", "") for status in self.client.statuses]
        return [phase for phase, last in zip(phases, [before, *phases], strict=False) if phase != last] + failed

    def installed(self) -> "Bed":
        self.sync()
        self.clone()
        assert self.sync() == ["Installing", "Deployed", "Succeeded"]
        return self

    def image(self) -> str:
        deployment = self.client.objects["deployments", "environment", "run"]
        return deployment["spec"]["template"]["spec"]["containers"][0]["image"]

    def conditions(self) -> list[tuple[str, str]]:
        return [(condition["type"], condition["status"]) for condition in self.hr.status["conditions"]]


@pytest.fixture
def bed(tmp_path: Path, engine: HelmEngine) -> Iterator[Bed]:
    bed = Bed(tmp_path, engine)
    yield bed
    bed.charts.stop(DEADLINE)


def test_the_first_sync_fails_for_want_of_a_mirror_and_the_second_installs(bed: Bed) -> None:
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


def test_a_mirror_that_is_there_already_serves_another_helmrelease_at_once(bed: Bed) -> None:
    bed.installed()
    other = copy.deepcopy(bed.hr.obj)
    other["metadata"] |= {"name": "second", "uid": "2"}
    other["spec"]["releaseName"] = "second"
    bed.client.objects["helmreleases", "environment", "second"] = {**other, "status": {}}
    bed.syncer.sync(HelmRelease(other))
    status = bed.client.objects["helmreleases", "environment", "second"]["status"]
    assert [condition["type"] for condition in status["conditions"]] == ["Deployed", "Released"]


def test_applied_objects_carry_the_marks_of_helm_and_of_the_operator(bed: Bed) -> None:
    metadata = bed.installed().client.objects["services", "environment", "run"]["metadata"]
    assert metadata["labels"]["app.kubernetes.io/managed-by"] == "Helm"
    assert metadata["annotations"] == {
        "meta.helm.sh/release-name": "run",
        "meta.helm.sh/release-namespace": "environment",
        ANTECEDENT: "environment:helmrelease/run",
    }


def test_a_new_tag_is_an_upgrade_and_observed_only_at_its_end(bed: Bed) -> None:
    bed.installed().change(values=bed.tag("two"))
    assert bed.sync() == ["Upgrading", "Deployed", "Succeeded"]
    assert bed.image().endswith(":two")
    assert bed.client.secrets() == {f"{V}1": "superseded", f"{V}2": "deployed"}
    assert [status["observedGeneration"] for status in bed.client.statuses] == [1, 1, 1, 2]
    assert ("Released", "True") in [(c["type"], c["status"]) for c in bed.client.statuses[0]["conditions"]]


def test_a_sync_without_news_renews_success_and_applies_nothing(bed: Bed) -> None:
    bed.installed()
    del bed.client.objects["deployments", "environment", "run"]
    bed.client.log.clear()
    bed.sync()
    assert bed.hr.status["phase"] == "Succeeded"
    assert bed.client.kinds() == ["services"], "the original does not compare with what is there"
    assert not [call for call in bed.client.log if call[0] == "apply"]


def test_values_changed_outside_the_spec_are_found_by_comparison(bed: Bed) -> None:
    bed.client.objects["configmaps", "environment", "values"] = {"data": {"values.yaml": "application: {refuse: ''}"}}
    bed.change(valuesFrom=[{"configMapKeyRef": {"name": "values"}}])
    bed.installed()
    bed.client.objects["configmaps", "environment", "values"] = {
        "data": {"values.yaml": "application: {deployment: {replicas: 3}}"}
    }
    assert bed.sync() == ["Upgrading", "Deployed", "Succeeded"]
    assert bed.client.objects["deployments", "environment", "run"]["spec"]["replicas"] == 3


def test_changed_chart_files_are_fetched_and_upgraded_to(bed: Bed) -> None:
    bed.installed()
    added = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n"
    files = {"deploy/templates/service.yaml": None, "deploy/templates/more.yaml": added}
    sha = bed.repo.commit("More", files)
    bed.clone()
    assert bed.sync() == ["ChartFetched", "Upgrading", "Deployed", "Succeeded"]
    assert bed.conditions()[0] == ("ChartFetched", "True")
    assert bed.hr.status["revision"] == sha
    assert bed.client.kinds() == ["configmaps", "deployments"], "what left the chart is removed"


def test_a_commit_outside_the_chart_changes_nothing(bed: Bed) -> None:
    bed.installed()
    deployed = bed.repo.head()
    bed.repo.commit("Elsewhere", {"README.md": "# changed\n"})
    bed.clone()
    assert "!" not in bed.sync()
    assert (bed.hr.status["phase"], bed.hr.status["revision"]) == ("Succeeded", deployed)
    assert bed.client.secrets() == {f"{V}1": "deployed"}


def test_a_mirror_s_change_wakes_those_whom_it_concerns(bed: Bed) -> None:
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


def test_a_failed_first_install_is_uninstalled_and_tried_again(bed: Bed) -> None:
    bed.change(annotations={FAIL: "install"})
    bed.sync()
    bed.clone()
    assert bed.sync() == ["Installing", "DeployFailed", "!"]
    assert bed.error == "installation failed: timed out waiting for the condition"
    assert bed.client.kinds() == []
    assert bed.client.secrets() == {}
    assert bed.conditions()[-2:] == [("Deployed", "False"), ("Released", "False")]

    bed.change()
    assert bed.sync() == ["Installing", "Deployed", "Succeeded"]


def test_a_chart_that_does_not_render_creates_no_objects(bed: Bed) -> None:
    bed.change(values={"application": {"refuse": "not like this"}})
    bed.sync()
    bed.clone()
    assert bed.sync() == ["Installing", "DeployFailed", "!"]
    assert "not like this" in bed.error
    assert bed.client.secrets() == {}


def test_an_api_error_fails_the_installation_with_its_message(bed: Bed) -> None:
    bed.client.refused = {"deployments"}
    bed.sync()
    bed.clone()
    assert bed.sync() == ["Installing", "DeployFailed", "!"]
    assert bed.error == "installation failed: deployments are refused"
    assert bed.client.kinds() == []


def test_a_failed_upgrade_without_rollback_is_a_dead_end(bed: Bed) -> None:
    bed.installed().change(annotations={FAIL: "upgrade"}, values=bed.tag("two"))
    assert bed.sync() == ["Upgrading", "DeployFailed", "!"]
    assert bed.client.secrets() == {f"{V}1": "deployed", f"{V}2": "failed"}

    bed.change(values=bed.tag("three"))
    assert bed.sync() == ["Failed", "!"]
    assert bed.error == (
        "failed to determine sync action for release: status 'failed' of release does not allow a safe upgrade"
    )
    assert bed.hr.status["observedGeneration"] == 3


def test_a_failed_upgrade_with_rollback_goes_back_and_waits_for_something_new(bed: Bed) -> None:
    bed.change(rollback={"enable": True})
    bed.installed().change(annotations={FAIL: "upgrade"}, values=bed.tag("two"))
    assert bed.sync() == ["Upgrading", "DeployFailed", "RollingBack", "RolledBack", "!"]
    assert bed.image().endswith(":one")
    assert bed.client.secrets() == {f"{V}1": "superseded", f"{V}2": "failed", f"{V}3": "deployed"}
    assert bed.hr.status["rollbackCount"] == 1

    assert bed.sync() == [], "nothing new: neither an upgrade nor success"
    bed.change(values=bed.tag("three"))
    assert bed.sync() == ["Upgrading", "Deployed", "Succeeded"]
    assert "rollbackCount" not in bed.hr.status
    assert "RolledBack" not in dict(bed.conditions())


def test_a_rollback_that_fails_says_so(bed: Bed) -> None:
    bed.change(rollback={"enable": True})
    bed.installed().change(annotations={FAIL: "upgrade,rollback"}, values=bed.tag("two"))
    assert bed.sync() == ["Upgrading", "DeployFailed", "RollingBack", "RollbackFailed", "!"]
    assert bed.error == (
        "rollback failed: timed out waiting for the condition, "
        "previous error:upgrade failed: timed out waiting for the condition"
    )


def test_workloads_that_do_not_become_ready_fail_the_installation(bed: Bed) -> None:
    bed.stopping = False
    bed.change(wait=True, timeout=0.01)
    bed.sync()
    bed.clone()
    assert bed.sync() == ["Installing", "DeployFailed", "!"]
    assert bed.error == "installation failed: timed out waiting for the condition"


def test_a_deleted_workload_is_not_waited_for(bed: Bed) -> None:
    bed.installed().stopping = False
    bed.change(wait=True, values=bed.tag("two"))
    get = bed.client.get

    def gone_after_its_upgrade(resource: Any, name: str, *, namespace: str = "") -> dict[str, Any]:
        if ("apply", "deployments", "run") in bed.client.log[-2:]:
            bed.client.objects.pop(("deployments", "environment", "run"), None)
        return get(resource, name, namespace=namespace)

    bed.client.log.clear()
    bed.client.get = gone_after_its_upgrade
    assert bed.sync() == ["Upgrading", "DeployFailed", "!"]
    assert bed.error == 'upgrade failed: Deployment "run" not found'


def test_tests_run_between_deployed_and_success(bed: Bed) -> None:
    bed.change(test={"enable": True})
    bed.sync()
    bed.clone()
    assert bed.sync() == ["Installing", "Deployed", "Testing", "Tested", "Succeeded"]


def test_a_failed_test_undoes_the_installation_unless_it_is_ignored(bed: Bed) -> None:
    bed.change(annotations={FAIL: "test"}, test={"enable": True})
    bed.sync()
    bed.clone()
    assert bed.sync() == ["Installing", "Deployed", "Testing", "TestFailed", "!"]
    assert bed.client.kinds() == []
    bed.change(annotations={FAIL: "test"}, test={"enable": True, "ignoreFailures": True})
    assert bed.sync() == ["Installing", "Deployed", "Testing", "TestFailed", "Succeeded", "!"]


def test_another_helmrelease_s_release_is_refused(bed: Bed) -> None:
    other = copy.deepcopy(bed.installed().hr.obj)
    other["metadata"]["name"] = "renamed"
    with pytest.raises(SyncFailed, match="release appears to be managed by 'environment:helmrelease/run'"):
        bed.syncer.sync(HelmRelease(other))


def test_an_object_without_an_owner_is_not_taken_over(bed: Bed) -> None:
    bed.client.objects["services", "environment", "run"] = {"metadata": {"name": "run", "resourceVersion": "0"}}
    bed.sync()
    bed.clone()
    assert bed.sync() == ["Installing", "DeployFailed", "!"]
    assert "invalid ownership metadata" in bed.error
    assert bed.client.kinds() == ["services"]


def test_without_a_ref_the_branch_is_master(bed: Bed) -> None:
    bed.change(chart={"git": URL, "path": "deploy"})
    bed.sync()
    bed.clone()
    assert bed.sync() == ["!"]
    assert "chart unavailable: fatal: bad revision 'master'" in bed.error
    bed.repo.commit("Master", {}, branch="master")
    bed.clone()
    assert bed.sync() == ["Installing", "Deployed", "Succeeded"]


@pytest.mark.parametrize("chart", [{"git": URL}, {"path": "deploy"}, {"repository": "x", "name": "y", "version": "1"}])
def test_an_incomplete_chart_fails_only_here(bed: Bed, chart: dict[str, str]) -> None:
    bed.change(chart=chart)
    assert bed.sync() == ["ChartFetchFailed", "!"]
    assert bed.error.endswith("could not find valid chart source configuration for release")


def test_a_chart_outside_the_repository_is_not_found(bed: Bed) -> None:
    bed.change(chart={"git": URL, "path": "../../..", "ref": "run-pipeline"})
    bed.sync()
    bed.clone()
    assert bed.sync() == ["!"]
    assert "outside the repository" in bed.error


def test_without_helm_version_it_is_helm_2_and_nothing_is_observed(bed: Bed) -> None:
    spec = dict(bed.hr.spec)
    del spec["helmVersion"]
    bed.client.objects[KEY] = {**bed.hr.obj, "spec": spec}
    assert bed.sync() == ["Failed", "!"]
    assert "observedGeneration" not in bed.hr.status


def test_credentials_make_the_whole_url_lower_case(bed: Bed) -> None:
    capital = "https://github.com/Stakater-Lab/Application"
    secret = {"data": {"username": "dXNlcg==", "password": "cEBzcw=="}}
    bed.client.objects["secrets", "environment", "git"] = secret
    bed.change(chart={"git": capital, "path": "deploy", "ref": "run-pipeline", "secretRef": {"name": "git"}})
    bed.sync()
    mirror = bed.charts._mirrors.get(f"environment/git/{capital}")
    assert mirror is not None
    assert mirror._url == str(bed.repo.path), "rewritten, so it was lower case"


def test_values_that_cannot_be_composed_fail_before_any_change(bed: Bed) -> None:
    bed.change(valuesFrom=[{"secretKeyRef": {"name": "none"}}])
    bed.sync()
    bed.clone()
    assert bed.sync() == ["Failed", "!"]
    assert bed.error == 'failed to compose values for release: secrets "none" not found'


def test_values_can_come_from_the_chart_but_not_from_outside_it(bed: Bed) -> None:
    files = {"deploy/ci.yaml": "application: {deployment: {replicas: 3}}", "root.yaml": "a: 1"}
    bed.repo.commit("Values", files)
    bed.change(valuesFrom=[{"chartFileRef": {"path": "ci.yaml"}}])
    bed.installed()
    assert bed.client.objects["deployments", "environment", "run"]["spec"]["replicas"] == 3
    bed.change(valuesFrom=[{"chartFileRef": {"path": "../root.yaml"}}])
    assert bed.sync() == ["Failed", "!"]
    assert bed.error == "failed to compose values for release: unable to read value file from path ../root.yaml"


def test_such_an_early_failure_is_lost_when_the_target_is_another_namespace(bed: Bed) -> None:
    bed.change(valuesFrom=[{"secretKeyRef": {"name": "none"}}], targetNamespace="elsewhere")
    bed.sync()
    bed.clone()
    assert bed.sync() == ["!"]
    assert bed.hr.status["phase"] == "ChartFetchFailed"


def test_uninstall_removes_the_objects_and_then_the_storage(bed: Bed) -> None:
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


def test_an_uninstall_that_fails_leaves_everything_as_uninstalling(bed: Bed) -> None:
    bed.installed().change(annotations={FAIL: plays.UNINSTALL})
    with pytest.raises(HelmError):
        bed.syncer.uninstall(bed.hr)
    assert bed.client.secrets() == {f"{V}1": "uninstalling"}
    assert bed.client.kinds() == ["deployments", "services"]


def test_at_most_max_history_revisions_are_kept(bed: Bed) -> None:
    bed.change(maxHistory=2)
    bed.installed()
    for tag in ("two", "three", "four"):
        bed.change(values=bed.tag(tag))
        bed.sync()
    assert bed.client.secrets() == {f"{V}3": "superseded", f"{V}4": "deployed"}
