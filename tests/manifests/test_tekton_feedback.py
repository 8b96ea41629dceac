"""The Task that reports to the pull request: what it shows in which case, and that it never fails a pipeline."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from hack.standins.scm.faults import FOR_EVER, Fault
from hack.standins.scm.forge import Forge
from hack.standins.scm.server import ForgeServer
from tests.manifests.hostile import HOSTILE
from tests.manifests.taskruns import Ran, calls, real_tronador, recording_tronador, run

PATH, COMMIT, PREFIX = "acme/shop", "6f50ff2f00112233445566778899aabbccddeeff", "github.com/acme"
GONE = {
    "FOR": "gone",
    "WAITED": "Succeeded",
    "REPOSITORY_URL": f"https://github.com/{PATH}.git",
    "PR_NUMBER": "74",
}


class Bed:
    """A workspace with an environment, and credentials of a stand-in."""

    def __init__(self, folder: Path, server: ForgeServer) -> None:
        self.forge: Forge = server.forge
        self.folder = folder
        self.environment = folder / "workspace" / "environment"
        self.environment.mkdir(parents=True)
        self._credentials = folder / "credentials"
        self._credentials.mkdir()
        for name, text in {"token": "secret", "api": f"{server.url}/api/v3"}.items():
            (self._credentials / name).write_text(text)
        facts = {"repository": f"github.com/{PATH}", "pull-request": "74", "commit": COMMIT}
        document = {
            "apiVersion": "tronador.stakater.com/v1alpha1",
            "kind": "EnvironmentProvisioner",
            "metadata": {"name": "shop-74", "annotations": {f"tronador.stakater.com/{k}": v for k, v in facts.items()}},
            "spec": {"application": {"release": {"chart": {"git": f"https://github.com/{PATH}", "path": "."}}}},
        }
        (self.environment / "environment.yaml").write_text(json.dumps(document))
        (self.environment / "name").write_text("shop-74\n")

    def run(self, program: Path | None = None, *, bound: bool = True, **params: str) -> Ran:
        workspaces = {"output": self.environment.parent} | ({"scm-credentials": self._credentials} if bound else {})
        return run(
            "tronador-report",
            {"PREFIX": PREFIX, **params},
            folder=self.folder,
            workspaces=workspaces,
            path=program or real_tronador(self.folder),
        )

    def comments(self) -> list[str]:
        return [comment.body for comment in self.forge.comments(PATH, 74)]


@pytest.fixture
def bed(tmp_path: Path) -> Iterator[Bed]:
    with ForgeServer() as server:
        server.forge.add_repository(PATH, private=True)
        server.forge.open_pull(PATH, 74, sha=COMMIT)
        server.forge.add_token("secret", owners=["acme"])
        yield Bed(tmp_path, server)


def test_an_environment_is_reported_after_it_was_waited_for(bed: Bed) -> None:
    ran = bed.run(WAITED="Succeeded")
    assert (ran.code, ran.results) == (0, {"URL": ""})
    assert "is waiting for the cluster" in bed.comments()[0]


def test_what_was_not_deployed_while_the_pipeline_waited_has_failed(bed: Bed) -> None:
    (bed.environment / "message").write_text("shop-74: the time is over\n")
    assert bed.run(WAITED="Failed").code == 0
    [comment] = bed.comments()
    assert "has failed" in comment
    assert "shop-74: the time is over" in comment


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("", "The source or the image could not be made"),
        (".tronador.yaml: it is empty\n", ".tronador.yaml: it is empty"),
    ],
)
def test_a_run_that_makes_no_environment_says_so_and_leaves_the_deployment_before(
    bed: Bed, message: str, words: str
) -> None:
    bed.run(WAITED="Succeeded")
    (bed.environment / "environment.yaml").unlink()
    (bed.environment / "message").write_text(message)
    bed.forge.push(PATH, 74, sha="b" * 40)
    facts = {"REPO_NAME": "shop", "PR_NUMBER": "74", "REPOSITORY_URL": f"https://github.com/{PATH}", "COMMIT": "b" * 40}
    ran = bed.run(PUBLISHED="None", WAITED="None", STATUS="Failed", **facts)
    assert (ran.code, ran.results) == (0, {"URL": ""})
    [comment] = bed.comments()
    assert "`shop-74` has failed" in comment
    assert words in comment
    assert [one.state for one in bed.forge.statuses(PATH, "b" * 40)] == ["failure"]
    assert [(one.sha, one.state) for one in bed.forge.deployments(PATH)] == [(COMMIT, "queued")]


def test_a_failure_before_the_cluster_is_reported_with_its_reason(bed: Bed) -> None:
    (bed.environment / "message").write_text("first\nthe remote is dead\n")
    assert bed.run(PUBLISHED="Failed", WAITED="None").code == 0
    [comment] = bed.comments()
    assert "has failed" in comment
    assert "the remote is dead" in comment


def test_the_end_is_reported_once_the_environment_is_gone(bed: Bed) -> None:
    bed.run(WAITED="Succeeded")
    bed.run(**{**GONE, "WAITED": "Failed"})
    assert "is removed" not in bed.comments()[0]
    bed.run(**GONE)
    assert "is removed" in bed.comments()[0]


def test_the_result_is_the_url_that_the_command_prints(bed: Bed) -> None:
    program = recording_tronador(bed.folder)
    text = '{"environment": "shop-74", "url": "https://pr.example.com/a?b=1", "comment": "written"}'
    (program / "tronador").write_text(f"#!/bin/sh\necho '{text}'\n")
    assert bed.run(program, WAITED="Succeeded").results == {"URL": "https://pr.example.com/a?b=1"}


@pytest.mark.parametrize(
    "params",
    [
        {"WAITED": "Succeeded", "PREFIX": ""},
        {"WAITED": "None"},
        {"PUBLISHED": "None", "WAITED": "None", "STATUS": "Failed", "no": "environment"},
        {"PUBLISHED": "None", "WAITED": "None", "STATUS": "None", "REPO_NAME": "shop", "no": "environment"},
        {**GONE, "WAITED": "None"},
    ],
)
def test_nothing_is_reported_where_nothing_is_to_be_said(bed: Bed, params: dict[str, str]) -> None:
    program = recording_tronador(bed.folder)
    if "no" in params:
        (bed.environment / "environment.yaml").unlink()
    ran = bed.run(program, **{name: value for name, value in params.items() if name != "no"})
    assert (ran.code, ran.results, calls(bed.folder)) == (0, {"URL": ""}, [])
    assert bed.run(program, bound=False, WAITED="Succeeded").code == 0
    assert calls(bed.folder) == []


@pytest.mark.slow
def test_a_forge_that_is_down_does_not_fail_the_pipeline(bed: Bed) -> None:
    bed.forge.set_faults([Fault(times=FOR_EVER)])
    (bed.environment / "environment.yaml").write_text("not an environment")
    ran = bed.run(WAITED="Succeeded")
    assert (ran.code, ran.results) == (0, {"URL": ""})
    assert "does not show it" in ran.stderr


def test_hostile_parameters_are_passed_on_and_not_executed(bed: Bed) -> None:
    program = recording_tronador(bed.folder)
    before = {str(path) for path in bed.folder.rglob("*")}
    for text in HOSTILE:
        for params in (GONE, {"PUBLISHED": "Failed", "WAITED": "None"}):
            changed = {**params, "PREFIX": text, "REPOSITORY_URL": text, "PR_NUMBER": text, "COMMIT": text}
            assert bed.run(program, **changed).code == 0
            [call] = calls(bed.folder)
            assert any(argument == f"--credentials={text}={bed.folder / 'credentials'}" for argument in call)
    new = {Path(path).name for path in {str(path) for path in bed.folder.rglob("*")} - before}
    assert new <= {"calls", "script", "cwd", "result-URL"}
