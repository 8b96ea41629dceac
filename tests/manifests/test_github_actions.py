"""The workflows for GitHub Actions: what they trust, what they hand to whom, and their scripts in a real shell."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from controller.app import cli
from hack.paths import MANIFESTS
from hack.standins.scm.forge import Forge
from hack.standins.scm.server import ForgeServer
from tests.manifests.definitions import documents
from tests.manifests.hostile import HOSTILE
from tests.manifests.taskruns import calls, real_tronador, recording_tronador
from tests.unit.pipeline.webhooks.payloads import github

TEXT = (MANIFESTS / "github-actions/tronador.yaml").read_text()
CLOSING_TEXT = (MANIFESTS / "github-actions/retire.yaml").read_text()
WORKFLOW: dict[Any, Any] = yaml.safe_load(TEXT)
CLOSING: dict[Any, Any] = yaml.safe_load(CLOSING_TEXT)
JOBS: dict[str, dict[str, Any]] = WORKFLOW["jobs"]
STEPS = [(job, step) for job, spec in JOBS.items() for step in spec["steps"]]
CLOSING_STEPS = {f"closed-{step.get('name') or step['id']}": step for step in CLOSING["jobs"]["retire"]["steps"]}
SCRIPTS = {f"{job}-{step.get('name') or step['id']}": step for job, step in STEPS if "run" in step} | CLOSING_STEPS
COMMIT = "6f50ff2f00112233445566778899aabbccddeeff"
CONTAINERS = [job["container"] for job in [*JOBS.values(), *CLOSING["jobs"].values()] if "container" in job]


def test_pull_requests_trigger_it_without_the_secrets_of_the_base() -> None:
    # YAML 1.1 reads the key `on` as true.
    assert set(WORKFLOW[True]) == {"pull_request"}
    assert set(WORKFLOW[True]["pull_request"]["types"]) == {
        *("opened", "reopened", "synchronize", "ready_for_review"),
    }


def test_the_removal_of_an_environment_starts_despite_conflicts_and_has_secrets() -> None:
    assert CLOSING[True] == {"pull_request_target": {"types": ["closed", "converted_to_draft"]}}
    # What of the first workflow does not start, or has no secrets, leaks nothing.
    assert "tronador retire" not in TEXT
    assert CLOSING["permissions"] == {}
    [job] = CLOSING["jobs"].values()
    # The token of the workflow may show the end on the pull request, and nothing else.
    assert job["permissions"] == {"deployments": "write", "pull-requests": "write"}
    # A bot's pull request is taken down as any other.
    assert job["if"] == "github.event.pull_request.head.repo.id == github.event.pull_request.base.repo.id"


def test_no_code_of_the_pull_request_runs_with_the_secrets_of_the_base() -> None:
    assert all("uses" not in step for step in CLOSING_STEPS.values())
    programs = {word for step in CLOSING_STEPS.values() for word in re.findall(r"tronador (\w+)", step["run"])}
    assert programs == {"event", "retire", "report"}
    assert [name for name, step in CLOSING_STEPS.items() if "secrets." in json.dumps(step)] == ["closed-retire"]
    assert set(re.findall(r"secrets\.(\w+)", CLOSING_TEXT)) == {"TRONADOR_GITOPS_TOKEN"}


@pytest.mark.parametrize(("action", "decision"), [("closed", "remove"), ("converted_to_draft", "remove")])
def test_both_events_remove_an_environment(action: str, decision: str, tmp_path: Path) -> None:
    body = tmp_path / "event.json"
    body.write_text(json.dumps(github(action)))
    _shell(SCRIPTS["closed-event"], tmp_path, real_tronador(tmp_path), {"GITHUB_EVENT_PATH": str(body)})
    assert json.loads((tmp_path / "output").read_text().partition("=")[2])["decision"] == decision
    assert CLOSING_STEPS["closed-retire"]["if"] == "fromJSON(steps.event.outputs.answer).decision == 'remove'"


@pytest.mark.parametrize(("name", "decision"), [("decide-event", "ignore"), ("closed-event", "remove")])
def test_bots_are_skipped_unless_they_close(name: str, decision: str, tmp_path: Path) -> None:
    body = tmp_path / "event.json"
    sender = {"id": 2, "login": "dependabot[bot]", "type": "Bot"}
    body.write_text(json.dumps(github("opened" if decision == "ignore" else "closed") | {"sender": sender}))
    _shell(SCRIPTS[name], tmp_path, real_tronador(tmp_path), {"GITHUB_EVENT_PATH": str(body)})
    answer = json.loads((tmp_path / "output").read_text().partition("=")[2])
    assert answer["decision"] == decision


def test_a_run_without_secrets_is_reported(tmp_path: Path) -> None:
    variables = {
        "NAME": "shop-74",
        "PR_NUMBER": "74",
        "REPOSITORY_URL": "https://github.com/acme/shop.git",
        "REPOSITORY_ID": "1",
        "GITOPS_REPOSITORY": "https://127.0.0.1:1/platform/environments",
        "EVENT_TIME": "",
        "TRONADOR_GIT_PASSWORD": "",
    }
    ended = _shell(SCRIPTS["closed-retire"], tmp_path, real_tronador(tmp_path), variables)
    assert ended.returncode == 1
    assert "$TRONADOR_GIT_PASSWORD is empty" in ended.stderr


def test_scripts_contain_no_expressions() -> None:
    assert SCRIPTS
    for step in SCRIPTS.values():
        assert "${{" not in step["run"]
        assert step["shell"] == "sh"


def test_forks_are_skipped_before_anything_runs() -> None:
    assert JOBS["decide"]["if"] == "github.event.pull_request.head.repo.full_name == github.repository"
    for name, job in JOBS.items():
        assert name == "decide" or "decide" in job["needs"]


def test_steps_that_run_the_authors_code_have_no_secrets() -> None:
    holders = {
        secret: sorted(f"{job}-{step.get('name')}" for job, step in STEPS if f"secrets.{secret}" in json.dumps(step))
        for secret in set(re.findall(r"secrets\.(\w+)", TEXT))
    }
    assert holders == {
        "TRONADOR_GITOPS_TOKEN": ["environment-publish"],
        "TRONADOR_KUBECONFIG": ["environment-wait"],
    }
    assert WORKFLOW["permissions"] == {}
    assert {name: job.get("permissions", {}) for name, job in JOBS.items()} == {
        "decide": {},
        "build": {"contents": "read", "packages": "write"},
        "environment": {"contents": "read", "deployments": "write", "pull-requests": "write", "statuses": "write"},
    }
    for _, step in STEPS:
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


def test_only_a_retirement_is_never_cancelled() -> None:
    jobs = JOBS | CLOSING["jobs"]
    cancelled = {name: job["concurrency"]["cancel-in-progress"] for name, job in jobs.items() if "concurrency" in job}
    assert cancelled == {"build": True, "environment": True, "retire": False}
    assert len({job["concurrency"]["group"] for job in jobs.values() if "concurrency" in job}) == 3


def test_the_decision_has_every_field_that_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    body = tmp_path / "body.json"
    body.write_text(json.dumps(github()))
    assert cli.main(["event", f"--body={body}", "--event-type=pull_request"], {}) == 0
    answer = json.loads(capsys.readouterr().out)
    asked = set(
        re.findall(r"fromJSON\((?:needs\.decide|steps\.event)\.outputs\.answer\)\.([\w.]+)", TEXT + CLOSING_TEXT)
    )
    for path in asked:
        value: Any = answer
        for name in path.split("."):
            value = value[name]
        assert value


@pytest.mark.parametrize("name", ["decide-event", "closed-event"])
def test_the_decision_is_printed_on_one_line(name: str, tmp_path: Path) -> None:
    body = tmp_path / "event.json"
    body.write_text(json.dumps(github(title="first\nsecond", body="\n::set-output::")))
    _shell(SCRIPTS[name], tmp_path, real_tronador(tmp_path), {"GITHUB_EVENT_PATH": str(body)})
    [line] = (tmp_path / "output").read_text().splitlines()
    name, _, answer = line.partition("=")
    assert name == "answer"
    assert json.loads(answer)["decision"] == "apply"


@pytest.mark.parametrize("name", [name for name in SCRIPTS if "env" in SCRIPTS[name] and name != "build-image"])
def test_the_content_of_variables_is_never_executed(name: str, tmp_path: Path) -> None:
    step, program = SCRIPTS[name], recording_tronador(tmp_path)
    harmless = {variable: f"harmless-{number}" for number, variable in enumerate(step["env"])}
    _shell(step, tmp_path, program, harmless)
    [expected], before = calls(tmp_path), _files(tmp_path)
    for text in HOSTILE:
        ended = _shell(step, tmp_path, program, dict.fromkeys(step["env"], text))
        assert ended.returncode == 0
        [call] = calls(tmp_path)
        assert call == [re.sub(r"harmless-\d+", lambda _, text=text: text, argument) for argument in expected]
        assert _files(tmp_path) == before


def _feedback(forge: Forge, url: str, **more: str) -> dict[str, str]:
    """What the runner sets for a step that reports; the API is a stand-in's."""
    forge.add_repository("acme/shop", private=True)
    forge.open_pull("acme/shop", 74, sha=COMMIT)
    rights = {"metadata": "read", "pull_requests": "write", "statuses": "write", "deployments": "write"}
    forge.add_token("ghs_workflow", login="github-actions[bot]", permissions=rights, owners=["acme"], app=15368)
    server = {"SERVER": "https://github.com", "API": url, "OWNER": "acme", "TOKEN": "ghs_workflow", "FEEDBACK": ""}
    return {**server, **more}


