"""A cluster in a process of its own, for tests that kill or freeze it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

_READY = re.compile(r"serving on (\S+), ")
_WAIT_SECONDS = 10.0
_ROOT = Path(__file__).parents[2]


class ClusterProcess:
    """Runs `python -m hack.localcluster` while the `with` block does.

    Args:
        kubeconfig: where the program writes it.
        arguments: further flags of the program.

    Attributes:
        url: base URL, once started.
    """

    def __init__(self, kubeconfig: Path, *arguments: str) -> None:
        self.kubeconfig = kubeconfig
        self.url = ""
        self._arguments = arguments
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "hack.localcluster", "--kubeconfig", str(self.kubeconfig), *self._arguments]
        self._process = subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        ready = _READY.match(self._process.stdout.readline())
        if ready is None:
            self.kill()
            raise RuntimeError("the cluster did not start; its own words are on stderr")
        self.url = ready[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> int:
        """Ask it to end, state saved; gives the exit code."""
        return self._end(signal.SIGTERM)

    def freeze(self) -> None:
        """Stop the process without ending it: the kernel accepts connections, and nothing answers them."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it run again."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None, "it does not run"
        self._process.send_signal(number)

    def kill(self) -> int:
        """End it at once, nothing saved."""
        return self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> int:
        process = self._process
        if process is None:
            return 0
        process.send_signal(number)
        code = process.wait(_WAIT_SECONDS)
        if process.stdout is not None:
            process.stdout.close()
        self._process = None
        return code
