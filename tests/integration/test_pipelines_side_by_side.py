"""Many pipelines push to one GitOps repository at once: nothing is lost, and the history stays a line."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.support.clusters import ROOT
from tests.integration.support.controllers import clean_environ
from tests.unit.pipeline.gitops.origin_repository import OriginRepository, environment

# One pipeline after the other, in one process: a command and then what it is about, for each.
PROGRAM = """
import sys
from controller.app import cli
command, *arguments = sys.argv[1:]
at = arguments.index("--each")
flag, *subjects = arguments[at + 1:]
for subject in subjects:
    if code := cli.main([command, *arguments[:at], flag, subject]):
        sys.exit(code)
"""


class Crowd:
    """So many processes at once, which share the work."""

    def __init__(self, folder: Path, repository: OriginRepository, *, processes: int) -> None:
        self._folder = folder
        self._where = ("--repository", str(repository.path), "--path", "envs", "--timeout", "10m")
        self._processes = processes

    def publish(self, names: list[str]) -> None:
        """Publish an environment for each name."""
        files = []
        for name in names:
            files.append(str(self._folder / f"{name}.yaml"))
            Path(files[-1]).write_bytes(environment(name))
        self._run("publish", "--file", files)

    def retire(self, names: list[str]) -> None:
        """Retire each of them."""
        self._run("retire", "--name", names)

    def _run(self, command: str, flag: str, subjects: list[str]) -> None:
        running = [
            subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    PROGRAM,
                    command,
                    *self._where,
                    "--each",
                    flag,
                    *subjects[start :: self._processes],
                ],
                cwd=ROOT,
                env=clean_environ(),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for start in range(self._processes)
        ]
        for process in running:
            said, _ = process.communicate()
            assert process.returncode == 0, said


@pytest.mark.parametrize(
    ("processes", "environments"),
    [(4, 8), pytest.param(8, 200, marks=[pytest.mark.slow, pytest.mark.timeout(900)])],
)
def test_no_environment_of_parallel_pipelines_is_lost(tmp_path: Path, processes: int, environments: int) -> None:
    repository = OriginRepository(tmp_path)
    crowd = Crowd(tmp_path, repository, processes=processes)
    names = [f"shop-{number}" for number in range(environments)]
    crowd.publish(names)
    assert sorted(repository.files()) == sorted(["README.md", *(f"envs/{name}.yaml" for name in names)])
    assert_is_a_line_of_real_changes(repository, environments)
    gone, left = names[::2], names[1::2]
    crowd.retire(gone)
    wanted = [f"envs/.retired/{name}" for name in gone] + [f"envs/{name}.yaml" for name in left]
    assert sorted(repository.files()) == sorted(["README.md", *wanted])
    assert_is_a_line_of_real_changes(repository, environments + len(gone))


def assert_is_a_line_of_real_changes(repository: OriginRepository, commits: int) -> None:
    """Every commit but the first has one parent and changes something, and there is one for each change."""
    log = repository.log("%T %P")
    assert len(log) == commits + 1
    assert all(len(line.split()) == 2 for line in log[:-1])
    trees = [line.split()[0] for line in log]
    assert all(newer != older for newer, older in itertools.pairwise(trees))
