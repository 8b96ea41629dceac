"""Decides what to change in the folder of the GitOps repository, from its current content. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from controller.apimachinery import names
from controller.pipeline.gitops import tombstone
from controller.pipeline.gitops.document import with_kept_release
from controller.pipeline.gitops.failures import GitOpsError
from controller.pipeline.gitops.origin import Origin
from controller.pipeline.gitops.tombstone import Tombstone

KEEP: Final = ".gitkeep"


class Outcome(StrEnum):
    """The result of a publish or a retire."""

    PUBLISHED = "published"
    RETIRED = "retired"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Places:
    """The paths of an environment's files. `folder` is relative to the repository's root; "." is the root itself."""

    folder: str
    name: str

    @property
    def file(self) -> str:
        return self._in_folder(f"{self.name}.yaml")

    @property
    def tombstone(self) -> str:
        return self._in_folder(f"{tombstone.FOLDER}/{self.name}")

    @property
    def keep(self) -> str:
        return self._in_folder(KEEP)

    def _in_folder(self, path: str) -> str:
        return path if self.folder == "." else f"{self.folder}/{path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The current content of the folder, as far as it concerns one environment.

    Attributes:
        file: content of the environment's file, or None if it does not exist.
        origin: the origin that this file names, or None if the file is absent or cannot be read.
        tombstone: the environment's tombstone, or None if it does not exist.
        others: whether the folder holds other files, so that git keeps the folder.
        kin: names of other environments in the folder that certainly belong to the same pull request. They were
            published before its repository was renamed.
    """

    file: bytes | None = None
    origin: Origin | None = None
    tombstone: Tombstone | None = None
    others: bool = True
    kin: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Change:
    """The change to make.

    Attributes:
        reason: a sentence for users.
        writes: new content by path; None removes the file.
    """

    outcome: Outcome
    reason: str
    writes: Mapping[str, bytes | None] = field(default_factory=dict)


def folder(text: str) -> str:
    """Return a folder in the normalized form of `Places.folder`. Raises ValueError if it could lead elsewhere."""
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if text.startswith("/") or ".." in parts or any(part.lower() == ".git" for part in parts):
        raise ValueError(f"{text!a} is not a folder in the repository: use a relative path without '..' and '.git'")
    if not text.isprintable() or "\\" in text:
        raise ValueError(f"{text!a} is not a folder in the repository: use printable characters, and / between folders")
    return "/".join(parts) or "."


def places(folder: str, name: str) -> Places:
    """Return the paths of environment `name` in a result of `folder`. Raises ValueError if `name` is invalid."""
    if not names.is_dns_label(name):
        raise ValueError(f"{name!a} is not a valid environment name: use at most 63 characters of a-z, 0-9 and -")
    return Places(folder, name)


def publish(content: Content, *, places: Places, document: bytes, source: Origin, revive: bool, time: str) -> Change:
    """Return the change that publishes the environment's `document`, which comes from `source`.

    `time` is the timestamp of the webhook (RFC 3339, or ""). `revive` overrides a tombstone. Raises GitOpsError if the
    existing file cannot be read, or belongs to another repository.
    """
    if content.file is not None:
        _refuse_foreign(content.origin, source, places)
        document = with_kept_release(document, content.file)
    writes: dict[str, bytes | None] = {}
    if content.tombstone is not None and not content.tombstone.origin.contradicts(source):
        if content.tombstone.outlives(source, time=time) and not revive:
            return Change(
                Outcome.RETIRED,
                f"{places.name} was retired ({places.tombstone}), so it is not published; if the pull request was "
                "reopened, pass the time of that with --event-time, or pass --revive",
            )
        writes[places.tombstone] = None
    if content.file != document:
        writes[places.file] = document
    if not writes:
        return Change(Outcome.UNCHANGED, f"{places.file} is up to date")
    return Change(Outcome.PUBLISHED, f"{places.file} is published", writes)


def retire(content: Content, *, places: Places, source: Origin, time: str) -> Change:
    """Return the change that removes the environment and leaves a tombstone, even if the environment does not exist.

    Environments that the same pull request published before its repository was renamed are retired too.
    """
    writes: dict[str, bytes | None] = {}
    owner = content.origin if content.origin is not None and content.origin.contradicts(source) else None
    if owner is None:
        stone = Tombstone(_known(source, content.origin), time)
        if content.file is not None:
            writes[places.file] = None
        if content.tombstone is None or not content.tombstone.outlives(stone.origin, time=time):
            writes[places.tombstone] = stone.text()
    kin = [Places(places.folder, name) for name in sorted(content.kin)]
    for former in kin:
        writes[former.file] = None
        writes[former.tombstone] = Tombstone(source, time).text()
    if not writes:
        words = "is already retired" if owner is None else f"is not changed: it belongs to {_owner(owner, source)}"
        return Change(Outcome.UNCHANGED, f"{places.file} {words}")
    if not content.others and places.folder != ".":
        # git does not keep an empty folder, and Argo CD fails if its folder is gone.
        writes[places.keep] = b""
    gone = [place.file for place in ([places, *kin] if content.file is not None and owner is None else kin)]
    if not gone:
        reason = f"there is no {places.file}; its tombstone keeps later builds from publishing it"
        return Change(Outcome.RETIRED, reason, writes)
    words = f"{' and '.join(gone)} {'are' if len(gone) > 1 else 'is'} retired"
    return Change(Outcome.RETIRED, f"{words}; the repository was renamed" if kin else words, writes)


def _refuse_foreign(present: Origin | None, source: Origin, places: Places) -> None:
    if present is None:
        raise GitOpsError(f"{places.file} already exists, but cannot be read: repair it or remove it")
    if not present.is_of_same_repository(source):
        raise GitOpsError(
            f"{places.file} already exists and belongs to {_owner(present, source)}: choose another "
            "name with --name-template or another folder with --path, or remove that file"
        )


def _known(source: Origin, present: Origin | None) -> Origin:
    present = present or Origin()
    return Origin(
        source.repository or present.repository,
        source.pull_request or present.pull_request,
        source.repository_id or present.repository_id,
    )


def _owner(present: Origin, source: Origin) -> str:
    """Return "OWNER, not to SOURCE" for a message about the owner of a file."""
    one, other = _words(present), _words(source)
    if one == other:
        # A new repository uses the name of one that was deleted, renamed or moved.
        one, other = (f"{one} (repository ID {each.repository_id or 'unknown'})" for each in (present, source))
    return f"{one}, not to {other}"


def _words(source: Origin) -> str:
    repository = f"the repository {source.repository}" if source.repository else "an unnamed repository"
    return f"pull request {source.pull_request} of {repository}" if source.pull_request else repository
