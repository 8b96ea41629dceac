"""Running the real git program.

Why the program and not a library: git servers are tested with the program (protocols, proxies, certificates, ssh), and
its maintainers keep it secure. Libraries that can push are incomplete, or bind C code that behaves differently.

git runs with a list of arguments, never through a shell. Its environment is built here, so that no configuration, hook
or helper of the machine has an effect. One protocol is allowed, and every command has a timeout.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from controller.pipeline.gitops.failures import GitOpsError, OutOfTime, failure

# Network settings of the machine that git needs: proxies and certificate authorities.
_PASSED_ON: Final = (
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "TMPDIR"),
)
# Bytes of git's words that are looked at. The reason of a failure is at their end.
_TAIL: Final = 64 * 1024
# Seconds to wait for the end of git's words after its own end.
_PATIENCE: Final = 5.0


class Deadline:
    """The time by which all work has to be done, `seconds` from now.

    `trouble` is why the previous attempt failed, or "". The timeout error repeats it, as it is the actual cause.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.trouble = ""
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """Return the seconds that are left. Raises OutOfTime if none are."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise self.over()
        return left

    def over(self, doing: str = "") -> OutOfTime:
        """Return the timeout error. `doing` says what git was waiting for."""
        words = f"timed out after {self.seconds:g}s{doing and f': {doing}'}; raise --timeout to wait longer"
        return OutOfTime(f"{words} (previous attempt: {self.trouble})" if self.trouble else words)


class Git:
    """git for one repository without a work tree, in `folder`.

    Without a work tree, git never writes a file of the repository to its path on disk. So no symbolic link can lead out
    of the repository, and no attribute can start a filter.
    """

    def __init__(
        self, *, folder: Path, protocol: str, extra: Mapping[str, str], deadline: Deadline, secrets: tuple[str, ...]
    ) -> None:
        """`folder` must be private and empty. `extra` holds environment variables for credentials."""
        self._deadline = deadline
        self._secrets = secrets
        self._folder = folder
        passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        self._environment = {
            **passed_on,
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(folder),
            "LC_ALL": "C",
            "GIT_DIR": str(folder / "repository"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_ALLOW_PROTOCOL": protocol,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_LITERAL_PATHSPECS": "1",
            "GIT_ATTR_NOSYSTEM": "1",
            **extra,
        }
        # An empty template creates a repository without hooks.
        self.run("init", "--quiet", "--bare", "--template=")

    def run(self, *arguments: str, feed: bytes = b"", doing: str = "") -> bytes:
        """Return what `git ARGUMENTS` writes to stdout. Raises GitOpsError; a timeout error quotes `doing`."""
        left = self._deadline.remaining()
        with _Tail() as tail:
            try:
                process = subprocess.Popen(  # noqa: S603 (an argument list, and no shell)
                    ["git", *arguments],  # noqa: S607 (found by PATH, as on every machine)
                    env=self._environment,
                    cwd=self._folder,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=tail.entrance,
                    # A separate process group, so that the programs that git starts (ssh, its https helper) end with
                    # it.
                    start_new_session=True,
                )
            except OSError as error:
                raise GitOpsError(f"cannot run git ({error.strerror}): install it, or add it to $PATH") from error
            try:
                out, _ = process.communicate(feed, timeout=left)
            except subprocess.TimeoutExpired:
                raise self._deadline.over(doing or f"git {arguments[0]}") from None
            finally:
                _end(process)
        if process.returncode:
            words = f"{tail.text.decode(errors='replace')}\n{out[-_TAIL:].decode(errors='replace')}"
            raise failure(words, secrets=self._secrets)
        return out


class _Tail:
    """The end of what a program writes to its stderr. A git server may say there as much as it likes.

    After the block, `text` has whole lines of at most `_TAIL` bytes together.
    """

    def __init__(self) -> None:
        self.text = b""
        self._exit, self.entrance = os.pipe()
        self._thread = threading.Thread(target=self._read, name="git-stderr", daemon=True)

    def __enter__(self) -> _Tail:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # The thread ends when every program that git has started has closed its end, too.
        os.close(self.entrance)
        self._thread.join(_PATIENCE)

    def _read(self) -> None:
        with os.fdopen(self._exit, "rb", buffering=0) as stream:
            while data := stream.read(_TAIL):
                text = self.text + data
                self.text = text if len(text) <= _TAIL else text[-_TAIL:].partition(b"\n")[2]


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()
