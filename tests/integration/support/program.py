"""The program `tronador` run to its end, and what it serves over HTTP."""

from __future__ import annotations

import io
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import redirect_stderr, redirect_stdout
from subprocess import CompletedProcess

from controller.app import cli
from tests.integration.support.clusters import ROOT
from tests.integration.support.controllers import clean_environ
from tests.integration.support.waiting import DEADLINE


def run(*arguments: str, **environ: str) -> CompletedProcess[str]:
    """Run a command to its end in this process, because a process of its own takes a second for its imports.

    The output also has what other threads print, so no controller may run in this process.
    """
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = cli.main(arguments, clean_environ() | environ)
        except SystemExit as ended:
            code = int(ended.code or 0)
    return CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


def run_alone(*arguments: str, **environ: str) -> CompletedProcess[str]:
    """Run a command to its end in a process of its own, for example while a controller runs in this one."""
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
