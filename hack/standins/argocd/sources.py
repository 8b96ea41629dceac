"""The manifests of a folder in a git repository, at a commit."""

from __future__ import annotations

import fnmatch
import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from controller.apimachinery.objects import Object
from hack.standins.git.commands import Git, GitError, rewrite
from hack.standins.git.trees import unpack

_ENDINGS = (".yaml", ".yml", ".json")
# A file with all of these is taken for a manifest.
_MARKS = ("apiVersion:", "kind:", "metadata:")


class SourceError(Exception):
    """The manifests cannot be read; the text goes into the Application's status. `revision`: the commit, if known."""

    def __init__(self, text: str, revision: str = "") -> None:
        super().__init__(text)
        self.revision = revision


class _NotAnObject(Exception):
    """A YAML document is something other than an object of Kubernetes."""


@dataclass(frozen=True, slots=True)
class Manifests:
    """The objects of a folder at a commit."""

    revision: str
    objects: tuple[Object, ...]


class Sources:
    """Reads manifests. Not thread-safe. Keeps what was read at a commit until a newer commit arrives."""

    def __init__(self, *, git: Git, folder: Path, rewrites: Sequence[tuple[str, str]]) -> None:
        """`rewrites`: (prefix, replacement) of URLs, as git's insteadOf."""
        self._git = git
        self._folder = folder
        self._rewrites = tuple(rewrites)
        # Application -> the source that was read, and what was in it.
        self._read: dict[str, tuple[Mapping[str, Any], Manifests]] = {}

    def read(self, key: str, source: Mapping[str, Any]) -> Manifests:
        """Fetch the repository of Application `key`, and read its folder. Raises SourceError."""
        try:
            mirror = self._fetched(str(source.get("repoURL") or ""))
            revision = self._git.resolve(mirror, str(source.get("targetRevision") or "HEAD"))
        except GitError as error:
            raise SourceError(str(error)) from error
        known_source, known = self._read.get(key, ({}, None))
        if known is None or known_source != source or known.revision != revision:
            try:
                known = Manifests(revision, tuple(self._objects(mirror, revision, source)))
            except GitError as error:
                raise SourceError(str(error), revision) from error
            self._read[key] = (dict(source), known)
        return known

    def _fetched(self, url: str) -> Path:
        mirror = self._folder / f"{hashlib.sha256(url.encode()).hexdigest()[:12]}.git"
        if mirror.exists():
            self._git.fetch(mirror)
        else:
            self._git.clone_mirror(rewrite(url, self._rewrites), mirror)
        return mirror

    def _objects(self, mirror: Path, revision: str, source: Mapping[str, Any]) -> list[Object]:
        path = str(source.get("path") or ".")
        with tempfile.TemporaryDirectory() as scratch:
            archive, tree = Path(scratch, "tree.tar"), Path(scratch, "tree")
            tree.mkdir()
            self._git.archive(mirror, revision, archive)
            unpack(archive, tree)
            root = tree / path
            # git stores no empty folders: without a placeholder file, the folder disappears with its last environment.
            if not root.is_dir():
                raise SourceError(f"{path}: app path does not exist", revision)
            directory = source.get("directory") or {}
            files = sorted(root.rglob("*") if directory.get("recurse") else root.glob("*"))
            return [
                obj
                for file in files
                if file.is_file() and _is_wanted(file.relative_to(root).as_posix(), directory)
                for obj in _parse(file, revision)
            ]


def _is_wanted(path: str, directory: Mapping[str, Any]) -> bool:
    if not path.endswith(_ENDINGS):
        return False
    include, exclude = directory.get("include"), directory.get("exclude")
    if exclude and _matches(path, str(exclude)):
        return False
    return not include or _matches(path, str(include))


def _matches(path: str, glob: str) -> bool:
    return fnmatch.fnmatchcase(path, glob) or fnmatch.fnmatchcase(PurePosixPath(path).name, glob)


def _parse(file: Path, revision: str) -> list[Object]:
    """The objects of a file. One that is broken is an error only if it seems to contain objects; else it is ignored."""
    text = file.read_text(errors="replace")
    found: list[Object] = []
    try:
        for document in yaml.safe_load_all(text):
            if document is None:
                continue
            if not isinstance(document, dict) or not document.get("kind"):
                raise _NotAnObject("Object 'Kind' is missing")
            found.append(document)
    except (yaml.YAMLError, _NotAnObject) as error:
        if found or all(words in text for words in _MARKS):
            raise SourceError(f'Failed to unmarshal "{file.name}": {error}', revision) from error
    return found
