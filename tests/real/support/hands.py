"""What the operator of the test does to the server: commands from environment variables, or else a skipped test."""

from __future__ import annotations

import os
import subprocess

import pytest

RESTART = "TRONADOR_TEST_RESTART"
COMPACTION_SECONDS = "TRONADOR_TEST_COMPACTION_SECONDS"
_RESTART_TIMEOUT = 100.0


def restart_command() -> str:
    """Return the shell command that restarts the API server. Skips the test if there is none."""
    command = os.environ.get(RESTART, "")
    if not command:
        pytest.skip(f"needs a restart of the API server: set {RESTART} to a shell command that does it")
    return command


def restart_server() -> None:
    """Restart the API server. Raises CalledProcessError and TimeoutExpired."""
    subprocess.run(restart_command(), shell=True, check=True, timeout=_RESTART_TIMEOUT, capture_output=True)


def compaction_seconds() -> float:
    """Return the seconds between two compactions of etcd. Skips the test if they are not known."""
    seconds = os.environ.get(COMPACTION_SECONDS, "")
    if not seconds:
        pytest.skip(
            "needs an API server that compacts etcd often: start it with --etcd-compaction-interval, and set "
            f"{COMPACTION_SECONDS} to its seconds"
        )
    return float(seconds)
