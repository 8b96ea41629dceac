"""Every Task's script in a real shell, with what an author of a pull request might call a branch or a repository."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import yaml

from tests.manifests.hostile import HOSTILE
from tests.manifests.taskruns import Ran, calls, real_tronador, recording_tronador, run

SHELLS = [shell for shell in ("sh", "bash") if shutil.which(shell)]
CREATE = {
    "REPO_NAME": "shop",
    "PR_NUMBER": "74",
    "GIT_URL": "https://github.com/org/shop",
    "GIT_BRANCH": "run-pipeline",
    "REPOSITORY_URL": "https://github.com/org/shop",
    "IMAGE_REPO": "registry.example.com/shop",
    "IMAGE_TAG": "SNAPSHOT-PR-74-6f50ff2f",
    "FORK": "true",
}
GITOPS = {"GITOPS_REPOSITORY": "https://git.example.com/gitops", "EVENT_TIME": "2026-11-27T14:00:00Z"}
RETIRE = {"REPO_NAME": "shop", "PR_NUMBER": "74", "REPOSITORY_URL": "https://github.com/org/shop", **GITOPS}
PUBLISH = {"PR_NUMBER": "74", **GITOPS}
WAIT = {"ENVIRONMENT_NAME": "shop-74", "PR_NUMBER": "74", "FOR": "gone", "TIMEOUT": "5m"}
TASKS = {
    "tronador-create-environment": CREATE,
    "tronador-publish": PUBLISH,
    "tronador-retire": RETIRE,
    "tronador-wait": WAIT,
    "tronador-outcome": {"STATUS": "Failed"},
}
COMMANDS = [name for name in TASKS if name != "tronador-outcome"]
CONFIG = """\
application:
  chart_path: deploy
  value_overrides:
    image:
      repository: {{APPLICATION_IMAGE_NAME}}
      tag: {{APPLICATION_IMAGE_TAG}}
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A repository's checkout."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    (folder / ".tronador.yaml").write_text(CONFIG)
    return folder


def _run(name: str, params: Mapping[str, str], workspace: Path, program: Path, *, shell: str = "") -> Ran:
    folder = workspace.parent
    return run(name, params, folder=folder, workspaces={"output": workspace}, path=program, shell=shell)


def _calls(workspace: Path) -> list[list[str]]:
    return calls(workspace.parent)


def _files(workspace: Path) -> set[str]:
    """What lies where nothing should come to be: beside the workspace, in the current folder, in the checkout."""
    return {str(path.relative_to(workspace.parent)) for path in workspace.parent.rglob("*")}


# Whatever they are given, they pass it on as it is


@pytest.mark.parametrize("name", TASKS)
def test_hostile_parameters_are_not_executed(name: str, workspace: Path) -> None:
    _pass_on(name, ["".join(HOSTILE)], workspace, shell="sh")


@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("name", TASKS)
def test_no_shell_executes_a_hostile_parameter(name: str, shell: str, workspace: Path) -> None:
    _pass_on(name, HOSTILE, workspace, shell=shell)


def _pass_on(name: str, texts: Sequence[str], workspace: Path, *, shell: str) -> None:
    program = recording_tronador(workspace.parent)
    _publishable(workspace)
    _run(name, TASKS[name], workspace, program, shell=shell)
    harmless_calls, harmless_files = _calls(workspace), _files(workspace)
    for text in texts:
        _publishable(workspace)
        ran = _run(name, dict.fromkeys(TASKS[name], text), workspace, program, shell=shell)
        assert ran.code == 0
        assert _files(workspace) - harmless_files <= {"calls"}
        # The same commands with the same flags, and the text, whole, wherever a parameter goes.
        expected = [
            [call[0], {flag: text if value in TASKS[name].values() else value for flag, value in _flags(call).items()}]
            for call in harmless_calls
        ]
        assert [[call[0], _flags(call)] for call in _calls(workspace)] == expected


def _publishable(workspace: Path) -> None:
    (workspace / "environment").mkdir(exist_ok=True)
    (workspace / "environment/environment.yaml").write_text("{}")


def _flags(call: list[str]) -> dict[str, str]:
    flags = {}
    for position, argument in enumerate(call[1:], 1):
        if argument == "--":
            assert len(call) == position + 2
            return {**flags, "NAME": call[-1]}
        flag, _, value = argument.partition("=")
        assert flag.startswith("--")
        assert flag not in flags
        flags[flag] = value
    return flags


