"""What a page's commands run in: a cluster, a folder with the project's manifests, and the programs that a page starts.

`<!-- start: PROGRAM OPTION=VALUE ... -->` starts one of:

- `controller`: the controller, as the account of `manifests/rbac`, with these options of `tronador run`; one that runs
  already ends;
- `helm-operator`, `flux`: the release engine's stand-in, with the sample application behind the samples' git URL;
- `engine`: a double of the Helm Operator that deploys everything at once;
- `gitops`: a git server behind https://git.example.com, with the GitOps repository;
- `scm`: a GitHub with the pull requests 74 (closed) and 75 of acme/shop, and the folder `scm` with its credentials.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from controller.apimachinery.options import options_of
from controller.app.options import Options
from hack.demo.repositories import make_gitops
from hack.paths import ROOT
from hack.standins.scm.forge import Forge as ScmForge
from hack.standins.scm.server import ForgeServer
from tests.docs.forge import Forge
from tests.docs.pages import Block, Hidden
from tests.integration.support.clusters import Cluster
from tests.integration.support.controllers import ThreadedController
from tests.integration.support.engines import Engine
from tests.integration.support.fixtures import MakeInstaller, StartController

_SECONDS = 60
# What differs from one run to the next.
_AGE = re.compile(r"\b(?:\d+[dhms])+\b")
_COMMIT = re.compile(r"\b[0-9a-f]{40}\b")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
_TEMPORARY_FOLDER = re.compile(r"(/tmp/[\w-]+)-\d+/")
_ANYTHING = "..."


class World:
    """One page's cluster and folder. Commands see what those before them left, exported variables included."""

    def __init__(
        self,
        *,
        folder: Path,
        cluster: Cluster,
        start_controller: StartController,
        make_installer: MakeInstaller,
        stack: ExitStack,
    ) -> None:
        self._folder = folder
        self._here = folder / "checkout"
        self._variables = folder / "variables"
        self._variables.touch()
        self._stack = stack
        self._code = 0
        programs = Path(sys.executable).parent
        self._environ = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "KUBECONFIG": str(cluster.kubeconfig),
        }
        self._make_controller = start_controller
        self._controller: ThreadedController | None = None
        self._programs: dict[str, Callable[[dict[str, Any]], None]] = {
            "controller": self._start_controller,
            "helm-operator": lambda _: make_installer("helm-operator").start(),
            "flux": lambda _: make_installer("flux").start(),
            "engine": lambda _: self._start_engine(cluster),
            "gitops": lambda _: self._start_forge(),
            "scm": lambda _: self._start_scm(),
        }
        for part in ("manifests", "hack/standins/crds", "tests/docs/files"):
            shutil.copytree(ROOT / part, self._here / part)

    def do(self, step: Block | Hidden) -> None:
        """Run what one part of a page asks for. AssertionError: it fails, or its output is not what is shown."""
        if isinstance(step, Hidden) and step.kind == "start":
            program, *given = step.text.split()
            self._programs[program](dict(_option(*one.split("=", 1)) for one in given))
        elif isinstance(step, Hidden):
            self._script(f"line {step.line}", step.text)
        elif step.file:
            (self._here / step.file).parent.mkdir(parents=True, exist_ok=True)
            (self._here / step.file).write_text(step.text)
        elif step.language == "bash" and not step.not_run:
            self._script(step.place, step.text)
        elif step.language == "console" and not step.not_run:
            self._conversation(step)

    def _script(self, place: str, script: str) -> None:
        self._code = 0
        code, output = self._run(f"set -e\n{script}")
        assert code == 0, f"{place}: exit code {code}\n{script}\n{output}"

    def _conversation(self, block: Block) -> None:
        for command, shown in block.conversation:
            self._code, output = self._run(command)
            seen = f"{block.place}: $ {command}{output}"
            # A command that fails is followed by one that shows with which code.
            assert self._code == 0 or "\n$ echo $?\n" in block.text, seen
            assert _matches(shown, output), f"{seen}\nis not\n\n{shown}"

    def _run(self, script: str) -> tuple[int, str]:
        keep = f"trap 'declare -px >{self._variables}' EXIT; source {self._variables}; set -o pipefail"
        done = subprocess.run(
            ["bash", "-c", f"{keep}; (exit {self._code})\n{script}"],
            cwd=self._here,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        return done.returncode, done.stdout

    def _start_controller(self, options: dict[str, Any]) -> None:
        """Start it, in the place of one that runs already."""
        if self._controller is not None:
            self._controller.stop()
        self._controller = self._make_controller(**options)

    def _start_engine(self, cluster: Cluster) -> None:
        self._stack.enter_context(Engine(cluster))

    def _start_forge(self) -> None:
        repositories = self._folder / "forge"
        (repositories / "platform").mkdir(parents=True)
        make_gitops(repositories / "platform/environments")
        forge = Forge(repositories, host="git.example.com")
        self._stack.callback(forge.close)
        self._environ |= {
            "https_proxy": forge.proxy,
            "no_proxy": "127.0.0.1",
            "GIT_SSL_CAINFO": str(forge.authority),
            "TRONADOR_GIT_USERNAME": forge.user,
        }
        (self._here / "gitops-token").write_text(forge.password)

    def _start_scm(self) -> None:
        # The clock is behind, so that the pull request was closed long ago.
        server = self._stack.enter_context(ForgeServer(forge=ScmForge(clock=lambda: time.time() - 86400)))
        server.forge.add_token("t")
        server.forge.add_repository("acme/shop")
        for number in (74, 75):
            server.forge.open_pull("acme/shop", number, sha=f"{number:040x}")
        server.forge.close("acme/shop", 74)
        (self._here / "scm").mkdir()
        for name, text in {"token": "t", "api": server.url, "provider": "github"}.items():
            (self._here / "scm" / name).write_text(text)


def _option(name: str, value: str) -> tuple[str, Any]:
    [option] = [one for one in options_of(Options) if one.flag == f"--{name}"]
    return option.name, option.kind.parse(value)


def _matches(shown: str, output: str) -> bool:
    """Whether the output is what is shown. A line "..." stands for any lines; ages, times and commits may differ."""
    found, wanted = _lines(output), _lines(shown)
    if _ANYTHING not in wanted:
        return found == wanted
    parts: list[list[str]] = [[]]
    for line in wanted:
        if line == _ANYTHING:
            parts.append([])
        else:
            parts[-1].append(line)
    at = 0
    for number, part in enumerate(parts):
        last = number == len(parts) - 1 and part
        starts = [0] if number == 0 else [len(found) - len(part)] if last else range(at, len(found) - len(part) + 1)
        start = next((start for start in starts if start >= at and found[start : start + len(part)] == part), None)
        if start is None:
            return False
        at = start + len(part)
    return True


def _lines(text: str) -> list[str]:
    plain = _COMMIT.sub("COMMIT", _MOMENT.sub("TIME", _AGE.sub("AGE", text)))
    plain = _TEMPORARY_FOLDER.sub(r"\1-NUMBER/", plain)
    return [" ".join(line.split()) for line in plain.splitlines() if line.strip()]
