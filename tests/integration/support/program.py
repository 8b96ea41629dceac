"""The program `tronador` run to its end, and what it serves over HTTP."""

from __future__ import annotations

import subprocess
import sys
import urllib.error
import urllib.request

from tests.integration.support.clusters import ROOT
from tests.integration.support.controllers import clean_environ
from tests.integration.support.waiting import DEADLINE


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the program to its end."""
    return subprocess.run(
        [sys.executable, "-m", "controller", *arguments],
        cwd=ROOT,
        env=clean_environ() | environ,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def get(url: str) -> tuple[int, str]:
    """Status and text of an answer."""
    try:
        with urllib.request.urlopen(url, timeout=DEADLINE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
