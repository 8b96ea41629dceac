"""Local mirrors of git repositories: cloned in the background after a delay, polled, and shared by all users of a URL.

The delay matters: the original operator has no mirror yet when it first sees a repository, and reports a failure.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from controller.apimachinery.threads import start_thread
from hack.standins.git.commands import Git, GitError, rewrite
from hack.standins.git.trees import unpack

NOT_CLONED = "git repo has not been cloned yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorTimes:
    """All in seconds.

    Attributes:
        delay: from the request for a mirror to the start of its clone.
        retry: from a failed clone or fetch to the next try.
        poll: between two fetches.
    """

    delay: float
    retry: float
    poll: float


class Mirror:
    """One repository's mirror and the thread that keeps it fresh. `on_change` is called after each clone and fetch."""

    def __init__(
        self, *, url: str, folder: Path, git: Git, times: MirrorTimes, on_change: Callable[[], None], name: str
    ) -> None:
        self._url = url
        self._folder = folder
        self._git = git
        self._times = times
        self._on_change = on_change
        self._stop = threading.Event()
        self._fetching = threading.Lock()
        self._error = NOT_CLONED
        self._cloned = False
        self._thread = start_thread(f"mirror {name}", self._run)

    @property
    def error(self) -> str:
        """Why the mirror is not usable now, or ""."""
        return self._error

    def refresh(self) -> None:
        """Fetch now, in the caller's thread, unless the first clone is yet to come."""
        if self._cloned:
            self.update()

    def update(self) -> None:
        """Clone or fetch now, in the caller's thread; a failure shows in `error`."""
        with self._fetching:
            try:
                if not self._cloned:
                    shutil.rmtree(self._folder, ignore_errors=True)
                    self._git.clone_mirror(self._url, self._folder)
                    self._cloned = True
                else:
                    self._git.fetch(self._folder)
            except GitError as error:
                self._error = str(error)
            else:
                self._error = ""

    def resolve(self, ref: str) -> str:
        """The commit SHA of a ref. Raises GitError."""
        return self._git.resolve(self._folder, ref)

    def changed_files(self, old: str, new: str, path: str) -> list[str]:
        """See `Git.changed_files`. Raises GitError."""
        return self._git.changed_files(self._folder, old, new, path)

    def export(self, sha: str, folder: Path) -> None:
        """Unpack the tree of a commit into an existing folder. Raises GitError."""
        with tempfile.TemporaryDirectory() as scratch:
            archive = Path(scratch, f"{sha}.tar")
            self._git.archive(self._folder, sha, archive)
            unpack(archive, folder)

    def stop(self, timeout: float) -> None:
        """End the thread; waits `timeout` seconds for a git command under way."""
        self._stop.set()
        if self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def _run(self) -> None:
        pause = self._times.delay
        while not self._stop.wait(pause):
            self.update()
            if self._error:
                pause = self._times.retry
            else:
                self._on_change()
                pause = self._times.poll


class Mirrors:
    """Mirrors by name; several names may mirror the same URL (with different credentials)."""

    def __init__(
        self,
        *,
        git: Git,
        folder: Path,
        rewrites: Sequence[tuple[str, str]],
        times: MirrorTimes,
        on_change: Callable[[str], None],
    ) -> None:
        """`on_change` is called with a mirror's name, from that mirror's thread."""
        self._git = git
        self._folder = folder
        self._rewrites = tuple(rewrites)
        self._times = times
        self._on_change = on_change
        self._lock = threading.Lock()
        self._mirrors: dict[str, Mirror] = {}
        self._started = 0

    def get(self, name: str) -> Mirror | None:
        """Return the mirror with this name, ready or not, or None if it was never requested."""
        with self._lock:
            return self._mirrors.get(name)

    def request(self, name: str, url: str) -> None:
        """Start mirroring `url` under `name`, unless that is done already."""
        with self._lock:
            if name in self._mirrors:
                return
            # Every mirror gets a new folder, because a stopped one may still be writing to the old folder.
            self._started += 1
            digest = hashlib.sha256(name.encode()).hexdigest()[:12]
            self._mirrors[name] = Mirror(
                url=rewrite(url, self._rewrites),
                folder=self._folder / f"{digest}-{self._started}.git",
                git=self._git,
                times=self._times,
                on_change=lambda: self._on_change(name),
                name=digest,
            )

    def stop_one(self, name: str) -> None:
        """Forget a mirror, so that the next request clones again. May be called from the mirror's own thread."""
        with self._lock:
            mirror = self._mirrors.pop(name, None)
        if mirror is not None:
            mirror.stop(timeout=0)

    def stop(self, timeout: float) -> None:
        """Stop all mirrors, each within `timeout` seconds."""
        with self._lock:
            mirrors = list(self._mirrors.values())
            self._mirrors.clear()
        for mirror in mirrors:
            mirror.stop(timeout)
