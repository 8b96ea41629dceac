"""What runs `tronador sweep` once an hour: a CronJob with few rights, or a workflow of GitHub Actions."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from controller.api.environment import ENVIRONMENTS
from controller.app import cli, options
from controller.sweep.options import SweepOptions
from hack.paths import MANIFESTS
from hack.yamlfiles import documents
from tests.manifests.hostile import HOSTILE
from tests.manifests.taskruns import calls, real_tronador, recording_tronador
from tests.unit.sweep.bed import SHOP, Bed

OBJECTS = {obj["kind"]: obj for file in sorted((MANIFESTS / "sweep").glob("*.yaml")) for obj in documents(file)}
JOB = OBJECTS["CronJob"]["spec"]["jobTemplate"]["spec"]
POD = JOB["template"]["spec"]
(CONTAINER,) = POD["containers"]
WORKFLOW: dict[Any, Any] = yaml.safe_load((MANIFESTS / "github-actions/sweep.yaml").read_text())
(STEP,) = WORKFLOW["jobs"]["sweep"]["steps"]


def test_its_account_lists_environments_and_does_nothing_else() -> None:
    rule = {"apiGroups": [ENVIRONMENTS.group], "resources": [ENVIRONMENTS.plural], "verbs": ["list"]}
    assert OBJECTS["ClusterRole"]["rules"] == [rule]
    assert POD["serviceAccountName"] == OBJECTS["ServiceAccount"]["metadata"]["name"]
    assert "Role" not in OBJECTS


def test_the_program_accepts_the_arguments_and_ends_before_the_job_does() -> None:
    parsed = cli.parser().parse_args(CONTAINER["args"])
    environ = {one["name"]: one["value"] for one in CONTAINER["env"]}
    chosen = options.read(SweepOptions, parsed, environ)
    assert parsed.apply
    assert set(chosen.credentials.values()) <= {mount["mountPath"] for mount in CONTAINER["volumeMounts"]}
    assert JOB["activeDeadlineSeconds"] > chosen.ask_timeout + 2 * 120
    assert OBJECTS["CronJob"]["spec"]["concurrencyPolicy"] == "Forbid"


def test_every_file_that_it_reads_is_mounted_read_only() -> None:
    mounts = {mount["name"]: mount for mount in CONTAINER["volumeMounts"]}
    secrets = {volume["name"] for volume in POD["volumes"] if "secret" in volume}
    assert mounts.keys() == {volume["name"] for volume in POD["volumes"]}
    assert {name for name, mount in mounts.items() if mount.get("readOnly")} == secrets
    folders = [mounts[name]["mountPath"] for name in secrets]
    files = [argument.partition("=")[2] for argument in CONTAINER["args"] if "-file=" in argument]
    assert files
    assert all(os.path.dirname(file) in folders for file in files)


def test_nothing_may_connect_to_it() -> None:
    spec = OBJECTS["NetworkPolicy"]["spec"]
    assert spec["podSelector"]["matchLabels"].items() <= JOB["template"]["metadata"]["labels"].items()
    assert "Ingress" in spec["policyTypes"]
    assert "ingress" not in spec


def test_the_component_is_optional_and_complete() -> None:
    [component] = documents(MANIFESTS / "sweep" / "kustomization.yaml")
    assert component["kind"] == "Component"
    assert set(component["resources"]) == {file.name for file in (MANIFESTS / "sweep").glob("*.yaml")} - {
        "kustomization.yaml"
    }
    [default] = documents(MANIFESTS / "default" / "kustomization.yaml")
    assert "../sweep" not in (*default["resources"], *default.get("components", ()))


def test_the_workflow_has_only_the_rights_that_it_uses() -> None:
    assert WORKFLOW["permissions"] == {}
    assert WORKFLOW["jobs"]["sweep"]["permissions"] == {"pull-requests": "read"}
    assert set(WORKFLOW[True]) == {"schedule", "workflow_dispatch"}
    assert WORKFLOW["jobs"]["sweep"]["container"]["image"] == CONTAINER["image"]
    assert "${{" not in STEP["run"]


@pytest.mark.parametrize(("apply", "left"), [("true", {"shop-2", "shop-3"}), ("false", {"shop-1", "shop-2", "shop-3"})])
def test_the_workflow_retires_the_closed_ones_of_its_repository(tmp_path: Path, apply: str, left: set[str]) -> None:
    bed = Bed(tmp_path)
    try:
        for number in (1, 2, 3):
            bed.add(number, closed=number == 1)
        bed.push()
        variables = {"GITOPS_REPOSITORY": str(bed.repository.path), "REPOSITORY": SHOP, "APPLY": apply, "TOKEN": "t"}
        variables |= {"SERVER": "https://github.com", "API": bed.server.url, "TRONADOR_GIT_PASSWORD": "x"}
        # A repository on disk has another folder than the workflow.
        script = STEP["run"].replace("--path=environments", "--path=envs")
        ended = run(script, tmp_path, real_tronador(tmp_path), variables)
        assert ended.returncode == 0, ended.stderr
        assert bed.names() == left
        assert "shop-1" in ended.stdout
    finally:
        bed.server.stop(10)


def test_the_content_of_variables_is_never_executed(tmp_path: Path) -> None:
    program = recording_tronador(tmp_path)
    for text in HOSTILE:
        ended = run(STEP["run"], tmp_path, program, dict.fromkeys(STEP["env"], text))
        assert ended.returncode == 0, ended.stderr
        [call] = calls(tmp_path)
        assert call[0] == "sweep"
        assert f"--repository={text}" in call
        assert "--apply" not in call, json.dumps(call)


def run(script: str, folder: Path, program: Path, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the step of the workflow as the runner does."""
    work = folder / "work"
    work.mkdir(exist_ok=True)
    return subprocess.run(
        ["sh", "-e", "-c", script],
        cwd=work,
        env={"PATH": f"{program}{os.pathsep}{os.environ['PATH']}", "RUNNER_TEMP": str(folder), **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