@pytest.mark.parametrize(
    "name", ["tronador-create-environment", "tronador-publish", "tronador-retire", "tronador-wait"]
)
def test_nothing_is_done_without_a_pull_request(name: str, workspace: Path) -> None:
    ran = _run(name, {**TASKS[name], "PR_NUMBER": "NA"}, workspace, recording_tronador(workspace.parent))
    assert (ran.code, _calls(workspace)) == (0, [])
    # Tekton ends a run whose results were promised and not given.
    assert ran.results
    assert set(ran.results.values()) <= {"", "none", "no pull request"}


def test_the_task_fails_and_reports_why_if_the_command_fails(workspace: Path) -> None:
    program = recording_tronador(workspace.parent)
    (program / "tronador").write_text("#!/bin/sh\necho 'first' >&2\necho 'the remote is dead' >&2\nexit 1\n")
    for name in COMMANDS:
        (workspace / "environment").mkdir(exist_ok=True)
        ran = _run(name, TASKS[name], workspace, program)
        assert ran.code == 1
        assert "the remote is dead" in ran.stderr
        outcome = _run("tronador-outcome", {"STATUS": "Failed"}, workspace, program)
        assert outcome.results["STATUS"] == "Failed"
        assert outcome.results["MESSAGE"].strip() == "the remote is dead"


@pytest.mark.parametrize(("code", "status"), [(0, "deployed"), (1, "failed"), (2, "timeout")])
def test_waiting_ends_as_the_command_does(code: int, status: str, workspace: Path) -> None:
    program = recording_tronador(workspace.parent)
    (program / "tronador").write_text(f"#!/bin/sh\necho 'tronador wait: shop-74: words' >&2\nexit {code}\n")
    ran = _run("tronador-wait", {}, workspace, program)
    assert ran.code == code
    assert ran.results["STATUS"] == status
    assert ran.results["MESSAGE"].strip() == "tronador wait: shop-74: words"


@pytest.mark.parametrize("workspace_name", ["output", "source"])
@pytest.mark.parametrize("name", ["", "NA"])
def test_the_task_waits_for_the_file_of_the_workspace_by_default(
    name: str, workspace_name: str, workspace: Path
) -> None:
    bound = {workspace_name: workspace}
    program = recording_tronador(workspace.parent)
    run("tronador-wait", {"ENVIRONMENT_NAME": name}, folder=workspace.parent, workspaces=bound, path=program)
    [call] = _calls(workspace)
    assert _flags(call)["--file"] == f"{workspace}/environment/environment.yaml"


def test_nothing_is_waited_for_without_a_name_or_a_workspace(workspace: Path) -> None:
    program = recording_tronador(workspace.parent)
    ran = run("tronador-wait", {"ENVIRONMENT_NAME": "NA"}, folder=workspace.parent, workspaces={}, path=program)
    assert (ran.code, _calls(workspace), ran.results["STATUS"]) == (1, [], "failed")
    assert "ENVIRONMENT_NAME: neither the name nor a workspace" in ran.stderr


IMAGE = "registry.example.com/team/hello-world"


@pytest.mark.parametrize(
    ("params", "image"),
    [
        ({"IMAGE_REPO": IMAGE}, IMAGE),
        ({"IMAGE_REPO": IMAGE, "IMAGE_REGISTRY": "NA"}, IMAGE),
        ({"IMAGE_REPO": IMAGE, "IMAGE_REGISTRY": ""}, IMAGE),
        ({"IMAGE_REGISTRY": "registry.example.com/team"}, IMAGE),
        ({"IMAGE_REGISTRY": "registry.example.com/team/", "IMAGE_REPO": "NA"}, IMAGE),
        ({"IMAGE_REGISTRY": "Registry.example.com:5000"}, "Registry.example.com:5000/hello-world"),
    ],
)
def test_both_of_the_originals_ways_to_name_the_image_work(
    params: Mapping[str, str], image: str, workspace: Path
) -> None:
    given = {name: text for name, text in CREATE.items() if name != "IMAGE_REPO"} | {"REPO_NAME": "Hello-World"}
    program = recording_tronador(workspace.parent)
    ran = _run("tronador-create-environment", {**given, **params}, workspace, program)
    assert ran.code == 0
    [call] = _calls(workspace)
    assert _flags(call)["--image-repository"] == image
    assert _flags(call)["--repo-name"] == "Hello-World"


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({}, "neither is given"),
        ({"IMAGE_REPO": "NA", "IMAGE_REGISTRY": "NA"}, "neither is given"),
        ({"IMAGE_REPO": "", "IMAGE_REGISTRY": ""}, "neither is given"),
        ({"IMAGE_REPO": IMAGE, "IMAGE_REGISTRY": "registry.example.com"}, "both are given"),
    ],
)
def test_exactly_one_way_to_name_the_image_is_required(params: Mapping[str, str], words: str, workspace: Path) -> None:
    given = {name: text for name, text in CREATE.items() if name != "IMAGE_REPO"}
    ran = _run("tronador-create-environment", {**given, **params}, workspace, recording_tronador(workspace.parent))
    assert (ran.code, _calls(workspace)) == (1, [])
    assert f"IMAGE_REPO, IMAGE_REGISTRY: {words}" in ran.stderr
    outcome = _run("tronador-outcome", {"STATUS": "Failed"}, workspace, workspace)
    assert words in outcome.results["MESSAGE"]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_registrys_name_is_never_executed(text: str, workspace: Path) -> None:
    given = {**CREATE, "IMAGE_REPO": "NA", "IMAGE_REGISTRY": text, "REPO_NAME": text}
    ran = _run("tronador-create-environment", given, workspace, recording_tronador(workspace.parent))
    assert ran.code == 0
    [call] = _calls(workspace)
    assert _flags(call)["--image-repository"].startswith(f"{text}/")
    assert "pwned" not in {path.name for path in workspace.parent.rglob("*")}


