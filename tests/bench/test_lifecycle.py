"""The benchmark as a program, with few environments."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hack.bench import lifecycle
from hack.bench.__main__ import main
from hack.bench.bed import BenchError
from hack.paths import ROOT


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_every_subject_lives_through_all_phases_with_every_environment(tmp_path: Path) -> None:
    environ = {name: value for name, value in os.environ.items() if name != "KUBECONFIG"}
    # Any program may take part: this one is the floor again, started as a command. Both have one user agent.
    script = tmp_path / "peer"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m hack.bench.peers.floor "$@"\n')
    script.chmod(0o755)
    flags = ["--environments", "3", "--subjects", "tronador,kopf,floor", "--program", f"floo={script}"]
    flags += ["--idle-seconds", "0.5"]
    command = [sys.executable, "-m", "hack.bench", "lifecycle", *flags, "--output", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    runs = json.loads((tmp_path / "results.json").read_text())["runs"]
    assert [run["subject"] for run in runs] == ["tronador", "kopf", "floor", "floo"]
    for run in runs:
        counts = {phase["name"]: phase["counts"] for phase in run["phases"]}
        assert list(counts) == ["create", "idle", "update", "restart", "delete"]
        assert counts["create"]["create namespaces"] == counts["delete"]["delete namespaces"] == 3
        assert counts["update"]["patch helmreleases"] == 3
        assert not any(request.startswith(("create", "patch", "delete")) for request in counts["restart"])
    assert (tmp_path / "cpu-create.svg").exists()


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("peer", "'peer' is not NAME=PATH"),
        ("=./peer", "'=./peer' is not NAME=PATH"),
        ("kopf=./peer", "kopf is a subject already; choose another name"),
    ],
)
def test_a_program_needs_a_path_and_a_name_of_its_own(
    argument: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["lifecycle", "--program", argument])
    assert exit_.value.code == 2
    assert words in capsys.readouterr().err


def test_a_program_that_may_not_be_python_cannot_be_profiled(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    lifecycle.add_to(parser.add_subparsers())
    options = parser.parse_args(["lifecycle", "--program", "go=./peer", "--profile", "--output", str(tmp_path)])
    with pytest.raises(BenchError, match="go may not be written in Python, so it cannot be profiled; leave it out"):
        options.run(options)
