"""Pushes one change to the GitOps repository while other pipelines push to it as well.

If somebody else pushes first, the change is not rebased. It is decided again from the new state. The history is the
same, and changes that others made to the same file are noticed. Pauses between attempts are random, so that many
pipelines do not keep colliding.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from controller.api.environment import REPOSITORY_ID_ANNOTATION
from controller.pipeline.gitops import credentials, document, origin, tombstone
from controller.pipeline.gitops.changes import Change, Content, Outcome, Places, retire
from controller.pipeline.gitops.commits import Author
from controller.pipeline.gitops.credentials import Credentials
from controller.pipeline.gitops.failures import GitOpsError, LostRace, Transient
from controller.pipeline.gitops.git import Deadline, Git
from controller.pipeline.gitops.origin import Origin
from controller.pipeline.gitops.remote import Remote
from controller.pipeline.gitops.repository import Branch

# Limits for attempts that lose a race, and for attempts that fail temporarily. The timeout usually ends the command
# before the first limit is reached.
_RACES: Final = 50
_TROUBLES: Final = 5
# Upper limits in seconds. After a lost race the other push is already done, while a server with a problem needs time.
_FIRST_PAUSE: Final = 0.2
_FIRST_PAUSE_IN_TROUBLE: Final = 1.0
_LONGEST_PAUSE: Final = 5.0
_LONGEST_PAUSE_IN_TROUBLE: Final = 10.0
_ENDING: Final = ".yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class PushTarget:
    """Where to push, and with which identity.

    Attributes:
        timeout: seconds for all attempts together.
    """

    remote: Remote
    branch: str
    credentials: Credentials
    author: Author
    timeout: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """An environment to retire.

    Attributes:
        content: its file, as it was when this was decided.
        source: the pull request that it belongs to.
        time: when that was closed (RFC 3339), for the tombstone.
    """

    content: bytes
    source: Origin
    time: str


def bring(
    target: PushTarget,
    places: Places,
    decide: Callable[[Content], Change],
    *,
    subject: str,
    kin_of: Origin | None = None,
    report: Callable[[str], None],
    rand: Callable[[], float] = random.random,
) -> Change:
    """Apply `decide` to the newest state of the branch, and push the result. Returns the change that was made.

    `subject` is the commit message. If `kin_of` is given, environments of this pull request under other names are found
    too. `report` is called with a line for each failed attempt. Raises GitOpsError.
    """
    return _bring(
        target, lambda branch: decide(_content(branch, places, kin_of)), subject=subject, report=report, rand=rand
    )


def documents(target: PushTarget, folder: str, *, report: Callable[[str], None]) -> Mapping[str, bytes | None]:
    """Return the files of environments in a folder, by the name before `.yaml`. Raises GitOpsError.

    A file that is too long has None for its content.
    """
    found: dict[str, bytes | None] = {}

    def read(branch: Branch) -> Change:
        found.clear()
        files = branch.documents(folder, ending=_ENDING)
        found.update((file.removesuffix(_ENDING), content) for file, content in files.items())
        return Change(Outcome.UNCHANGED, "only read")

    _bring(target, read, subject="", report=report)
    return found


def retire_all(
    target: PushTarget,
    folder: str,
    leaving: Mapping[str, Leaving],
    *,
    subject: str,
    report: Callable[[str], None],
) -> frozenset[str]:
    """Retire these environments by their names, in one commit. Returns the names of those that were retired.

    A file that has changed since it was read is left alone: its pull request may have been reopened meanwhile. Raises
    GitOpsError.
    """
    retired: frozenset[str] = frozenset()

    def decide(branch: Branch) -> Change:
        nonlocal retired
        where = {name: Places(folder, name) for name in leaving}
        paths = [path for places in where.values() for path in (places.file, places.tombstone)]
        present, names = branch.read(paths, folder=folder)
        same = {name for name, places in where.items() if present.get(places.file) == leaving[name].content}
        writes: dict[str, bytes | None] = {}
        for name in sorted(same):
            content = _parsed(present, where[name], names=names, leaving=same)
            one = leaving[name]
            writes |= retire(content, places=where[name], source=one.source, time=one.time).writes
        # What an earlier attempt has removed, whose answer was lost, is not there any more.
        retired = frozenset(same | {name for name in retired if where[name].file not in present})
        return Change(Outcome.RETIRED if writes else Outcome.UNCHANGED, f"{len(retired)} are retired", writes)

    _bring(target, decide, subject=subject, report=report)
    return retired


def _bring(
    target: PushTarget,
    decide: Callable[[Branch], Change],
    *,
    subject: str,
    report: Callable[[str], None],
    rand: Callable[[], float] = random.random,
) -> Change:
    deadline = Deadline(target.timeout)
    # A change whose push got no answer, so that it may have arrived.
    pushed: Change | None = None
    with _branch(target, deadline) as branch:
        races = troubles = 0
        while True:
            change: Change | None = None
            try:
                branch.fetch()
                change = decide(branch)
                if change.writes:
                    branch.commit(change.writes, message=f"{subject}\n")
                    branch.push()
                elif pushed is not None and change.outcome is Outcome.UNCHANGED:
                    return pushed
                return change
            except LostRace as error:
                races += 1
                if races >= _RACES:
                    raise GitOpsError(f"gave up because others pushed first {races} times in a row: {error}") from error
                deadline.trouble = "others pushed first"
                report("others pushed first; trying again on top of their commit")
                pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(races, 8))
            except Transient as error:
                pushed = change or pushed
                troubles += 1
                if troubles >= _TROUBLES:
                    raise GitOpsError(f"gave up after {troubles} attempts: {error}") from error
                deadline.trouble = str(error)
                report(f"{error}; trying again")
                pause = min(_LONGEST_PAUSE_IN_TROUBLE, _FIRST_PAUSE_IN_TROUBLE * 2 ** (troubles - 1))
            time.sleep(min(pause * rand(), deadline.remaining()))


@contextmanager
def _branch(target: PushTarget, deadline: Deadline) -> Iterator[Branch]:
    with TemporaryDirectory(prefix="tronador-") as folder:
        private = Path(folder)
        git = Git(
            folder=private,
            protocol=target.remote.protocol,
            extra=credentials.environment(target.credentials, target.remote, folder=private),
            deadline=deadline,
            secrets=target.credentials.secrets,
        )
        yield Branch(
            git=git,
            url=target.remote.url,
            name=target.branch,
            author=target.author,
            signing_key=credentials.signing_key(target.credentials, folder=private),
        )


def _content(branch: Branch, places: Places, kin_of: Origin | None) -> Content:
    contents, names = branch.read((places.file, places.tombstone), folder=places.folder)
    kin = _kin(branch, places, kin_of) if kin_of is not None and kin_of.repository_id else frozenset()
    return _parsed(contents, places, names=names, leaving={places.name, *kin}, kin=kin)


def _parsed(
    contents: Mapping[str, bytes],
    places: Places,
    *,
    names: frozenset[str],
    leaving: Iterable[str],
    kin: frozenset[str] = frozenset(),
) -> Content:
    """Return the content about one environment. `names` are all entries of the folder; `leaving` may go."""
    file, stone = contents.get(places.file), contents.get(places.tombstone)
    mine = {tombstone.FOLDER, *(f"{name}{_ENDING}" for name in leaving)}
    return Content(
        file=file,
        origin=_origin(file),
        tombstone=tombstone.parse(stone) if stone is not None else None,
        others=bool(names - mine),
        kin=kin,
    )


def _kin(branch: Branch, places: Places, source: Origin) -> frozenset[str]:
    # A folder can hold thousands of files, and parsing YAML is slow. So look for the ID in the bytes first.
    name, number = (re.escape(text.encode()) for text in (REPOSITORY_ID_ANNOTATION, source.repository_id))
    numbered = re.compile(rb"\b%s\W+%s\b" % (name, number))
    found = set()
    for file, content in branch.documents(places.folder, ending=_ENDING).items():
        if content is None or not numbered.search(content):
            continue
        environment, present = file.removesuffix(_ENDING), _origin(content)
        if environment != places.name and present is not None and present.is_same_by_number(source):
            found.add(environment)
    return frozenset(found)


def _origin(file: bytes | None) -> Origin | None:
    found = document.peek(file) if file is not None else None
    return origin.of(found.obj) if found is not None else None
