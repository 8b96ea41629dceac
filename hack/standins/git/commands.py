"""Running git: argument lists only, a clean environment, a deadline, and no network.

Only the file transport is allowed. What should be reachable under a public URL is mapped to a local path first
(`rewrite`), so that a test bed never talks to the world, whatever a HelmRelease says.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit


class GitError(Exception):
    """git ended with an error, or not in time; the text is git's own."""


def rewrite(url: str, prefixes: Sequence[tuple[str, str]]) -> str:
    """`url` with the longest matching prefix replaced, as git's `url.<base>.insteadOf` does it; else unchanged.

    Credentials inside an https URL do not take part in the comparison, and are gone from a rewritten URL.
    """
    plain = _without_credentials(url)
    matching = [pair for pair in prefixes if plain.startswith(pair[0])]
    if not matching:
        return url
    prefix, replacement = max(matching, key=lambda pair: len(pair[0]))
    return replacement + plain[len(prefix) :]


def _without_credentials(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    if parts.scheme not in ("http", "https") or "@" not in parts.netloc:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


class Git:
    """The git program, with a folder of its own instead of the user's home and configuration."""

    def __init__(self, *, home: Path, timeout: float) -> None:
        """`home` must exist; `timeout` in seconds ends every single command."""
        self._timeout = timeout
        config = home / "gitconfig"
        # The owner of a test bed's repository is not always the user who reads it.
        config.write_text("[safe]\n\tdirectory = *\n")
        self._environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(home),
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": str(config),
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ALLOW_PROTOCOL": "file",
        }

    def clone_mirror(self, url: str, folder: Path) -> None:
        """`git clone --mirror`."""
        self._run("clone", "--quiet", "--mirror", "--end-of-options", url, str(folder))

    def fetch(self, mirror: Path) -> None:
        """Update every ref of a mirror; refs deleted at the origin are deleted here too."""
        self._run("--git-dir", str(mirror), "fetch", "--quiet", "--prune", "origin")

    def resolve(self, mirror: Path, ref: str) -> str:
        """The full commit SHA of a branch, tag or SHA."""
        sha = self._run("--git-dir", str(mirror), "rev-list", "--max-count=1", "--end-of-options", ref, "--")
        return sha.strip()

    def changed_files(self, mirror: Path, old: str, new: str, path: str) -> list[str]:
        """Files under `path` that were added or modified between two commits (deleted ones do not count)."""
        output = self._run(
            *("--git-dir", str(mirror), "diff", "--name-only", "--diff-filter=ACMRT"),
            *("--end-of-options", old, new, "--", path),
        )
        return output.splitlines()

    def archive(self, mirror: Path, sha: str, tar: Path) -> None:
        """Write the tree of a commit as a tar file."""
        self._run("--git-dir", str(mirror), "archive", "--format=tar", f"--output={tar}", "--end-of-options", sha)

    def _run(self, *arguments: str) -> str:
        try:
            done = subprocess.run(
                ["git", *arguments],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=self._timeout,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise GitError(f"git did not finish within {self._timeout:g}s") from error
        if done.returncode:
            raise GitError(done.stderr.strip() or f"git ended with code {done.returncode}")
        return done.stdout
