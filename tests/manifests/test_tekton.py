"""Tekton's side: its CRDs take every object, and so would its webhooks, which say what a CRD cannot."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from controller.apimachinery import names
from hack.paths import MANIFESTS
from tests.manifests.definitions import documents, refusals

OBJECTS = list(documents("tekton"))
TASKS = {obj["metadata"]["name"]: obj["spec"] for obj in OBJECTS if obj["kind"] == "Task"}
PIPELINES = {obj["metadata"]["name"]: obj["spec"] for obj in OBJECTS if obj["kind"] == "Pipeline"}
TEMPLATES = {obj["metadata"]["name"]: obj["spec"] for obj in OBJECTS if obj["kind"] == "TriggerTemplate"}
BINDINGS = {obj["metadata"]["name"]: obj["spec"] for obj in OBJECTS if obj["kind"] == "TriggerBinding"}
[LISTENER] = [obj for obj in OBJECTS if obj["kind"] == "EventListener"]
TRIGGERS = LISTENER["spec"]["triggers"]
RUNS = {name: run for name, template in TEMPLATES.items() for run in template["resourcetemplates"]}
# Of Tekton's catalog: what a user brings along.
FOREIGN_TASKS = {"git-clone", "buildah"}


def _id(obj: dict[str, Any]) -> str:
    return f"{obj['kind']}-{obj['metadata'].get('name') or obj['metadata']['generateName']}"


def _variables(of: Any, start: str) -> Iterator[str]:
    """What follows `$(start.` anywhere in a part of a manifest."""
    yield from re.findall(rf"\$\({start}\.([^)]*)\)", json.dumps(of))


def _required(declared: list[dict[str, Any]]) -> set[str]:
    return {one["name"] for one in declared if "default" not in one and not one.get("optional")}


def _names(declared: list[dict[str, Any]]) -> set[str]:
    found = [one["name"] for one in declared]
    assert len(set(found)) == len(found)
    return set(found)


def _steps(pipeline: dict[str, Any]) -> list[dict[str, Any]]:
    return [*pipeline["tasks"], *pipeline["finally"]]


@pytest.mark.parametrize("obj", [*OBJECTS, *RUNS.values()], ids=_id)
def test_the_definition_of_its_kind_accepts_every_object(obj: dict[str, Any]) -> None:
    group = obj["apiVersion"].partition("/")[0]
    if not group.endswith("tekton.dev"):
        kubernetes_validate.validate(obj, "1.36", strict=True)
        return
    # In a template the name of a parameter stands for its value.
    assert refusals(obj) == []


def test_every_namespaced_object_is_in_the_namespace_of_the_pipelines() -> None:
    for obj in [*OBJECTS, *RUNS.values()]:
        if obj["kind"] not in ("Namespace", "ClusterRole", "ClusterRoleBinding"):
            assert obj["metadata"]["namespace"] == "tronador-pipelines"


def test_every_file_is_installed() -> None:
    listed = yaml.safe_load((MANIFESTS / "tekton/kustomization.yaml").read_text())["resources"]
    assert sorted(listed) == sorted(p.name for p in (MANIFESTS / "tekton").glob("*.yaml") if p.name[:5] != "kusto")


# Tasks


@pytest.mark.parametrize("name", TASKS)
def test_a_task_uses_only_what_it_declares(name: str) -> None:
    task = TASKS[name]
    assert set(_variables(task["steps"], "params")) <= _names(task["params"])
    assert {text.removesuffix(".path") for text in _variables(task["steps"], "results")} == _names(task["results"])
    assert {text.removesuffix(".path") for text in _variables(task["steps"], "workspaces")} <= _names(
        task["workspaces"]
    )


@pytest.mark.parametrize("name", TASKS)
def test_each_step_has_a_script_or_a_command_and_an_image(name: str) -> None:
    task = TASKS[name]
    assert _names(task["steps"])
    for step in task["steps"]:
        assert ("script" in step) != ("command" in step)
        assert "resources" not in step
        assert step.get("image") or task["stepTemplate"]["image"]


@pytest.mark.parametrize("name", TASKS)
def test_scripts_contain_no_variables_and_no_secret_is_in_their_environment(name: str) -> None:
    for step in TASKS[name]["steps"]:
        assert step["script"].startswith("#!/bin/sh\nset -eu\n")
        assert not re.search(r"\$\((params|workspaces|results|context|tasks)\.", step["script"])
        # The kubelet expands $(NAME) in values: a branch of that name would print another variable.
        assert "envFrom" not in step
        assert all(set(entry) == {"name", "value"} for entry in step["env"])


@pytest.mark.parametrize("name", TASKS)
def test_a_task_runs_with_few_rights(name: str) -> None:
    context = TASKS[name]["stepTemplate"]["securityContext"]
    assert context["runAsNonRoot"] is True
    assert context["allowPrivilegeEscalation"] is False
    assert context["capabilities"] == {"drop": ["ALL"]}


def test_all_tasks_have_the_same_image() -> None:
    assert len({task["stepTemplate"]["image"] for task in TASKS.values()}) == 1


def test_a_pipeline_of_the_original_can_use_our_task_as_it_is() -> None:
    task = TASKS["tronador-create-environment"]
    theirs = {
        "PATH_TO_TRONADOR_FILE",
        "REPO_NAME",
        "PR_NUMBER",
        "GIT_URL",
        "GIT_BRANCH",
        "IMAGE_TAG",
        # Its newest version has the second instead of the first.
        "IMAGE_REPO",
        "IMAGE_REGISTRY",
        "CREATE_ON_CLUSTER",
        "PULL_REQUEST_COMMITS_API",
        "GIT_PAT_KEY",
        "SCM",
    }
    assert theirs <= _names(task["params"])
    assert _required(task["params"]) <= theirs
    assert _names(task["workspaces"]) == {"output", "repo-token"}
    assert _required(task["workspaces"]) == {"output"}
    assert _names(task["results"]) == {"ENVIRONMENT_NAME"}
    assert not {"IMAGE_REPO", "IMAGE_REGISTRY"} & _required(task["params"])
    validation = TASKS["tronador-wait"]
    assert {"ENVIRONMENT_NAME", "TIMEOUT", "RETRY_INTERVAL", "PR_NUMBER"} <= _names(validation["params"])
    assert not _required(validation["params"])
    assert _names(validation["workspaces"]) == {"output", "source"}
    assert not _required(validation["workspaces"])


# Pipelines


@pytest.mark.parametrize("name", PIPELINES)
def test_a_pipeline_uses_only_what_it_declares(name: str) -> None:
    pipeline = PIPELINES[name]
    assert set(_variables(_steps(pipeline), "params")) == _names(pipeline["params"])
    workspaces = {one["workspace"] for step in _steps(pipeline) for one in step["workspaces"]}
    assert workspaces == _names(pipeline["workspaces"])


@pytest.mark.parametrize("name", PIPELINES)
def test_a_pipeline_gives_each_task_what_it_needs_and_nothing_else(name: str) -> None:
    pipeline = PIPELINES[name]
    optional = _names(pipeline["workspaces"]) - _required(pipeline["workspaces"])
    for step in _steps(pipeline):
        if (task := TASKS.get(step["taskRef"]["name"])) is None:
            assert step["taskRef"]["name"] in FOREIGN_TASKS
            continue
        assert _required(task["params"]) <= _names(step["params"]) <= _names(task["params"])
        assert _required(task["workspaces"]) <= _names(step["workspaces"]) <= _names(task["workspaces"])
        for one in step["workspaces"]:
            assert one["workspace"] not in optional or one["name"] not in _required(task["workspaces"])


@pytest.mark.parametrize("name", PIPELINES)
def test_dependencies_and_results_refer_to_existing_tasks(name: str) -> None:
    pipeline = PIPELINES[name]
    before: dict[str, dict[str, Any] | None] = {}
    for step in pipeline["tasks"]:
        assert set(step.get("runAfter", ())) <= set(before)
        for text in _variables(step, "tasks"):
            task, results, result = text.split(".")
            declared = before[task]
            assert results == "results"
            assert declared is not None
            assert result in _names(declared["results"])
        before[step["name"]] = TASKS.get(step["taskRef"]["name"])
    assert len(before) == len(pipeline["tasks"])


@pytest.mark.parametrize("name", PIPELINES)
def test_the_result_of_a_pipeline_is_reported_in_every_case(name: str) -> None:
    pipeline = PIPELINES[name]
    last = {step["name"]: step for step in pipeline["finally"]}
    for step in last.values():
        # Tekton skips a final task that asks for the result of a task that failed or was skipped.
        assert set(_variables(step, "tasks")) <= {"status", "publish.status", "wait.status"}
        assert "runAfter" not in step
    results = {one["name"]: one["value"] for one in pipeline["results"]}
    assert {"status", "message", "namespace"} <= set(results) <= {"status", "message", "namespace", "url"}
    for value in results.values():
        [text] = _variables(value, "finally")
        task, _, result = text.split(".")
        assert result in _names(TASKS[last[task]["taskRef"]["name"]]["results"])


# Triggers


@pytest.mark.parametrize("name", RUNS)
def test_a_run_gives_its_pipeline_what_it_needs_and_nothing_else(name: str) -> None:
    spec = RUNS[name]["spec"]
    pipeline = PIPELINES[spec["pipelineRef"]["name"]]
    assert _required(pipeline["params"]) <= _names(spec["params"]) <= _names(pipeline["params"])
    assert _required(pipeline["workspaces"]) <= _names(spec["workspaces"]) <= _names(pipeline["workspaces"])


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_uses_what_it_declares(name: str) -> None:
    template = TEMPLATES[name]
    assert template["resourcetemplates"]
    assert set(_variables(template["resourcetemplates"], r"tt\.params")) == _names(template["params"])


@pytest.mark.parametrize("trigger", TRIGGERS, ids=lambda trigger: trigger["name"])
def test_a_trigger_binds_each_parameter_of_its_template_once(trigger: dict[str, Any]) -> None:
    bound: list[str] = []
    for binding in trigger["bindings"]:
        assert ("ref" in binding) != ("value" in binding)
        bound += [p["name"] for p in BINDINGS[binding["ref"]]["params"]] if "ref" in binding else [binding["name"]]
    assert sorted(bound) == sorted(_names(TEMPLATES[trigger["template"]["ref"]]["params"]))


@pytest.mark.parametrize("trigger", TRIGGERS, ids=lambda trigger: trigger["name"])
def test_a_trigger_accepts_only_deliveries_signed_by_the_provider(trigger: dict[str, Any]) -> None:
    github, *others = trigger["interceptors"]
    assert github["ref"] == {"name": "github", "kind": "ClusterInterceptor"}
    assert {(one["ref"]["name"], one["ref"]["kind"]) for one in others} == {("cel", "ClusterInterceptor")}
    params = {one["name"]: one["value"] for one in github["params"]}
    assert params == {
        "secretRef": {"secretName": "github-webhook", "secretKey": "secret"},
        "eventTypes": ["pull_request"],
    }


def test_names_are_valid_for_the_webhook_of_triggers() -> None:
    assert len(LISTENER["metadata"]["name"]) <= 60
    assert all(names.is_label_value(name) for name in _names(TRIGGERS))
    assert set(LISTENER["spec"]["resources"]) == {"kubernetesResource"}


def test_only_the_listener_starts_pipelines_and_only_pipelines_read_environments() -> None:
    roles = {
        (obj["kind"], obj["roleRef"]["name"]): [subject["name"] for subject in obj["subjects"]]
        for obj in OBJECTS
        if obj["kind"].endswith("Binding") and "roleRef" in obj
    }
    assert roles == {
        ("RoleBinding", "tekton-triggers-eventlistener-roles"): [LISTENER["spec"]["serviceAccountName"]],
        ("ClusterRoleBinding", "tekton-triggers-eventlistener-clusterroles"): [LISTENER["spec"]["serviceAccountName"]],
        ("ClusterRoleBinding", "tronador-pipeline"): ["tronador-pipeline"],
    }
    [role] = [obj for obj in OBJECTS if obj["kind"] == "ClusterRole"]
    assert role["rules"] == [
        {
            "apiGroups": ["tronador.stakater.com"],
            "resources": ["environmentprovisioners"],
            "verbs": ["get", "list", "watch"],
        }
    ]
    assert {run["spec"]["taskRunTemplate"]["serviceAccountName"] for run in RUNS.values()} == {"tronador-pipeline"}


def test_kustomize_can_replace_the_image_everywhere(tmp_path: Path) -> None:
    folder = tmp_path / "tekton"
    shutil.copytree(MANIFESTS / "tekton", folder)
    with (folder / "kustomization.yaml").open("a") as file:
        file.write("images:\n  - {name: registry.example.com/tronador, newName: example.org/ours, newTag: v9}\n")
    kubectl = Path(sys.executable).parent / "kubectl"
    done = subprocess.run([kubectl, "kustomize", str(folder)], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.count("image: example.org/ours:v9") == len(TASKS)
    assert "registry.example.com/tronador" not in done.stdout
