"""Repositories as they were fetched, in a folder that both controllers use: one mirror and one artifact for each.

The original serves artifacts over HTTP; here only their names in the status are as if.
"""

from __future__ import annotations

import hashlib
import shutil
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from controller.apimachinery.timestamps import to_time
from hack.standins.flux.repository import GitRepository, Reference
from hack.standins.git.commands import Git, GitError, rewrite
from hack.standins.git.trees import unpack

HOST = "http://source-controller.flux-system.svc.cluster.local."


class ReferenceMissing(Exception):
    """The repository exists, but not the reference in it."""


class Artifacts:
    """Thread-safe, as long as each repository is fetched by one worker at a time."""

    def __init__(self, *, git: Git, folder: Path, rewrites: Sequence[tuple[str, str]]) -> None:
        """`rewrites`: (prefix, replacement) of URLs, as git's insteadOf."""
        self._git = git
        self._folder = folder
        self._rewrites = tuple(rewrites)
        self._lock = threading.Lock()
        # Key -> the URL that its mirror is of.
        self._mirrored: dict[str, str] = {}

    def fetch(self, repository: GitRepository) -> str:
        """Fetch everything, and return the commit of the reference. Raises GitError, ReferenceMissing."""
        mirror = self._mirror(repository.key)
        with self._lock:
            known = self._mirrored.get(repository.key) == repository.url
        if known:
            self._git.fetch(mirror)
        else:
            shutil.rmtree(mirror, ignore_errors=True)
            self._git.clone_mirror(rewrite(repository.url, self._rewrites), mirror)
            with self._lock:
                self._mirrored[repository.key] = repository.url
        return self._resolve(mirror, repository.reference)

    def store(self, repository: GitRepository, sha: str) -> dict[str, Any]:
        """Keep the tree of a commit, and nothing older; `status.artifact`. Raises GitError."""
        target = self._archive(repository.key, sha)
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_suffix(".new")
        self._git.archive(self._mirror(repository.key), sha, draft)
        draft.replace(target)
        for old in set(target.parent.iterdir()) - {target}:
            old.unlink()
        content = target.read_bytes()
        path = f"gitrepository/{repository.key}/{sha}.tar.gz"
        return {
            "digest": f"sha256:{hashlib.sha256(content).hexdigest()}",
            "lastUpdateTime": to_time(datetime.now(UTC)),
            "path": path,
            "revision": repository.reference.revision(sha),
            "size": len(content),
            "url": f"{HOST}/{path}",
        }

    def holds(self, key: str, artifact: Mapping[str, Any]) -> bool:
        """Whether an artifact is still there."""
        return self._archive(key, _sha(artifact)).exists()

    def unpack(self, key: str, artifact: Mapping[str, Any], folder: Path) -> None:
        """Unpack an artifact into an existing folder. Raises GitError, also when the artifact is gone."""
        try:
            unpack(self._archive(key, _sha(artifact)), folder)
        except FileNotFoundError as error:
            raise GitError("artifact not found") from error

    def remove(self, key: str) -> None:
        """Forget everything of a repository."""
        with self._lock:
            self._mirrored.pop(key, None)
        shutil.rmtree(self._mirror(key), ignore_errors=True)
        shutil.rmtree(self._archive(key, "").parent, ignore_errors=True)

    def _resolve(self, mirror: Path, reference: Reference) -> str:
        wanted = f"{reference.commit}^{{commit}}" if reference.commit else reference.full_name
        try:
            return self._git.resolve(mirror, wanted)
        except GitError as error:
            raise ReferenceMissing from error

    def _mirror(self, key: str) -> Path:
        return self._folder / "mirrors" / f"{key}.git"

    def _archive(self, key: str, sha: str) -> Path:
        return self._folder / "artifacts" / key / f"{sha}.tar"


def _sha(artifact: Mapping[str, Any]) -> str:
    return str(artifact["path"]).rpartition("/")[2].removesuffix(".tar.gz")