def test_the_end_is_reported_with_the_token_of_the_workflow(tmp_path: Path) -> None:
    with ForgeServer() as server:
        forge = server.forge
        variables = _feedback(forge, server.url, NAME="shop-74", PR_NUMBER="74")
        forge.comment(
            "acme/shop",
            74,
            login="github-actions[bot]",
            body="<!-- tronador environment=shop-74 cluster=default -->\n**It is deployed.**",
        )
        variables["REPOSITORY_URL"] = "https://github.com/acme/shop.git"
        ended = _shell(SCRIPTS["closed-report"], tmp_path, real_tronador(tmp_path), variables)
        assert ended.returncode == 0, ended.stderr
        [comment] = forge.comments("acme/shop", 74)
        assert "is removed" in comment.body


@pytest.mark.parametrize(("feedback", "comments"), [("", 1), ("status", 0), ("none", 0)])
def test_a_run_reports_and_has_the_url_as_output(tmp_path: Path, feedback: str, comments: int) -> None:
    work = tmp_path / "work"
    work.mkdir()
    facts = {
        "repository": "github.com/acme/shop",
        "pull-request": "74",
        "commit": "6f50ff2f00112233445566778899aabbccddeeff",
    }
    environment = {
        "apiVersion": "tronador.stakater.com/v1alpha1",
        "kind": "EnvironmentProvisioner",
        "metadata": {"name": "shop-74", "annotations": {f"tronador.stakater.com/{k}": v for k, v in facts.items()}},
        "spec": {"application": {"release": {"chart": {"git": "https://github.com/acme/shop.git", "path": "."}}}},
    }
    (work / "environment.yaml").write_text(json.dumps(environment))
    step = dict(SCRIPTS["environment-report"])
    # There is no cluster here; without one the command reports what the file says.
    step["run"] = step["run"].replace(' --kubeconfig="$RUNNER_TEMP/kubeconfig"', "")
    with ForgeServer() as server:
        variables = _feedback(server.forge, server.url, FEEDBACK=feedback)
        ended = _shell(step, tmp_path, real_tronador(tmp_path), variables)
        assert ended.returncode == 0, ended.stderr
        assert len(server.forge.comments("acme/shop", 74)) == comments
    name, _, answer = (tmp_path / "output").read_text().strip().partition("=")
    assert name == "report"
    assert {"state": "pending", "url": ""}.items() <= json.loads(answer).items()
    assert JOBS["environment"]["outputs"]["url"].endswith("fromJSON(steps.report.outputs.report).url }}")


