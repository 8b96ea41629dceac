"""Helm's order of creation and removal, its hooks, and what it holds for ready."""

from typing import Any

import pytest

from hack.standins.helm.ordering import (
    Manifest,
    hook_is_deleted,
    hooks_for,
    in_install_order,
    in_uninstall_order,
    is_hook,
)
from hack.standins.helm.readiness import is_ready


def obj(kind: str, name: str = "x", **annotations: str) -> dict[str, Any]:
    full = {f"helm.sh/{key.replace('_', '-')}": value for key, value in annotations.items()}
    return {"kind": kind, "metadata": {"name": name, "annotations": full}}


def manifest(found: dict[str, Any]) -> Manifest:
    return Manifest(path="", text="", object=found)


def test_known_kinds_come_in_helm_s_order_and_others_last_by_name() -> None:
    kinds = ["Zebra", "Ingress", "Deployment", "Ape", "Service", "ConfigMap", "ServiceAccount", "Namespace"]
    assert [item.object["kind"] for item in in_install_order(manifest(obj(kind)) for kind in kinds)] == [
        *("Namespace", "ServiceAccount", "ConfigMap", "Service", "Deployment", "Ingress", "Ape", "Zebra")
    ]


def test_equals_keep_the_files_order() -> None:
    ordered = in_install_order(manifest(obj("Secret", name)) for name in ("b", "a"))
    assert [item.object["metadata"]["name"] for item in ordered] == ["b", "a"]


def test_removal_is_the_reverse_and_spares_what_the_chart_keeps() -> None:
    found = [obj("ConfigMap"), obj("PersistentVolumeClaim", resource_policy="keep"), obj("Deployment")]
    assert [item["kind"] for item in in_uninstall_order(found)] == ["Deployment", "ConfigMap"]


def test_hooks_run_at_their_events_by_weight_then_kind_then_name() -> None:
    hooks = [
        obj("Job", "late", hook="pre-install,pre-upgrade", hook_weight="5"),
        obj("Job", "b", hook="pre-install"),
        obj("Job", "a", hook="pre-install"),
        obj("ConfigMap", "config", hook="pre-install"),
        obj("Job", "early", hook="pre-install", hook_weight="-1"),
        obj("Job", "after", hook="post-install"),
        obj("Job", "unweighable", hook="pre-upgrade", hook_weight="heavy"),
    ]
    assert [hook["metadata"]["name"] for hook in hooks_for("pre-install", hooks)] == [
        *("early", "config", "a", "b", "late")
    ]
    assert [hook["metadata"]["name"] for hook in hooks_for("pre-upgrade", hooks)] == ["unweighable", "late"]
    assert hooks_for("post-delete", hooks) == ()


@pytest.mark.parametrize(
    ("kind", "spec", "status", "ready"),
    [
        ("Deployment", {}, {}, False),
        ("Deployment", {}, {"observedGeneration": 2, "updatedReplicas": 1, "availableReplicas": 1}, True),
        ("Deployment", {}, {"observedGeneration": 1, "updatedReplicas": 1, "availableReplicas": 1}, False),
        ("Deployment", {"replicas": 2}, {"observedGeneration": 2, "updatedReplicas": 2, "availableReplicas": 1}, False),
        ("Deployment", {"replicas": 0}, {"observedGeneration": 2}, True),
        ("StatefulSet", {}, {"observedGeneration": 2, "updatedReplicas": 1, "readyReplicas": 1}, True),
        ("StatefulSet", {}, {"observedGeneration": 2, "updatedReplicas": 1}, False),
        ("DaemonSet", {}, {"observedGeneration": 2}, True),
        ("DaemonSet", {}, {"observedGeneration": 2, "desiredNumberScheduled": 1, "numberReady": 1}, False),
        ("Service", {}, {}, True),
    ],
)
def test_a_workload_is_ready_when_its_present_generation_is_rolled_out(
    kind: str, spec: dict[str, Any], status: dict[str, Any], ready: bool
) -> None:
    assert is_ready({"kind": kind, "metadata": {"generation": 2}, "spec": spec, "status": status}) == ready


def test_a_hook_is_replaced_before_its_creation_unless_it_says_something_else() -> None:
    assert hook_is_deleted("before-hook-creation", obj("Job", hook="test"))
    cleaned = obj("Job", hook="test", hook_delete_policy="hook-succeeded, hook-failed")
    assert hook_is_deleted("hook-succeeded", cleaned)
    assert not hook_is_deleted("before-hook-creation", cleaned)


def test_only_the_hook_annotation_makes_a_hook() -> None:
    assert is_hook(manifest(obj("Job", hook="test")))
    assert not is_hook(manifest(obj("Job", hook_weight="1")))
