"""The Helm Operator stand-in as a neighbour of an API: watches, timers, deletions, and Helm's own view of it all."""

from __future__ import annotations

import json
import subprocess
import sys
import threading

from hack.localcluster import LocalCluster
from hack.standins.git.mirrors import MirrorTimes
from hack.standins.helm_operator.resource import ANTECEDENT
from hack.standins.plays import DELAY, FAIL, Plays
from tests.standins.cluster_bed import CONFIG_MAPS, DEPLOYMENTS, SERVICES, ClusterBed, tag, until

V = "sh.helm.release.v1.run.v"


def test_the_journey_of_one_release(bed: ClusterBed) -> None:
    with bed.operator():
        bed.create()
        first = until(lambda: bed.status().get("phase") and bed.status(), "a first phase")
        assert first["phase"] in ("ChartFetchFailed", "Installing", "Deployed", "Succeeded")
        status = bed.reached("Succeeded")
        assert [(each["type"], each["status"], each["reason"]) for each in status["conditions"]] == [
            ("ChartFetched", "False", "ChartFetchFailed"),
            ("Deployed", "True", "Deployed"),
            ("Released", "True", "Succeeded"),
        ]
        assert status["revision"] == bed.repo.head()
        assert bed.image() == "registry.example.com/sample-application:one"
        bed.event("FailedReleaseSync", "chart not ready: no existing git mirror found")
        bed.event("ReleaseSynced", f"managed release 'run' in namespace '{bed.namespace}' synchronized")
        until(lambda: bed.status().get("releaseStatus") == "deployed", "releaseStatus refreshed")

        bed.patch(values=tag("two"))
        assert until(lambda: bed.image().endswith(":two"), "the new tag in the Deployment")
        bed.reached("Succeeded")
        assert bed.storage() == {f"{V}1": "superseded", f"{V}2": "deployed"}
        deployment = bed.client.get(DEPLOYMENTS, "run", namespace=bed.namespace)
        assert deployment["metadata"]["annotations"][ANTECEDENT] == f"{bed.namespace}:helmrelease/run"

        bed.delete()
        until(lambda: not bed.storage(), "the storage removed")
        assert bed.names(DEPLOYMENTS) == bed.names(SERVICES) == []


