"""The controller's replicas: real programs, each with a proxy before the API server, a wall clock and an address."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from hack.bench import process
from hack.faultproxy import kubeconfig
from hack.faultproxy.proxy import FaultProxy
from hack.paths import ROOT
from hack.soak.samples import Sample

_END_SECONDS = 40.0
METRICS_PORT, PAGE_PORT = 8080, 8081
_LATER = re.compile(r"<h3>Later <b>(\d+)</b>")
_LEADING = "leader_election_master_status"


@dataclass(slots=True)
class Replica:
    """One of them. `start` may be called again when it has ended.

    Attributes:
        name: of the replica.
        folder: for its files; its log is kept there.
        proxy: between it and the API server.
        host: where it serves its metrics and its status page.
        offset: by how many seconds its wall clock is wrong.
        lives: how often it was started.
        stopped: the process is stopped by a signal.
    """

    name: str
    folder: Path
    proxy: FaultProxy
    host: str
    flags: list[str] = field(default_factory=list)
    offset: float = 0.0
    lives: int = 0
    stopped: bool = False
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the program; it is ready some time later."""
        path = self.folder / f"{self.name}.kubeconfig"
        kubeconfig.write(path, self.proxy.kubeconfig())
        self.move_clock(self.offset)
        self.lives += 1
        self.stopped = False
        command = ["hack.soak.clocked", str(self._clock), "run", "--kubeconfig", str(path), *self.flags]
        with (self.folder / f"{self.name}.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def move_clock(self, offset: float) -> None:
        """Let its wall clock jump: from now on it is wrong by `offset` seconds."""
        self.offset = offset
        draft = self._clock.with_suffix(".new")
        draft.write_text(f"{offset}")
        os.replace(draft, self._clock)

    def ended(self) -> int | None:
        """Return its exit code, negative for a signal, or None while it runs."""
        return self._process.poll() if self._process is not None else None

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        if self._process is not None:
            self._process.send_signal(number)
        self.stopped = number == signal.SIGSTOP

    def end(self) -> None:
        """End it in order, or by force if that takes too long."""
        if self._process is None:
            return
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def metrics(self) -> dict[str, float]:
        """Return the sum of each metric's series; {} while nothing is served."""
        found: dict[str, float] = {}
        for line in self._page(METRICS_PORT, "/metrics").splitlines():
            if not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                name = name.partition("{")[0]
                found[name] = found.get(name, 0.0) + float(value)
        return found

    def leads(self) -> bool:
        """Return whether it says that it leads."""
        return self.metrics().get(_LEADING) == 1.0

    def sample(self, at: float) -> Sample | None:
        """Return what it holds now, or None if it does not run or does not answer."""
        metrics = self.metrics()
        if self._process is None or not metrics:
            return None
        folder = Path(f"/proc/{self._process.pid}")
        try:
            usage = process.usage(self._process.pid)
            threads, files = len(os.listdir(folder / "task")), os.listdir(folder / "fd")
            targets = [_target(folder / "fd" / name) for name in files]
        except OSError:
            return None
        return Sample(
            at=at,
            replica=self.name,
            life=self.lives,
            leads=metrics.get(_LEADING) == 1.0,
            resident_bytes=usage.resident_bytes,
            cpu_seconds=usage.cpu_seconds,
            threads=threads,
            files=len(files),
            sockets=sum(target.startswith("socket:") for target in targets),
            queue=int(metrics.get("workqueue_depth", 0)),
            timers=self._timers(),
            panics=int(metrics.get("controller_runtime_reconcile_panics_total", 0)),
            requests=int(metrics.get("rest_client_requests_total", 0)),
        )

    def _timers(self) -> int:
        """Return how many keys wait for their time: no metric says so, but the status page does."""
        return sum(map(int, _LATER.findall(self._page(PAGE_PORT, "/controller"))))

    def _page(self, port: int, path: str) -> str:
        """Return what it serves there; "" if it does not answer, as while it is stopped."""
        if not self.stopped:
            with suppress(OSError), urllib.request.urlopen(f"http://{self.host}:{port}{path}", timeout=2) as answer:
                return str(answer.read().decode())
        return ""

    @property
    def _clock(self) -> Path:
        return self.folder / f"{self.name}.clock"


def _target(link: Path) -> str:
    with suppress(OSError):
        return os.readlink(link)
    return ""
