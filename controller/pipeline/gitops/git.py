"""Running the real git program.

Why the program and not a library: it is what the world's servers are tested with (protocols, proxies, certificates,
ssh), it is kept secure by its own people, and libraries that push are either bindings to C code of another behaviour or
incomplete. It is run with lists of arguments, never through a shell; with an environment that we put together, so that
no configuration, hook or helper of the machine takes part; with one protocol allowed; and with an end in time.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from controller.pipeline.gitops.errors import GitOpsError, OutOfTime
from controller.pipeline.gitops.failures import failure

# How the world is reached, which only the machine knows: proxies and certificate authorities.
_PASSED_ON: Final = (
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "TMPDIR"),
)


class Deadline:
    """A point in time until which everything has to be done; `seconds` from now.

    `trouble` is why the attempt before failed, "" where none did: the error says it, for it is why the time is over.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.trouble = ""
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """Seconds that are left. Raises OutOfTime when none are."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise self.over()
        return left

    def over(self, doing: str = "") -> OutOfTime:
        """The error that says so."""
        words = f"not done within {self.seconds:g}s{doing and f': {doing}'}; --timeout allows for more"
        return OutOfTime(f"{words} ({self.trouble})" if self.trouble else words)


class Git:
    """git for one repository without a work tree, in `folder`.

    Without a work tree nothing that lies in a repository is ever written to a disk's paths: no symbolic link can lead
    out of it, no attribute can start a filter.
    """

    def __init__(
        self, *, folder: Path, protocol: str, extra: Mapping[str, str], deadline: Deadline, secrets: tuple[str, ...]
    ) -> None:
        """`folder` is private and empty; `extra` are variables for credentials."""
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
        # Without a template there are no hooks.
        self.run("init", "--quiet", "--bare", "--template=")

    def run(self, *arguments: str, feed: bytes = b"", doing: str = "") -> bytes:
        """What `git ARGUMENTS` writes to stdout. Raises GitOpsError; `doing` says what took so long."""
        left = self._deadline.remaining()
        try:
            process = subprocess.Popen(  # noqa: S603 (an argument list, and no shell)
                ["git", *arguments],  # noqa: S607 (found by PATH, as on every machine)
                env=self._environment,
                cwd=self._folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                # A group of its own: what git starts (ssh, its https helper) has to end with it.
                start_new_session=True,
            )
        except OSError as error:
            raise GitOpsError(f"cannot run git ({error.strerror}); is it installed?") from error
        try:
            out, err = process.communicate(feed, timeout=left)
        except subprocess.TimeoutExpired:
            raise self._deadline.over(doing or f"git {arguments[0]}") from None
        finally:
            _end(process)
        if process.returncode:
            words = f"{err.decode(errors='replace')}\n{out.decode(errors='replace')}"
            raise failure(words, secrets=self._secrets)
        return out


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()
