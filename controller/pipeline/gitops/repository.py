"""The newest state of one branch, and a commit on top of it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from controller.pipeline.gitops.commits import Author, stream
from controller.pipeline.gitops.errors import GitOpsError, OutOfTime
from controller.pipeline.gitops.git import Git

_FILE_MODES: Final = ("100644", "100755")
_FOLDER_MODE: Final = "040000"
_WORDS: Final = {"120000": "a symbolic link", "160000": "a submodule", _FOLDER_MODE: "a folder"}
_TIP: Final = "refs/tip"
_NEXT: Final = "refs/next"
# Mode and SHA, by path.
_Entries = Mapping[str, tuple[str, str]]


class Branch:
    """A branch of the remote at `url`. `fetch` first, and again after each push that was refused."""

    def __init__(self, *, git: Git, url: str, name: str, author: Author, signing_key: Path | None = None) -> None:
        """`signing_key` is the file of a private key of ssh; None leaves commits unsigned."""
        self._signing_key = signing_key
        self._git = git
        self._url = url
        self._ref = f"refs/heads/{name}"
        self._author = author

    def fetch(self) -> None:
        """Look at the remote's newest commit: that one alone, without its history."""
        self._git.run(
            *("fetch", "--quiet", "--depth=1", "--no-tags", "--no-auto-gc", "--no-recurse-submodules"),
            *("--", self._url, f"+{self._ref}:{_TIP}"),
            doing="the repository does not answer",
        )

    def read(self, paths: Iterable[str], *, folder: str) -> tuple[dict[str, bytes], frozenset[str]]:
        """Contents of the files at `paths`, where there are such, and the names of all that lies in `folder`.

        The root, ".", has no names. GitOpsError: something that is no file is in the place of one, or something that is
        no folder is on the way to it.
        """
        paths = tuple(paths)
        entries = self._entries(paths, folder)
        shas = {path: sha for path in paths if (sha := _sha_of_file(entries, path))}
        names = frozenset(PurePosixPath(path).name for path in entries if str(PurePosixPath(path).parent) == folder)
        contents = dict(zip(shas, self._contents(list(shas.values())), strict=True))
        return contents, names if folder != "." else frozenset()

    def documents(self, folder: str, *, ending: str) -> dict[str, bytes]:
        """Contents of the files in `folder` whose names have that ending, by name."""
        listed = self._listed([] if folder == "." else [f"{folder}/"])
        shas = {
            PurePosixPath(path).name: sha
            for path, (mode, sha) in listed.items()
            if mode in _FILE_MODES and path.endswith(ending)
        }
        return dict(zip(shas, self._contents(list(shas.values())), strict=True))

    def commit(self, changes: Mapping[str, bytes | None], *, message: str) -> None:
        """Prepare a commit with new contents of files (None removes one); `push` brings it to the remote."""
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
        """Make the prepared commit the branch's newest. Raises LostRace when it is no longer on top of that."""
        self._git.run(
            *("push", "--porcelain", "--no-verify", "--no-follow-tags", "--recurse-submodules=no"),
            *("--", self._url, f"{_NEXT}:{self._ref}"),
            doing="the repository does not take the push",
        )

    def _sign(self, message: str, key: Path) -> None:
        # fast-import cannot sign, so git's commit-tree makes its commit again, signed.
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
                "the commit cannot be signed: --signing-key-file has to hold a private key of ssh without a "
                f"passphrase, and ssh-keygen has to be installed ({error})"
            ) from error
        self._git.run("update-ref", _NEXT, signed.decode().strip())

    def _entries(self, paths: tuple[str, ...], folder: str) -> _Entries:
        asked = dict.fromkeys(above for path in paths for above in [*_above(path), path])
        listing = [] if folder == "." else [f"{folder}/"]
        return self._listed([*listing, *asked])

    def _listed(self, paths: Iterable[str]) -> _Entries:
        output = self._git.run("ls-tree", "-z", "-t", _TIP, "--", *paths).decode(errors="surrogateescape")
        entries = {}
        for line in output.split("\0"):
            if line:
                facts, _, path = line.partition("\t")
                mode, _, sha = facts.split(" ")
                entries[path] = (mode, sha)
        return entries

    def _contents(self, shas: list[str]) -> Iterator[bytes]:
        if not shas:
            return
        output = self._git.run("cat-file", "--batch", feed="".join(f"{sha}\n" for sha in shas).encode())
        for _ in shas:
            head, _, output = output.partition(b"\n")
            size = int(head.split(b" ")[2])
            yield output[:size]
            output = output[size + 1 :]


def _sha_of_file(entries: _Entries, path: str) -> str:
    """The SHA of a file's content, or "" where there is none."""
    for above in _above(path):
        if above in entries and entries[above][0] != _FOLDER_MODE:
            raise GitOpsError(f"{above} is {_WORDS.get(entries[above][0], 'a file')} in the repository, not a folder")
    mode, sha = entries.get(path, ("", ""))
    if mode and mode not in _FILE_MODES:
        raise GitOpsError(f"{path} is {_WORDS.get(mode, 'no file')} in the repository, not a file; remove it there")
    return sha


def _above(path: str) -> list[str]:
    """The folders that lead to `path`, from the root on."""
    return [str(parent) for parent in reversed(PurePosixPath(path).parents) if str(parent) != "."]
