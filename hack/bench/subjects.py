"""The programs that are compared: the controller, and its peers, which do the same job in other ways."""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hack.bench.site import Site

PROGRAM = "subject"


@dataclass(frozen=True, slots=True)
class Subject:
    """How a program is started.

    Attributes:
        user_agent: how its requests begin to name themselves.
        arguments: those of `python -m`, or else a command.
        engines: the release engines that it can work with.
        is_module: whether it is a Python module.
    """

    name: str
    user_agent: str
    arguments: Callable[[Site, str], list[str]]
    is_ready: Callable[[Site], bool]
    engines: tuple[str, ...] = ("helm-operator",)
    is_module: bool = True


def _controller(site: Site, engine: str) -> list[str]:
    # Settings for people and other programs stay as they are by default, except for the addresses. The doubles install
    # nothing that leads to a URL, so the looks for one would disturb the idle phase.
    return [
        *("controller", "run", "--kubeconfig", str(site.account), "--release-engine", engine),
        "--discover-urls=false",
        *("--metrics-address", f"{_host()}:8080", "--health-address", f"{_host()}:8081", "--log-format", "json"),
    ]


def _kopf(site: Site, _: str) -> list[str]:
    address = f"http://{_host()}:8081/readyz"
    return ["kopf", "run", "--standalone", "-A", "--liveness", address, "-m", "hack.bench.peers.kopf_operator"]


def _floor(site: Site, _: str) -> list[str]:
    return ["hack.bench.peers.floor", "--kubeconfig", str(site.admin)]


def _answers(_: Site) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"http://{_host()}:8081/readyz", timeout=5) as answer:
        return bool(answer.status == 200)
    return False


def _says_ready(site: Site) -> bool:
    return "ready" in site.programs.log_of(PROGRAM).read_text().splitlines()


def program(name: str, path: str) -> Subject:
    """Return a program from elsewhere that does the same job, for example in another language.

    It takes `--kubeconfig`, prints a line `ready`, and names itself `name` in the user agent of its requests.
    """
    command = str(Path(path).absolute())
    return Subject(name, name, lambda site, _: [command, "--kubeconfig", str(site.admin)], _says_ready, is_module=False)


def _host() -> str:
    # Processes have addresses of their own on the loopback interface, so the ports are free.
    return f"127.{os.getpid() >> 8 & 255}.{os.getpid() & 255}.1"


SUBJECTS = {
    subject.name: subject
    for subject in (
        Subject("tronador", "tronador", _controller, _answers, ("helm-operator", "flux")),
        Subject("kopf", "kopf", _kopf, _answers),
        Subject("floor", "floor", _floor, _says_ready),
    )
}
