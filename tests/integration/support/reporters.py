"""`tronador report` in threads of the test, with credentials for one prefix of a stand-in's repositories."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from controller.apimachinery.options import build
from controller.apimachinery.threads import start_thread
from controller.app import reporting
from controller.app.reportoptions import ReportOptions
from controller.client.config import load
from tests.integration.support.waiting import DEADLINE, eventually

# Every interval short, and no limits of our own; each can be changed by a test.
SHORT: Mapping[str, Any] = {
    "leader_elect": False,
    "max_backoff": 0.2,
    "edit_interval": 0.0,
    "writes_per_minute": 100_000,
    "writes_per_hour": 100_000,
    "scm_timeout": 5.0,
    "scm_max_backoff": 0.2,
    "request_timeout": 10.0,
    "graceful_timeout": 10.0,
    "metrics_address": "0",
    "health_address": "0",
}


def credentials(folder: Path, **files: str) -> Path:
    """Write a folder as a mounted Secret shows it; gives `folder`. A name has `_` where the file has `-` or `.`."""
    folder.mkdir(exist_ok=True)
    for name, value in files.items():
        (folder / {"ca_crt": "ca.crt"}.get(name, name.replace("_", "-"))).write_text(value)
    return folder


class ThreadedReporter:
    """Runs in threads until stopped."""

    def __init__(self, kubeconfig: Path, *, prefix: str, folder: Path, **options: Any) -> None:
        given = {**SHORT, "credentials": {prefix: str(folder)}, **options}
        self._application = reporting.build(build(ReportOptions, given), load(kubeconfig=str(kubeconfig)))
        self._failure: BaseException | None = None
        self._thread: threading.Thread | None = None

    def start(self, *, wait: bool = True) -> ThreadedReporter:
        """Start it; `wait` until it reports."""
        self._thread = start_thread("reporter", self._run)
        if wait:
            eventually(lambda: self._failure or self.is_leading, "the reporter runs")
        return self

    def stop(self) -> None:
        """Stop it in order. Raises what it failed with."""
        self._application.manager.stop()
        if self._thread is not None:
            self._thread.join(DEADLINE)
            assert not self._thread.is_alive(), "the reporter does not stop"
            self._thread = None
            self._application.close()
        if self._failure is not None:
            raise self._failure

    @property
    def is_leading(self) -> bool:
        """Whether it reports, and is not a standby."""
        return bool(self._application.manager.elected)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is queued, delayed or being reported now."""
        snapshot = self._application.queue.snapshot()
        return not (snapshot.ready or snapshot.processing or snapshot.delayed)

    def _run(self) -> None:
        try:
            self._application.manager.run()
        except BaseException as failure:  # noqa: BLE001 - handed to the test, whatever it is
            self._failure = failure
