"""What is to be changed in the GitOps repository's folder: decided from what lies there, without touching anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from controller.apimachinery import names
from controller.pipeline.gitops import tombstone
from controller.pipeline.gitops.errors import GitOpsError
from controller.pipeline.gitops.origin import Origin
from controller.pipeline.gitops.tombstone import Tombstone

KEEP: Final = ".gitkeep"


class Outcome(StrEnum):
    """What came of a publish or a retire."""

    PUBLISHED = "published"
    RETIRED = "retired"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Places:
    """Where an environment's files lie. `folder` is relative to the repository's root, "." for the root itself."""

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
    """What lies there now.

    Attributes:
        file: the environment's file, or None.
        origin: what that file says of its origin, or None where it cannot be read.
        tombstone: the environment's tombstone, or None.
        others: whether anything else keeps the folder.
    """

    file: bytes | None = None
    origin: Origin | None = None
    tombstone: Tombstone | None = None
    others: bool = True


@dataclass(frozen=True, slots=True)
class Change:
    """What to do.

    Attributes:
        reason: a sentence for people.
        writes: new contents of files, None for one that is removed.
    """

    outcome: Outcome
    reason: str
    writes: Mapping[str, bytes | None] = field(default_factory=dict)


def folder(text: str) -> str:
    """A folder of the repository in the form that `Places` has it. ValueError: it could lead elsewhere."""
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if text.startswith("/") or ".." in parts or any(part.lower() == ".git" for part in parts):
        raise ValueError(f"{text!a} is no folder of the repository: write it relative to its root, without '..'")
    if not text.isprintable() or "\\" in text:
        raise ValueError(f"{text!a} is no folder of the repository: write it with letters and /")
    return "/".join(parts) or "."


def places(folder: str, name: str) -> Places:
    """The places of environment `name` in a result of `folder`. ValueError: it is no name."""
    if not names.is_dns_label(name):
        raise ValueError(f"{name!a} is no name of an environment: use at most 63 of a-z, 0-9 and -")
    return Places(folder, name)


def publish(content: Content, *, places: Places, document: bytes, source: Origin, revive: bool, time: str) -> Change:
    """Put the environment's `document`, which comes from `source`, into the folder.

    `time` is when what led to this happened; `revive` overrules a tombstone. GitOpsError: the place is somebody else's.
    """
    if content.file is not None:
        _refuse_foreign(content.origin, source, places)
    writes: dict[str, bytes | None] = {}
    if content.tombstone is not None and not content.tombstone.origin.contradicts(source):
        if content.tombstone.outlives(source, time=time) and not revive:
            return Change(
                Outcome.RETIRED,
                f"{places.name} was retired ({places.tombstone}), so it is not published; a pull request that was "
                "reopened is told by a later --event-time or by --revive",
            )
        writes[places.tombstone] = None
    if content.file != document:
        writes[places.file] = document
    if not writes:
        return Change(Outcome.UNCHANGED, f"{places.file} is as it should be")
    return Change(Outcome.PUBLISHED, f"{places.file} is published", writes)


def retire(content: Content, *, places: Places, source: Origin, time: str) -> Change:
    """Take the environment out of the folder and leave a tombstone, whether or not it is there."""
    if content.origin is not None and content.origin.contradicts(source):
        return Change(Outcome.UNCHANGED, f"{places.file} is left alone: it belongs to {_words(content.origin)}")
    writes: dict[str, bytes | None] = {}
    stone = Tombstone(_known(source, content.origin), time)
    if content.file is not None:
        writes[places.file] = None
    if content.tombstone is None or not content.tombstone.outlives(stone.origin, time=time):
        writes[places.tombstone] = stone.text()
    if not writes:
        return Change(Outcome.UNCHANGED, f"{places.file} was retired before")
    if not content.others and places.folder != ".":
        # git keeps no empty folder, and Argo CD fails where its folder is gone.
        writes[places.keep] = b""
    return Change(Outcome.RETIRED, f"{places.file} is retired", writes)


def _refuse_foreign(present: Origin | None, source: Origin, places: Places) -> None:
    if present is None:
        raise GitOpsError(f"{places.file} is there already, but cannot be read: repair it, or remove it")
    if present.repository != source.repository:
        raise GitOpsError(
            f"{places.file} is there already and belongs to {_words(present)}, not to {_words(source)}: choose another "
            "name with --name-template, another folder with --path, or remove that file"
        )


def _known(source: Origin, present: Origin | None) -> Origin:
    present = present or Origin()
    return Origin(source.repository or present.repository, source.pull_request or present.pull_request)


def _words(source: Origin) -> str:
    repository = f"the repository {source.repository}" if source.repository else "a repository that it does not name"
    return f"pull request {source.pull_request} of {repository}" if source.pull_request else repository