@pytest.mark.parametrize(("given", "seconds"), [("120", "120s"), ("10m", "10m")])
def test_a_timeout_without_a_unit_is_in_seconds_as_in_the_original(given: str, seconds: str, workspace: Path) -> None:
    _run("tronador-wait", {"TIMEOUT": given}, workspace, recording_tronador(workspace.parent))
    assert _flags(_calls(workspace)[0])["--timeout"] == seconds


@pytest.mark.parametrize("name", ["tronador-publish", "tronador-retire"])
def test_existing_credentials_are_named_as_files(name: str, workspace: Path) -> None:
    folder, program = workspace.parent, recording_tronador(workspace.parent)
    secret = folder / "secret"
    secret.mkdir()
    for file in ("username", "password", "signing-key"):
        (secret / file).write_text("hunter2")
    bound = {"output": workspace, "git-credentials": secret}
    (workspace / "environment").mkdir()
    run(name, TASKS[name], folder=folder, workspaces=bound, path=program)
    flags = _flags(_calls(workspace)[-1])
    assert {flag: value for flag, value in flags.items() if value.startswith(str(secret))} == {
        "--username-file": str(secret / "username"),
        "--password-file": str(secret / "password"),
        "--signing-key-file": str(secret / "signing-key"),
    }
    assert "hunter2" not in str(flags)


# What a repository may bring along


def test_links_in_a_repository_are_not_followed(workspace: Path) -> None:
    program = recording_tronador(workspace.parent)
    secret = workspace.parent / "token"
    secret.write_text("hunter2")
    (workspace / ".tronador.yaml").unlink()
    (workspace / ".tronador.yaml").symlink_to(secret)
    ran = _run("tronador-create-environment", CREATE, workspace, program)
    assert ran.code == 1
    assert "leads out of the workspace" in ran.stderr
    assert _calls(workspace) == []
    outcome = _run("tronador-outcome", {"STATUS": "Failed"}, workspace, program)
    assert "leads out of the workspace" in outcome.results["MESSAGE"]


def test_a_folder_of_ours_that_a_repository_brings_along_is_replaced(workspace: Path) -> None:
    elsewhere = workspace.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "environment.yaml").write_text("kept")
    (workspace / "environment").symlink_to(elsewhere)
    ran = _run("tronador-create-environment", CREATE, workspace, recording_tronador(workspace.parent))
    assert ran.code == 0
    assert not (workspace / "environment").is_symlink()
    assert (elsewhere / "environment.yaml").read_text() == "kept"


def test_writes_to_the_cluster_that_the_original_made_are_refused(workspace: Path) -> None:
    params = {**CREATE, "CREATE_ON_CLUSTER": "true"}
    ran = _run("tronador-create-environment", params, workspace, recording_tronador(workspace.parent))
    assert ran.code == 1
    assert "GitOps" in ran.stderr


# With the real commands


