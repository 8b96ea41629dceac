"""The programs that the demonstration starts: each in a process of its own, with its log in a file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

from hack.paths import ROOT

# Long, because a machine may have other work.
START_SECONDS = 120.0
STOP_SECONDS = 30.0
_LOOK_SECONDS = 0.05


class ProgramError(Exception):
    """A program did not start, or exited unexpectedly; the text contains the path and the end of its log."""


class Programs:
    """Starts programs in order, and on leaving stops them in reverse order, unless `leave_running` was called."""

    def __init__(self, *, folder: Path, environ: dict[str, str]) -> None:
        self._folder = folder
        self._environ = {**os.environ, **environ}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._pause = threading.Event()

    def start(self, name: str, arguments: Sequence[str], *, ready: Callable[[], bool], is_module: bool = True) -> None:
        """Run `python -m ARGUMENTS`, or the command ARGUMENTS, and wait until it is `ready`.

        ProgramError: it does not start, or is not ready within the time allowed.
        """
        with self.log_of(name).open("wb") as log:
            try:
                self._running[name] = subprocess.Popen(
                    [sys.executable, "-m", *arguments] if is_module else arguments,
                    cwd=ROOT,
                    env=self._environ,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    # So that Ctrl-C ends the demonstration, which then stops them in order.
                    start_new_session=True,
                )
            except OSError as error:
                raise ProgramError(f"{name} cannot be started: {arguments[0]}: {error.strerror}") from error
        deadline = time.monotonic() + START_SECONDS
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise ProgramError(f"{name} was not ready after {START_SECONDS:g}s; {self._last_words(name)}")
            self._pause.wait(_LOOK_SECONDS)

    def stop(self, name: str) -> None:
        """End one of them, in order."""
        _end(self._running.pop(name))

    def check(self) -> None:
        """ProgramError: one of them has ended."""
        for name, process in self._running.items():
            if process.poll() is not None:
                raise ProgramError(f"{name} ended with exit code {process.returncode}; {self._last_words(name)}")

    def pid(self, name: str) -> int:
        """The process ID of a running program."""
        return self._running[name].pid

    def log_of(self, name: str) -> Path:
        """The file with everything that a program prints."""
        return self._folder / f"{name}.log"

    def leave_running(self) -> list[int]:
        """Let them run on when the demonstration ends; returns their process IDs."""
        processes = list(self._running.values())
        self._running.clear()
        return [process.pid for process in processes]

    def __enter__(self) -> Programs:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for process in reversed(self._running.values()):
            _end(process)

    def _last_words(self, name: str) -> str:
        lines = self.log_of(name).read_text(errors="replace").splitlines()
        return f"its log {self.log_of(name)} ends with: {' | '.join(lines[-3:]) or 'nothing'}"


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
