"""How tests run kubectl: the one that the project installs, or each of those that TRONADOR_TEST_KUBECTL names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

_NAMED = os.environ.get("TRONADOR_TEST_KUBECTL", "")
# Paths, separated as in PATH. A program that does not exist fails the tests instead of skipping them.
PROGRAMS = tuple(Path(name).expanduser() for name in _NAMED.split(os.pathsep) if name) or (
    Path(sys.executable).parent / "kubectl",
)


def called(program: Path) -> str:
    """Return what the names of tests call a program: its file and folder, because several have the same file name."""
    return f"{program.parent.name}/{program.name}" if len(PROGRAMS) > 1 else program.name


@cache
def version_of(program: Path) -> tuple[int, int]:
    """Return the version of a kubectl, such as (1, 36)."""
    out = subprocess.run([program, "version", "--client", "-o", "json"], capture_output=True, check=True).stdout
    found = json.loads(out)["clientVersion"]
    return int(found["major"]), int(found["minor"].rstrip("+"))


class Kubectl:
    """Runs kubectl against a cluster.

    Args:
        kubeconfig: leads to the cluster.
        home: where it keeps its caches.
        program: the kubectl to run.
    """

    def __init__(self, kubeconfig: Path, *, home: Path, program: Path = PROGRAMS[0]) -> None:
        self._program = program
        self._environment = {**os.environ, "HOME": str(home), "KUBECONFIG": str(kubeconfig)}

    @property
    def version(self) -> tuple[int, int]:
        """Its version, such as (1, 36)."""
        return version_of(self._program)

    def __call__(self, *arguments: str, stdin: str | None = None, env: Mapping[str, str] | None = None) -> str:
        """Run to success; gives stdout."""
        result = self.run(*arguments, stdin=stdin, env=env)
        assert result.returncode == 0, f"kubectl {' '.join(arguments)}: {result.stderr}"
        return result.stdout

    def run(
        self, *arguments: str, stdin: str | None = None, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run, however it ends; `env` are further environment variables."""
        return subprocess.run(
            [self._program, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            env={**self._environment, **(env or {})},
            timeout=60,
            check=False,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command that keeps running (`get -w`, `wait`)."""
        return subprocess.Popen(
            [self._program, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self._environment,
        )
