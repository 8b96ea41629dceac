"""Reads the newest state of one branch, and pushes a commit on top of it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from controller.pipeline.gitops.commits import Author, stream
from controller.pipeline.gitops.failures import GitOpsError, OutOfTime
from controller.pipeline.gitops.git import Git
from controller.pipeline.yamlfiles.text import SIZE_LIMIT

_FILE_MODES: Final = ("100644", "100755")
_FOLDER_MODE: Final = "040000"
_WORDS: Final = {"120000": "a symbolic link", "160000": "a submodule", _FOLDER_MODE: "a folder"}
_TIP: Final = "refs/tip"
_NEXT: Final = "refs/next"


@dataclass(frozen=True, slots=True)
class _Entry:
    """What a path of the repository leads to; `size` is 0 for everything but files."""

    mode: str
    sha: str
    size: int

    @property
    def is_file(self) -> bool:
        return self.mode in _FILE_MODES


_Entries = Mapping[str, _Entry]


class Branch:
    """A branch of the remote at `url`. Call `fetch` first, and again after each rejected push."""

    def __init__(self, *, git: Git, url: str, name: str, author: Author, signing_key: Path | None = None) -> None:
        """`signing_key` is the file of an SSH private key; None leaves commits unsigned."""
        self._signing_key = signing_key
        self._git = git
        self._url = url
        self._ref = f"refs/heads/{name}"
        self._author = author

    def fetch(self) -> None:
        """Fetch the newest commit of the branch, without its history. Raises GitOpsError."""
        self._git.run(
            *("fetch", "--quiet", "--depth=1", "--no-tags", "--no-auto-gc", "--no-recurse-submodules"),
            *("--", self._url, f"+{self._ref}:{_TIP}"),
            doing="the repository did not answer",
        )

    def read(self, paths: Iterable[str], *, folder: str) -> tuple[dict[str, bytes], frozenset[str]]:
        """Return the content of each file of `paths` that exists, by path, and the names of all entries in `folder`.

        For the root, ".", the names are empty. Raises GitOpsError if one of `paths` is not a file, or if one of its
        parents is not a folder.
        """
        paths = tuple(paths)
        entries = self._entries(paths, folder)
        shas = {path: sha for path in paths if (sha := _sha_of_file(entries, path))}
        names = frozenset(PurePosixPath(path).name for path in entries if str(PurePosixPath(path).parent) == folder)
        contents = dict(zip(shas, self._contents(list(shas.values())), strict=True))
        return contents, names if folder != "." else frozenset()

    def documents(self, folder: str, *, ending: str) -> dict[str, bytes | None]:
        """Return the content of the files in `folder` whose names end with `ending`, by name.

        A file that is too long for an environment has None for its content.
        """
        listed = self._listed([] if folder == "." else [f"{folder}/"])
        files = {
            PurePosixPath(path).name: entry for path, entry in listed.items() if entry.is_file and path.endswith(ending)
        }
        shas = {name: entry.sha for name, entry in files.items() if entry.size <= SIZE_LIMIT}
        return dict.fromkeys(files) | dict(zip(shas, self._contents(list(shas.values())), strict=True))

    def commit(self, changes: Mapping[str, bytes | None], *, message: str) -> None:
        """Prepare a commit, which `push` sends to the remote. `changes` is content by path; None removes a file."""
        self._git.run(
            *("fast-import", "--quiet", "--force", "--date-format=raw"),
            feed=stream(
                changes,
                parent=f"{_TIP}^0",
                ref=_NEXT,
                message=message,
                author=self._author,
                seconds=int(time.time()),
            ),
        )
        if self._signing_key is not None:
            self._sign(message, self._signing_key)

    def push(self) -> None:
        """Push the prepared commit. Raises LostRace if somebody else pushed after `fetch`, or another GitOpsError."""
        self._git.run(
            *("push", "--porcelain", "--no-verify", "--no-follow-tags", "--recurse-submodules=no"),
            *("--", self._url, f"{_NEXT}:{self._ref}"),
            doing="the repository did not accept the push",
        )

    def _sign(self, message: str, key: Path) -> None:
        # fast-import cannot sign, so git commit-tree creates the same commit again with a signature.
        tree, tip = self._git.run("rev-parse", f"{_NEXT}^{{tree}}", f"{_TIP}^0").decode().split()
        settings = {
            "gpg.format": "ssh",
            "user.signingKey": str(key),
            "user.name": self._author.name,
            "user.email": self._author.email,
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        try:
            signed = self._git.run(*options, "commit-tree", "-S", "-p", tip, "-F", "-", tree, feed=message.encode())
        except OutOfTime:
            raise
        except GitOpsError as error:
            raise GitOpsError(
                "the commit cannot be signed: --signing-key-file must hold an SSH private key without a passphrase, "
                f"and ssh-keygen must be installed ({error})"
            ) from error
        self._git.run("update-ref", _NEXT, signed.decode().strip())

    def _entries(self, paths: tuple[str, ...], folder: str) -> _Entries:
        asked = dict.fromkeys(above for path in paths for above in [*_above(path), path])
        listing = [] if folder == "." else [f"{folder}/"]
        return self._listed([*listing, *asked])

    def _listed(self, paths: Iterable[str]) -> _Entries:
        output = self._git.run("ls-tree", "-z", "-t", "--long", _TIP, "--", *paths).decode(errors="surrogateescape")
        entries = {}
        for line in output.split("\0"):
            if line:
                facts, _, path = line.partition("\t")
                mode, _, sha, size = facts.split()
                entries[path] = _Entry(mode, sha, int(size) if size.isdigit() else 0)
        return entries

    def _contents(self, shas: list[str]) -> Iterator[bytes]:
        if not shas:
            return
        output = self._git.run("cat-file", "--batch", feed="".join(f"{sha}\n" for sha in shas).encode())
        start = 0
        for _ in shas:
            end = output.index(b"\n", start)
            size = int(output[start:end].split(b" ")[2])
            yield output[end + 1 : end + 1 + size]
            # Each content is followed by a line break.
            start = end + 1 + size + 1


def _sha_of_file(entries: _Entries, path: str) -> str:
    """Return the SHA of a file's content, or "" if the file does not exist.

    Raises GitOpsError if it is not a file, or too long.
    """
    for above in _above(path):
        if above in entries and entries[above].mode != _FOLDER_MODE:
            raise GitOpsError(f"{above} is {_WORDS.get(entries[above].mode, 'a file')} in the repository, not a folder")
    entry = entries.get(path)
    if entry is None:
        return ""
    if not entry.is_file:
        kind = _WORDS.get(entry.mode, "another object")
        raise GitOpsError(f"{path} is {kind} in the repository, not a file; remove it there")
    if entry.size > SIZE_LIMIT:
        raise GitOpsError(
            f"{path} has {entry.size} bytes in the repository, and more than {SIZE_LIMIT} are not read; remove it there"
        )
    return entry.sha


def _above(path: str) -> list[str]:
    """Return the parent folders of `path`, starting at the root."""
    return [str(parent) for parent in reversed(PurePosixPath(path).parents) if str(parent) != "."]
