"""Failures of the Helm Operator: of installations, upgrades, rollbacks and tests, and of releases that others own."""

import copy
from typing import Any

import pytest

from hack.standins.helm_operator.resource import HelmRelease
from hack.standins.helm_operator.sync import SyncFailed
from hack.standins.plays import FAIL
from tests.standins.operator_bed import OperatorBed, V


@pytest.fixture
def bed(operator_bed: OperatorBed) -> OperatorBed:
    """The bed that all tests of this file use."""
    return operator_bed


def test_a_failed_first_install_is_uninstalled_and_tried_again(bed: OperatorBed) -> None:
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


def test_a_chart_that_does_not_render_creates_no_objects(bed: OperatorBed) -> None:
    bed.change(values={"application": {"refuse": "not like this"}})
    bed.sync()
    bed.clone()
    assert bed.sync() == ["Installing", "DeployFailed", "!"]
    assert "not like this" in bed.error
    assert bed.client.secrets() == {}


def test_an_api_error_fails_the_installation_with_its_message(bed: OperatorBed) -> None:
    bed.client.refused = {"deployments"}
    bed.sync()
    bed.clone()
    assert bed.sync() == ["Installing", "DeployFailed", "!"]
    assert bed.error == "installation failed: deployments are refused"
    assert bed.client.kinds() == []


def test_a_failed_upgrade_without_rollback_is_a_dead_end(bed: OperatorBed) -> None:
    bed.installed().change(annotations={FAIL: "upgrade"}, values=bed.tag("two"))
    assert bed.sync() == ["Upgrading", "DeployFailed", "!"]
    assert bed.client.secrets() == {f"{V}1": "deployed", f"{V}2": "failed"}

    bed.change(values=bed.tag("three"))
    assert bed.sync() == ["Failed", "!"]
    assert bed.error == (
        "failed to determine sync action for release: status 'failed' of release does not allow a safe upgrade"
    )
    assert bed.hr.status["observedGeneration"] == 3


def test_a_failed_upgrade_with_rollback_goes_back_and_waits_for_something_new(bed: OperatorBed) -> None:
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


def test_a_rollback_that_fails_says_so(bed: OperatorBed) -> None:
    bed.change(rollback={"enable": True})
    bed.installed().change(annotations={FAIL: "upgrade,rollback"}, values=bed.tag("two"))
    assert bed.sync() == ["Upgrading", "DeployFailed", "RollingBack", "RollbackFailed", "!"]
    assert bed.error == (
        "rollback failed: timed out waiting for the condition, "
        "previous error:upgrade failed: timed out waiting for the condition"
    )


def test_workloads_that_do_not_become_ready_fail_the_installation(bed: OperatorBed) -> None:
    bed.stopping = False
    bed.change(wait=True, timeout=0.01)
    bed.sync()
    bed.clone()
    assert bed.sync() == ["Installing", "DeployFailed", "!"]
    assert bed.error == "installation failed: timed out waiting for the condition"


def test_a_deleted_workload_is_not_waited_for(bed: OperatorBed) -> None:
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


def test_tests_run_between_deployed_and_success(bed: OperatorBed) -> None:
    bed.change(test={"enable": True})
    bed.sync()
    bed.clone()
    assert bed.sync() == ["Installing", "Deployed", "Testing", "Tested", "Succeeded"]


def test_a_failed_test_undoes_the_installation_unless_it_is_ignored(bed: OperatorBed) -> None:
    bed.change(annotations={FAIL: "test"}, test={"enable": True})
    bed.sync()
    bed.clone()
    assert bed.sync() == ["Installing", "Deployed", "Testing", "TestFailed", "!"]
    assert bed.client.kinds() == []
    bed.change(annotations={FAIL: "test"}, test={"enable": True, "ignoreFailures": True})
    assert bed.sync() == ["Installing", "Deployed", "Testing", "TestFailed", "Succeeded", "!"]


def test_another_helmrelease_s_release_is_refused(bed: OperatorBed) -> None:
    other = copy.deepcopy(bed.installed().hr.obj)
    other["metadata"]["name"] = "renamed"
    with pytest.raises(SyncFailed, match="release appears to be managed by 'environment:helmrelease/run'"):
        bed.syncer.sync(HelmRelease(other))


def test_an_object_without_an_owner_is_not_taken_over(bed: OperatorBed) -> None:
    bed.client.objects["services", "environment", "run"] = {"metadata": {"name": "run", "resourceVersion": "0"}}
    bed.sync()
    bed.clone()
    assert bed.sync() == ["Installing", "DeployFailed", "!"]
    assert "invalid ownership metadata" in bed.error
    assert bed.client.kinds() == ["services"]
