"""The controller: in threads of the test, or as the program that users start."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from controller.api.engines import AUTO, HELM_OPERATOR
from controller.apimachinery.options import build
from controller.apimachinery.threads import start_thread
from controller.app import wiring
from controller.app.options import Options
from controller.client.config import load
from tests.integration.support.clusters import ROOT
from tests.integration.support.variables import FLUX_ADDRESS
from tests.integration.support.waiting import DEADLINE, eventually

# Every interval short; each can be changed by a test. Where a real Flux is, `auto` would choose it for all tests.
SHORT: Mapping[str, Any] = {
    "leader_elect": False,
    "release_engine": HELM_OPERATOR if FLUX_ADDRESS else AUTO,
    # The doubles of the engines install nothing that leads to a URL, so the looks would continue for two minutes.
    "discover_urls": False,
    "status_settle": 0.05,
    "recheck_interval": 0.2,
    "max_backoff": 0.2,
    "request_timeout": 10.0,
    "graceful_timeout": 10.0,
    "metrics_address": "0",
    "health_address": "0",
}


class ThreadedController:
    """Runs in threads until stopped."""

    def __init__(self, kubeconfig: Path, **options: Any) -> None:
        self._options = build(Options, {**SHORT, **options})
        self._application = wiring.build(self._options, load(kubeconfig=str(kubeconfig)))
        self._failure: BaseException | None = None
        self._thread: threading.Thread | None = None

    def start(self, *, wait: bool = True) -> None:
        """Start it; `wait` until it reconciles."""
        self._thread = start_thread("controller", self._run)
        if wait:
            eventually(lambda: self._failure or self._application.manager.elected, "the controller runs")

    def stop(self) -> None:
        """Stop it in order. Raises what it failed with."""
        self._application.manager.stop()
        if self._thread is not None:
            self._thread.join(DEADLINE)
            assert not self._thread.is_alive(), "the controller does not stop"
        self._application.close()
        if self._failure is not None:
            raise self._failure

    @property
    def is_idle(self) -> bool:
        """Whether nothing is queued or being reconciled now."""
        snapshots = [queue.snapshot() for queue in self._application.queues]
        return not any(snapshot.ready or snapshot.processing for snapshot in snapshots)

    @property
    def has_caches(self) -> bool:
        """Whether its caches are filled."""
        return self._application.manager.caches_synced

    def _run(self) -> None:
        try:
            self._application.manager.run()
        except BaseException as failure:  # noqa: BLE001 - handed to the test, whatever it is
            self._failure = failure


class ControllerProcess:
    """`python -m controller run` with a log of its own."""

    def __init__(self, kubeconfig: Path, log: Path, *flags: str, **options: Any) -> None:
        self._command = [sys.executable, "-m", "controller", *run_command(kubeconfig, **options), *flags]
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        # How many lines its log had at the last start.
        self._earlier = 0

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "not started"
        return self._process

    def start(self) -> ControllerProcess:
        """Start it and return at once."""
        self._earlier = len(self.lines())
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=ROOT, env=clean_environ(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        return self

    def kill(self) -> None:
        """`kill -9`; it is dead when this returns."""
        self.process.kill()
        self.process.wait()

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def ended(self, deadline: float = DEADLINE) -> int:
        """Wait for its end; its exit code."""
        return self.process.wait(deadline)

    def stop(self) -> None:
        """End it, whatever it takes."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def output(self) -> str:
        """Everything that it printed so far."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def lines(self) -> list[dict[str, Any]]:
        """Its log lines so far; the last one only when it is whole."""
        whole = self.output().rpartition("\n")[0].splitlines()
        return [json.loads(line) for line in whole if line.startswith("{")]

    def logged(self, *words: str) -> dict[str, Any]:
        """The first log line since the last start that has all these words in it, now or later."""

        def found() -> dict[str, Any] | None:
            lines = self.lines()[self._earlier :]
            return next((line for line in lines if all(word in json.dumps(line) for word in words)), None)

        return eventually(found, lambda: f"a log line with {words}; it printed {self.output()}")


def run_command(kubeconfig: Path, **options: Any) -> list[str]:
    """The command `run` with its flags; options are those of `Options`."""
    given = {**SHORT, **options}
    flags = (part for name, value in given.items() for part in (f"--{name.replace('_', '-')}", str(value)))
    return ["run", "--kubeconfig", str(kubeconfig), "--log-format", "json", *flags]


def clean_environ() -> dict[str, str]:
    """The environment of a program that is to be configured by its flags alone."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONPATH", "COVERAGE_PROCESS_START")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"PYTHONUNBUFFERED": "1"}
