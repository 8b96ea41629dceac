"""The git server, with the real git as its client."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from hack.samples import Repo, make_application_repository
from hack.standins.__main__ import main
from hack.standins.git.server import GitServer


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """The sample application, one folder below the root."""
    return make_application_repository(tmp_path / "root" / "team" / "application")


def git(*arguments: str | Path, home: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C", "GIT_CONFIG_NOSYSTEM": "1"}
    environment |= {"GIT_TERMINAL_PROMPT": "0"}
    return subprocess.run(["git", *arguments], env=environment, capture_output=True, text=True, check=False, timeout=30)


def test_git_clones_and_fetches_a_repository_with_a_work_tree(repo: Repo, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    with GitServer(root=tmp_path / "root") as server:
        cloned = git("clone", f"{server.url}/team/application", clone, home=tmp_path)
        assert cloned.returncode == 0, cloned.stderr
        assert (clone / "deploy" / "Chart.yaml").is_file()
        second = repo.commit("second", {"new": "text"})
        fetched = git("-C", clone, "fetch", "origin", second, home=tmp_path)
        assert fetched.returncode == 0, fetched.stderr
    assert git("-C", clone, "cat-file", "-t", second, home=tmp_path).stdout == "commit\n"


def test_git_clones_a_bare_repository(repo: Repo, tmp_path: Path) -> None:
    assert git("clone", "--bare", repo.path, tmp_path / "root" / "bare.git", home=tmp_path).returncode == 0
    with GitServer(root=tmp_path / "root") as server:
        cloned = git("clone", f"{server.url}/bare.git", tmp_path / "clone", home=tmp_path)
    assert cloned.returncode == 0, cloned.stderr


@pytest.mark.parametrize("path", ["team/missing", "../outside", "%2e%2e/outside"])
def test_what_is_not_below_the_root_is_not_served(repo: Repo, path: str, tmp_path: Path) -> None:
    make_application_repository(tmp_path / "outside")
    with GitServer(root=tmp_path / "root") as server:
        cloned = git("clone", f"{server.url}/{path}", tmp_path / "clone", home=tmp_path)
    assert cloned.returncode != 0
    assert not (tmp_path / "clone").exists()


def test_a_push_is_refused(repo: Repo, tmp_path: Path) -> None:
    with GitServer(root=tmp_path / "root") as server:
        pushed = git("-C", repo.path, "push", f"{server.url}/team/application", "HEAD:other", home=tmp_path)
    assert pushed.returncode != 0
    assert "403" in pushed.stderr


def test_only_requests_with_the_credentials_are_answered(repo: Repo, tmp_path: Path) -> None:
    with GitServer(root=tmp_path / "root", credentials=("user", "secret")) as server:
        for userinfo, code in (("", 128), ("user:wrong@", 128), ("user:secret@", 0)):
            url = server.url.replace("//", f"//{userinfo}") + "/team/application"
            assert git("ls-remote", url, home=tmp_path).returncode == code, userinfo


def test_it_runs_as_a_program_without_a_cluster(repo: Repo, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "hack.standins",
        "git-server",
        "--root",
        str(tmp_path / "root"),
        "--port",
        str(port),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        assert git("ls-remote", f"http://127.0.0.1:{port}/team/application", home=tmp_path).returncode == 0
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_a_port_in_use_ends_with_1_and_the_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["git-server", "--root", str(tmp_path), "--port", str(taken.getsockname()[1])]) == 1
    assert "in use" in capsys.readouterr().err
