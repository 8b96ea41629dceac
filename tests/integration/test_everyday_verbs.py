"""`tronador open`, `keep`, `expire` and the completion of names, with the rights of the role for developers."""

from __future__ import annotations

import argparse
import io
import json
import webbrowser
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from controller.api.environment import ENVIRONMENTS, EXPIRE_AT_ANNOTATION, KEEP_ANNOTATION
from controller.apimachinery import timestamps
from controller.app.commands import environments as commands
from tests.integration.support.clusters import Cluster
from tests.integration.support.controllers import ThreadedController
from tests.integration.support.developers import make_developer
from tests.integration.support.engines import Engine
from tests.integration.support.environments import Environment, Environments, tag
from tests.integration.support.program import run, run_alone

URL = "https://shop-74.example.com/"
Command = Callable[..., CompletedProcess[str]]


class Terminal(io.StringIO):
    """Standard output that a person reads."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def developer(cluster: Cluster, tmp_path: Path) -> Path:
    """The kubeconfig of an account with ClusterRole tronador-user."""
    return make_developer(cluster, tmp_path)


@pytest.fixture
def environment(environments: Environments) -> Environment:
    return environments.create()


@pytest.fixture
def tronador(developer: Path) -> Command:
    """Runs a command as a developer."""
    return lambda *arguments: run(*arguments, f"--kubeconfig={developer}")


def set_status(environment: Environment, **status: Any) -> None:
    environment.cluster.client.patch(ENVIRONMENTS, environment.name, {"status": status}, subresource="status")


def kept(environment: Environment) -> str | None:
    value: str | None = (environment.get()["metadata"].get("annotations") or {}).get(KEEP_ANNOTATION)
    return value


def test_an_environment_is_kept_for_ever_for_a_while_or_no_longer(environment: Environment, tronador: Command) -> None:
    name = environment.name
    done = tronador("keep", name)
    assert (done.returncode, done.stderr, kept(environment)) == (0, "", "true")
    assert done.stdout == f"{name} is kept until you say otherwise: `tronador keep {name} --off`\n"

    earliest = datetime.now(UTC) + timedelta(days=3, seconds=-1)
    done = tronador("keep", name, "--for=3d", "-o", "json")
    value = json.loads(done.stdout)["keep"]
    assert json.loads(done.stdout) == {"name": name, "keep": kept(environment)}
    until = timestamps.from_time(value)
    assert until is not None
    assert earliest <= until <= datetime.now(UTC) + timedelta(days=3)

    done = tronador("keep", name, "--until=2100-01-01T02:00:00+02:00")
    assert (done.stdout, kept(environment)) == (f"{name} is kept until 2100-01-01T00:00:00Z\n", "2100-01-01T00:00:00Z")

    done = tronador("keep", name, "--off")
    assert (done.returncode, kept(environment)) == (0, None)
    assert tronador("keep", name, "--off").returncode == 0


def test_a_wrong_time_is_refused_before_anything_changes(environment: Environment, tronador: Command) -> None:
    for flag, words in {
        "--for=0": "--for: '0' is too short",
        "--for=soon": "--for: 'soon' is not a valid duration",
        "--for=9999999d": "--for: ",
        "--until=tomorrow": "--until: 'tomorrow' is not a valid time",
        "--until=2020-01-01": "--until: '2020-01-01' is over",
    }.items():
        done = tronador("keep", environment.name, flag)
        assert (done.returncode, words in done.stderr) == (2, True), (flag, done.stderr)
    assert kept(environment) is None


def test_open_prints_the_url_and_starts_a_browser_on_a_terminal_only(
    environment: Environment, tronador: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    name = environment.name
    set_status(environment, applicationStatus="deploying")
    done = tronador("open", name)
    assert done.returncode == 1
    assert f"{name} has no URL yet, because it is deploying" in done.stderr
    set_status(environment, applicationStatus="deployed")
    assert f"`tronador reconcile {name}` looks for it again" in tronador("open", name).stderr

    first = {"url": URL, "kind": "Ingress", "name": "shop"}
    set_status(environment, url=URL, urls=[first])
    assert (tronador("open", name).stdout, opened) == (f"{URL}\n", [])
    assert json.loads(tronador("open", name, "-o", "json").stdout) == {"name": name, "url": URL, "urls": [first]}
    monkeypatch.setattr(io, "StringIO", Terminal)
    assert (tronador("open", name, "--print").stdout, opened) == (f"{URL}\n", [])
    assert (tronador("open", name).stdout, opened) == (f"{URL}\n", [URL])


def test_a_missing_environment_is_reported_by_each_command(tronador: Command) -> None:
    for verb in ("open", "keep", "expire", "reconcile"):
        done = tronador(verb, "nothing")
        assert (done.returncode, "environment 'nothing' does not exist" in done.stderr) == (1, True)
        assert tronador(verb, "No Name").returncode == 2


def test_shells_complete_the_names_of_environments(environment: Environment, developer: Path, tmp_path: Path) -> None:
    parsed = argparse.Namespace(kubeconfig=str(developer), context=None)
    assert environment.name in commands.known("", parsed)
    assert commands.known(environment.name[:-1], parsed) == [environment.name]
    assert commands.known("other", parsed) == []
    parsed.kubeconfig = str(tmp_path / "missing")
    assert commands.known("", parsed) == []


@pytest.mark.slow
def test_an_environment_ends_at_once_and_comes_back(
    environment: Environment, developer: Path, engine: Engine, controller: ThreadedController
) -> None:
    def tronador(*arguments: str) -> CompletedProcess[str]:
        return run_alone(*arguments, f"--kubeconfig={developer}")

    def is_expired(obj: Mapping[str, Any]) -> bool:
        return bool(obj["status"].get("applicationStatus") == "expired")

    environment.deployed()
    assert tronador("keep", environment.name).returncode == 0
    done = tronador("expire", environment.name)
    assert (done.returncode, kept(environment)) == (0, None)
    assert done.stdout == (
        f"{environment.name} expires now, or later if many others do; a push, or `tronador keep {environment.name}`, "
        "brings it back\n"
    )
    assert "was kept (true); it is kept no longer" in done.stderr
    environment.until(is_expired, "it has expired")
    assert environment.namespace() is None
    assert f"{environment.name} has expired already;" in tronador("expire", environment.name).stdout
    environment.patch_release(values=tag("two"))
    environment.deployed()

    assert tronador("expire", environment.name).returncode == 0
    environment.until(is_expired, "it has expired again")
    assert tronador("keep", environment.name).returncode == 0
    environment.deployed()
    assert EXPIRE_AT_ANNOTATION not in environment.get()["metadata"]["annotations"]
    environment.patch({"suspend": True})
    done = tronador("expire", environment.name)
    assert (done.returncode, "a suspended environment does not expire" in done.stderr) == (1, True)