def test_an_image_is_tagged_by_pull_request_and_commit(tmp_path: Path) -> None:
    place = recording_tronador(tmp_path)
    docker = place / "docker"
    docker.write_text("#!/bin/sh\ncat > /dev/null\n")
    docker.chmod(0o755)
    variables = {
        "COMMIT": "6f50ff2f" + "0" * 32,
        "PR_NUMBER": "74",
        "IMAGE_REPOSITORY": "ghcr.io/o/r",
        "REGISTRY_TOKEN": "x",
    }
    assert _shell(SCRIPTS["build-image"], tmp_path, place, variables).returncode == 0
    assert (tmp_path / "output").read_text() == "tag=SNAPSHOT-PR-74-6f50ff2f\n"


def test_the_tag_of_the_image_is_the_same_as_the_tasks() -> None:
    [image] = {obj["spec"]["stepTemplate"]["image"] for obj in documents("tekton") if obj["kind"] == "Task"}
    assert {container["image"] for container in CONTAINERS} == {image}


def test_a_container_runs_as_root_because_it_writes_the_runners_files() -> None:
    # The image names another user, who can neither check out nor write to $GITHUB_OUTPUT.
    assert CONTAINERS
    assert {container["options"] for container in CONTAINERS} == {"--user root"}


def _shell(
    step: dict[str, Any], folder: Path, program: Path, variables: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a step's script as the runner does."""
    work = folder / "work"
    work.mkdir(exist_ok=True)
    (folder / "output").unlink(missing_ok=True)
    environment = {
        "PATH": f"{program}{os.pathsep}{os.environ['PATH']}",
        "GITHUB_OUTPUT": str(folder / "output"),
        "GITHUB_EVENT_NAME": "pull_request",
        "RUNNER_TEMP": str(folder),
    }
    return subprocess.run(
        ["sh", "-e", "-c", step["run"]],
        cwd=work,
        env=environment | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}
