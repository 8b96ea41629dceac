"""Application repositories for the demo and the tests: a real git repository with a small Helm chart at `deploy/`.

Nothing of the user's git configuration takes part: identity and dates come from the environment given to git, so that
the same calls make the same commits on every machine, even with an empty HOME.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

APPLICATION = Path(__file__).parent / "application"
AUTHOR = "Sample Author"
EMAIL = "author@example.com"
# The first commit's time in Unix seconds; every further commit is a minute later, so history is in order.
EPOCH = 1_600_000_000
GIT_TIMEOUT = 30.0


class GitError(Exception):
    """git ended with an error; the text is what it wrote on stderr."""


@dataclass(frozen=True, slots=True)
class Repo:
    """A git repository with a work tree."""

    path: Path

    def commit(self, message: str, files: Mapping[str, str | None], *, branch: str = "") -> str:
        """Commit files and return the commit's full SHA.

        Args:
            message: the commit message.
            files: path in the repository -> new content, or None to remove the file.
            branch: the branch to commit to, created from the current one where missing; default: the current one.
        """
        if branch and branch != self.branch():
            exists = self._git("branch", "--list", branch)
            self._git("checkout", "--quiet", *(() if exists else ("-b",)), branch)
        for name, content in files.items():
            file = self.path / name
            if content is None:
                file.unlink()
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        self._git("add", "--all")
        count = len(self._git("rev-list", "--all").split())
        self._git("commit", "--quiet", "--allow-empty", "-m", message, date=EPOCH + 60 * count)
        return self.head()

    def branch(self) -> str:
        """The current branch's name, or "" when a commit is checked out."""
        return self._git("branch", "--show-current")

    def head(self, ref: str = "HEAD") -> str:
        """The full SHA of a branch, a tag or any other revision."""
        return self._git("rev-parse", "--verify", "--end-of-options", f"{ref}^{{commit}}")

    def tag(self, name: str) -> None:
        """Tag the current commit."""
        self._git("tag", "--", name)

    def delete_branch(self, branch: str) -> None:
        """Delete a branch, merged or not, also the current one (its commit then stays checked out)."""
        if branch == self.branch():
            self._git("checkout", "--quiet", "--detach")
        self._git("branch", "--quiet", "-D", "--", branch)

    def _git(self, *arguments: str, date: int = EPOCH) -> str:
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.path),
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_AUTHOR_NAME": AUTHOR,
            "GIT_AUTHOR_EMAIL": EMAIL,
            "GIT_AUTHOR_DATE": f"{date} +0000",
            "GIT_COMMITTER_NAME": AUTHOR,
            "GIT_COMMITTER_EMAIL": EMAIL,
            "GIT_COMMITTER_DATE": f"{date} +0000",
        }
        command = ["git", "-C", str(self.path), *arguments]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=GIT_TIMEOUT, check=False
        )
        if done.returncode:
            raise GitError(f"git {arguments[0]}: {done.stderr.strip()}")
        return done.stdout.strip()


def make_application_repository(path: Path, *, branch: str = "run-pipeline") -> Repo:
    """Make a repository with the sample application in the new or empty folder `path`, committed on `branch`."""
    shutil.copytree(APPLICATION, path, dirs_exist_ok=True)
    repo = Repo(path)
    repo._git("init", "--quiet", "--initial-branch", branch)
    repo.commit("Add the sample application", {})
    return repo
