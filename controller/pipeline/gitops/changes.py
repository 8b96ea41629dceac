"""What is to be changed in the GitOps repository's folder: decided from what lies there, without touching anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from controller.apimachinery import names
from controller.pipeline.gitops import tombstone
from controller.pipeline.gitops.document import with_kept_release
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
        kin: names of other environments in the folder that are surely of the same pull request. Its repository had
            another name when they were made.
    """

    file: bytes | None = None
    origin: Origin | None = None
    tombstone: Tombstone | None = None
    others: bool = True
    kin: frozenset[str] = frozenset()


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
        document = with_kept_release(document, content.file)
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
    """Take the environment out of the folder and leave a tombstone, whether or not it is there.

    The same happens to environments of this pull request under other names, from when the repository had another name.
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
        words = "was retired before" if owner is None else f"is left alone: it belongs to {_owner(owner, source)}"
        return Change(Outcome.UNCHANGED, f"{places.file} {words}")
    if not content.others and places.folder != ".":
        # git keeps no empty folder, and Argo CD fails where its folder is gone.
        writes[places.keep] = b""
    gone = [place.file for place in ([places, *kin] if content.file is not None and owner is None else kin)]
    if not gone:
        return Change(Outcome.RETIRED, f"there is no {places.file}; a build that ends later will not bring it", writes)
    words = f"{' and '.join(gone)} {'are' if len(gone) > 1 else 'is'} retired"
    return Change(Outcome.RETIRED, f"{words}; its repository had another name" if kin else words, writes)


def _refuse_foreign(present: Origin | None, source: Origin, places: Places) -> None:
    if present is None:
        raise GitOpsError(f"{places.file} is there already, but cannot be read: repair it, or remove it")
    if not present.is_of_same_repository(source):
        raise GitOpsError(
            f"{places.file} is there already and belongs to {_owner(present, source)}: choose another "
            "name with --name-template, another folder with --path, or remove that file"
        )


def _known(source: Origin, present: Origin | None) -> Origin:
    present = present or Origin()
    return Origin(
        source.repository or present.repository,
        source.pull_request or present.pull_request,
        source.repository_id or present.repository_id,
    )


def _owner(present: Origin, source: Origin) -> str:
    """Whose a file is, and whose it is not."""
    one, other = _words(present), _words(source)
    if one == other:
        # A new repository has taken the place of one that was removed, renamed or moved.
        one, other = (f"{one} (repository number {each.repository_id or 'unknown'})" for each in (present, source))
    return f"{one}, not to {other}"


def _words(source: Origin) -> str:
    repository = f"the repository {source.repository}" if source.repository else "a repository that it does not name"
    return f"pull request {source.pull_request} of {repository}" if source.pull_request else repository