def test_an_environment_is_rendered_and_named(workspace: Path) -> None:
    ran = _run("tronador-create-environment", {**CREATE, "FORK": "false"}, workspace, real_tronador(workspace.parent))
    assert (ran.code, ran.results) == (0, {"ENVIRONMENT_NAME": "shop-74"})
    environment = yaml.safe_load((workspace / "environment/environment.yaml").read_text())
    assert environment["metadata"]["name"] == "shop-74"
    assert environment["spec"]["application"]["release"]["values"]["image"] == {
        "repository": "registry.example.com/shop",
        "tag": "SNAPSHOT-PR-74-6f50ff2f",
    }


@pytest.mark.slow
@pytest.mark.parametrize("param", ["REPO_NAME", "PR_NUMBER", "GIT_URL", "GIT_BRANCH", "REPOSITORY_URL", "IMAGE_TAG"])
def test_hostile_text_is_stored_as_text_or_refused(param: str, workspace: Path) -> None:
    program = real_tronador(workspace.parent)
    for text in HOSTILE[::2]:
        ran = _run("tronador-create-environment", {**CREATE, param: text}, workspace, program)
        assert "Traceback" not in ran.stderr
        assert "pwned" not in {path.name for path in workspace.parent.rglob("*")}
        if ran.code:
            assert ran.stderr.strip()
            continue
        environment = yaml.safe_load((workspace / "environment/environment.yaml").read_text())
        release = environment["spec"]["application"]["release"]
        given = {**CREATE, param: text}
        assert release["chart"]["git"] == given["GIT_URL"]
        assert release["chart"]["ref"] == given["GIT_BRANCH"]
        assert release["values"]["image"] == {"repository": given["IMAGE_REPO"], "tag": given["IMAGE_TAG"]}


@pytest.mark.slow
@pytest.mark.parametrize("param", ["REPO_NAME", "PR_NUMBER", "REPOSITORY_URL", "EVENT_TIME"])
def test_hostile_text_retires_nothing_else(param: str, workspace: Path, gitops: Path) -> None:
    program = real_tronador(workspace.parent)
    for text in HOSTILE[::3]:
        params = {**RETIRE, "GITOPS_REPOSITORY": str(gitops), param: text}
        ran = _run("tronador-retire", params, workspace, program)
        assert "Traceback" not in ran.stderr
        assert "pwned" not in {path.name for path in workspace.parent.rglob("*")}
        assert "environments/other-7.yaml" in _tree(gitops)
        if ran.code:
            assert ran.stderr.strip()


def test_an_environment_is_published_and_retired(workspace: Path, gitops: Path) -> None:
    program = real_tronador(workspace.parent)
    _run("tronador-create-environment", {**CREATE, "FORK": "false"}, workspace, program)
    place = {"GITOPS_REPOSITORY": str(gitops)}
    published = _run("tronador-publish", {**PUBLISH, **place}, workspace, program)
    assert (published.code, published.results) == (0, {"OUTCOME": "published"})
    assert "environments/shop-74.yaml" in _tree(gitops)
    retired = _run("tronador-retire", {**RETIRE, **place}, workspace, program)
    assert (retired.code, retired.results) == (0, {"OUTCOME": "retired", "ENVIRONMENT_NAME": "shop-74"})
    assert "environments/shop-74.yaml" not in _tree(gitops)
    again = _run("tronador-publish", {**PUBLISH, **place}, workspace, program)
    assert (again.code, again.results) == (0, {"OUTCOME": "retired"})
    outcome = _run("tronador-outcome", {"STATUS": "Completed"}, workspace, program)
    assert outcome.results["NAMESPACE"] == "shop-74"


@pytest.fixture
def gitops(tmp_path: Path) -> Path:
    """A GitOps repository with another environment in it."""
    seed, bare = tmp_path / "seed", tmp_path / "gitops.git"
    _git("init", "--quiet", "--bare", "--initial-branch=main", str(bare))
    _git("clone", "--quiet", str(bare), str(seed))
    (seed / "environments").mkdir()
    (seed / "environments/other-7.yaml").write_text("kind: EnvironmentProvisioner\n")
    _git("-C", str(seed), "checkout", "--quiet", "-B", "main")
    _git("-C", str(seed), "add", "--all")
    author = ("-c", "user.name=Seed", "-c", "user.email=seed@example.com")
    _git("-C", str(seed), *author, "commit", "--quiet", "--message=Begin")
    _git("-C", str(seed), "push", "--quiet", "origin", "main")
    shutil.rmtree(seed)
    return bare


def _tree(bare: Path) -> str:
    return _git("--git-dir", str(bare), "ls-tree", "-r", "--name-only", "main")


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True).stdout
