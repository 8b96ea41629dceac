"""The benchmark as a program, with few environments."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hack.paths import ROOT


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_every_subject_lives_through_all_phases_with_every_environment(tmp_path: Path) -> None:
    environ = {name: value for name, value in os.environ.items() if name != "KUBECONFIG"}
    flags = ["--environments", "3", "--subjects", "tronador,kopf,floor", "--idle-seconds", "0.5"]
    command = [sys.executable, "-m", "hack.bench", "lifecycle", *flags, "--output", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    runs = json.loads((tmp_path / "results.json").read_text())["runs"]
    assert [run["subject"] for run in runs] == ["tronador", "kopf", "floor"]
    for run in runs:
        counts = {phase["name"]: phase["counts"] for phase in run["phases"]}
        assert list(counts) == ["create", "idle", "update", "restart", "delete"]
        assert counts["create"]["create namespaces"] == counts["delete"]["delete namespaces"] == 3
        assert counts["update"]["patch helmreleases"] == 3
        assert not any(request.startswith(("create", "patch", "delete")) for request in counts["restart"])
    assert (tmp_path / "cpu-create.svg").exists()