def test_helm_itself_reads_what_is_stored(bed: ClusterBed, cluster: LocalCluster) -> None:
    script = (
        "import helm_python, json, sys\n"
        "with helm_python.Config(kubeconfig_path=sys.argv[1], namespace=sys.argv[2]) as config:\n"
        "    seen = [config.list(), config.history('run'), config.get_values('run'), config.status('run')]\n"
        "print(json.dumps(seen))\n"
    )
    with bed.operator():
        bed.create()
        bed.reached("Succeeded")
        bed.patch(values=tag("two"))
        bed.reached("Succeeded")
        output = subprocess.run(
            [sys.executable, "-c", script, str(cluster.kubeconfig), bed.namespace],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout
    releases, history, values, status = json.loads(output)
    assert [(each["name"], each["revision"], each["status"]) for each in releases] == [("run", 2, "deployed")]
    assert [(release["revision"], release["status"]) for release in history] == [(1, "superseded"), (2, "deployed")]
    assert values == tag("two")
    assert 'image: "registry.example.com/sample-application:two"' in status["manifest"]


def test_a_failure_on_demand_heals_when_the_annotation_goes(bed: ClusterBed) -> None:
    with bed.operator():
        bed.create(annotations={FAIL: "install"})
        bed.reached("DeployFailed")
        bed.event("FailedReleaseSync", "installation failed: timed out waiting for the condition")
        until(lambda: not bed.storage(), "uninstalled by itself")
        bed.patch(annotations={FAIL: None})
        bed.reached("Succeeded")


def test_a_failed_upgrade_is_rolled_back(bed: ClusterBed) -> None:
    with bed.operator():
        bed.create(rollback={"enable": True})
        bed.reached("Succeeded")
        bed.patch(annotations={FAIL: "upgrade"}, values=tag("two"))
        status = bed.reached("RolledBack")
        assert status["rollbackCount"] == 1
        assert bed.image().endswith(":one")
        bed.patch(annotations={FAIL: None}, values=tag("three"))
        bed.reached("Succeeded")


def test_a_deletion_while_the_operator_is_down_is_never_made_up_for(bed: ClusterBed) -> None:
    with bed.operator():
        bed.create()
        bed.reached("Succeeded")
    bed.delete()
    with bed.operator():
        bed.create("other")
        bed.reached("Succeeded", "other")
        assert f"{V}1" in bed.storage()
        assert "run" in bed.names(DEPLOYMENTS)


def test_a_slow_uninstall_holds_up_the_next_one_and_every_new_release(bed: ClusterBed) -> None:
    with bed.operator():
        bed.create(annotations={DELAY: "uninstall=0.5"})
        bed.reached("Succeeded")
        bed.create("second")
        bed.reached("Succeeded", "second")
        bed.delete()
        until(lambda: bed.storage()[f"{V}1"] == "uninstalling", "the first uninstall has begun")
        bed.delete("second")
        bed.create("third")
        while f"{V}1" in (storage := bed.storage()):
            assert storage["sh.helm.release.v1.second.v1"] == "deployed"
            assert bed.status("third") == {} or f"{V}1" not in bed.storage()
        bed.reached("Succeeded", "third")
        until(lambda: list(bed.storage()) == ["sh.helm.release.v1.third.v1"], "the second uninstalled too")


def test_a_release_is_synced_again_without_a_reason(bed: ClusterBed) -> None:
    with bed.operator(sync_interval=0.2):
        bed.client.create(
            CONFIG_MAPS,
            {"metadata": {"name": "values"}, "data": {"values.yaml": "application: {deployment: {replicas: 2}}"}},
            namespace=bed.namespace,
        )
        bed.create(valuesFrom=[{"configMapKeyRef": {"name": "values"}}])
        bed.reached("Succeeded")
        bed.client.patch(
            CONFIG_MAPS,
            "values",
            {"data": {"values.yaml": "application: {deployment: {replicas: 3}}"}},
            namespace=bed.namespace,
        )
        until(
            lambda: bed.client.get(DEPLOYMENTS, "run", namespace=bed.namespace)["spec"]["replicas"] == 3,
            "the changed values found by the periodic sync",
        )


def test_a_chart_s_crds_and_hooks_are_in_place_when_its_objects_need_them(bed: ClusterBed) -> None:
    group = f"{bed.namespace}.example.com"
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"zebras.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": "Zebra", "plural": "zebras", "singular": "zebra", "listKind": "ZebraList"},
            "versions": [
                {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
            ],
        },
    }
    hook = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "hook", "annotations": {"helm.sh/hook": "pre-install"}},
    }
    bed.repo.commit(
        "Zebras",
        {
            "deploy/crds/zebra.yaml": json.dumps(crd),
            "deploy/templates/zebra.yaml": json.dumps(
                {"apiVersion": f"{group}/v1", "kind": "Zebra", "metadata": {"name": "z"}}
            ),
            "deploy/templates/hook.yaml": json.dumps(hook),
        },
    )
    with bed.operator():
        bed.create()
        bed.reached("Succeeded")
        assert [entry["kind"] for entry in bed.client.api_resources(f"{group}/v1")][:1] == ["Zebra"]
        assert "hook" in bed.names(CONFIG_MAPS)


def test_objects_removed_from_the_chart_are_deleted(bed: ClusterBed) -> None:
    with bed.operator():
        bed.create(values={"application": {"configMap": {"enabled": True, "data": {"a": "1"}}}})
        bed.reached("Succeeded")
        assert "run" in bed.names(CONFIG_MAPS)
        bed.patch(values={"application": {"configMap": {"enabled": False}}})
        bed.reached("Succeeded")
        until(lambda: "run" not in bed.names(CONFIG_MAPS), "the ConfigMap removed")


def test_a_commit_is_found_by_polling_the_repository(bed: ClusterBed) -> None:
    with bed.operator(mirror=MirrorTimes(delay=0.0, retry=0.1, poll=0.1)):
        bed.create()
        bed.reached("Succeeded")
        sha = bed.repo.commit(
            "Rename the port",
            {"deploy/templates/extra.yaml": "kind: ConfigMap\napiVersion: v1\nmetadata: {name: extra}\n"},
        )
        until(lambda: bed.status().get("revision") == sha, "the new commit deployed")
        assert "extra" in bed.names(CONFIG_MAPS)


def test_failures_can_be_asked_for_on_the_command_line(bed: ClusterBed) -> None:
    with bed.operator(plays=Plays(seconds={}, failing=[("fetch", "*/run")])):
        bed.create()
        bed.create("other")
        bed.reached("ChartFetchFailed")
        bed.reached("Succeeded", "other")


def test_stopping_ends_every_thread(bed: ClusterBed) -> None:
    before = set(threading.enumerate())
    with bed.operator():
        bed.create()
        bed.reached("Succeeded")
    left = [thread.name for thread in set(threading.enumerate()) - before]
    assert left == []
