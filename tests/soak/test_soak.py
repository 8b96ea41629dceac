"""A minute of random life on the local cluster, as a program."""

import subprocess
import sys

import pytest

from hack.paths import ROOT


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_minute_of_random_life_breaks_no_rule(tmp_path):
    options = ["--minutes", "0.5", "--environments", "8", "--rest", "0.4", "--seed", "7", "--kubeconfig", ""]

    done = subprocess.run(
        [sys.executable, "-m", "hack.soak", *options, "--output", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    report = (tmp_path / "report.md").read_text()
    assert "Every rule held." in report
    assert "| opens |" in report
    assert (tmp_path / "memory.svg").exists()
