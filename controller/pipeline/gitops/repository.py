"""The newest state of one branch, and a commit on top of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Final

from controller.pipeline.gitops.errors import GitOpsError
from controller.pipeline.gitops.git import Git

_FILE_MODES: Final = ("100644", "100755")
_TREE: Final = "040000"
_WORDS: Final = {"120000": "a symbolic link", "160000": "a submodule"}


class Branch:
    """A branch of the remote at `url`. `fetch` first, and again after each push that was refused."""

    def __init__(self, *, git: Git, url: str, name: str) -> None:
        self._git = git
        self._url = url
        self._ref = f"refs/heads/{name}"
        self._tip = ""

    def fetch(self) -> None:
        """Look at the remote's newest commit: that one alone, without its history."""
        self._git.run(
            *("fetch", "--quiet", "--depth=1", "--no-tags", "--no-auto-gc", "--no-recurse-submodules"),
            *("--", self._url, f"+{self._ref}:refs/tip"),
            doing="the repository does not answer",
        )
        self._tip = self._git.run("rev-parse", "--verify", "refs/tip^{commit}").decode().strip()

    def read(self, path: str) -> bytes | None:
        """Content of a file, or None where there is none. GitOpsError: something else is in its place."""
        if not self._is_folder(str(PurePosixPath(path).parent)):
            return None
        entry = self._entry(path)
        if entry is None:
            return None
        mode, sha = entry
        if mode not in _FILE_MODES:
            raise GitOpsError(
                f"{path} is {_WORDS.get(mode, 'a folder')} in the repository, not a file; remove it there"
            )
        return self._git.run("cat-file", "blob", sha)

    def entries(self, folder: str) -> frozenset[str]:
        """Names of what lies in a folder, which may be absent; "." is the root."""
        if not self._is_folder(folder):
            return frozenset()
        tree = self._tip if folder == "." else f"{self._tip}:{folder}"
        names = self._git.run("ls-tree", "-z", "--name-only", tree).decode(errors="surrogateescape")
        return frozenset(names.rstrip("\0").split("\0"))

    def commit(self, changes: Mapping[str, bytes | None], *, message: str) -> str:
        """A commit with new contents of files (None removes one); "" where that changes nothing."""
        self._git.run("read-tree", self._tip)
        lines = []
        for path, content in changes.items():
            if content is None:
                lines.append(f"0 {'0' * 40}\t{path}")
            else:
                sha = self._git.run("hash-object", "-w", "--stdin", feed=content).decode().strip()
                lines.append(f"100644 {sha}\t{path}")
        self._git.run("update-index", "-z", "--index-info", feed="".join(f"{line}\0" for line in lines).encode())
        tree = self._git.run("write-tree").decode().strip()
        if tree == self._git.run("rev-parse", "--verify", f"{self._tip}^{{tree}}").decode().strip():
            return ""
        return self._git.run("commit-tree", tree, "-p", self._tip, "-F", "-", feed=message.encode()).decode().strip()

    def push(self, commit: str) -> None:
        """Make the commit the branch's newest. Raises LostRace when it is no longer on top of that."""
        self._git.run(
            *("push", "--porcelain", "--no-verify", "--no-follow-tags", "--recurse-submodules=no"),
            *("--", self._url, f"{commit}:{self._ref}"),
            doing="the repository does not take the push",
        )

    def _is_folder(self, folder: str) -> bool:
        """Whether there is such a folder. GitOpsError: something else is in its place, or in that of one above."""
        parts = [] if folder == "." else folder.split("/")
        for depth in range(1, len(parts) + 1):
            path = "/".join(parts[:depth])
            entry = self._entry(path)
            if entry is None:
                return False
            if entry[0] != _TREE:
                raise GitOpsError(f"{path} is {_WORDS.get(entry[0], 'a file')} in the repository, not a folder")
        return True

    def _entry(self, path: str) -> tuple[str, str] | None:
        """Mode and SHA."""
        line = self._git.run("ls-tree", "-z", self._tip, "--", path).decode(errors="surrogateescape").partition("\0")[0]
        mode, _, rest = line.partition(" ")
        return (mode, rest.partition("\t")[0].split(" ")[1]) if line else None
