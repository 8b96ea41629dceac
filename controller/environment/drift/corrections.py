"""The memory of earlier corrections. It is empty after a restart, which costs a few writes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from controller.environment.decision import Stop, Wait
from controller.environment.drift.attempts import QUIET, Attempts, Contest, Correction, Path, delay


@dataclass(frozen=True, slots=True)
class _Entry:
    wanted: str
    writes: int
    last: float
    lost: tuple[Path, ...] = ()
    contest: Contest | None = None
    # What an Event has reported already. It stays if the wanted content changes.
    announced: Contest | None = None
    replaces_opposite: bool = False


@dataclass(frozen=True, slots=True)
class _Refused:
    wanted: str
    times: int
    last: float
    decision: Stop | Wait


class Corrections:
    """The corrections of each environment, by its key. `now` returns monotonic seconds. Thread-safe."""

    def __init__(self, *, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._entries: dict[str, dict[Correction, _Entry]] = {}
        self._refused: dict[str, dict[Correction, _Refused]] = {}
        self._lives: dict[str, str] = {}

    def begin(self, key: str, life: str) -> None:
        """Forget what was written for an earlier `life` of the environment."""
        with self._lock:
            if self._lives.get(key) != life:
                self._entries.pop(key, None)
                self._refused.pop(key, None)
                self._lives[key] = life

    def of(self, key: str) -> Mapping[Correction, Attempts]:
        """Return what is known about the environment's corrections now."""
        now = self._now()
        with self._lock:
            entries = self._recent_locked(key, now)
        return {correction: _attempts(entry, now) for correction, entry in entries.items()}

    def contests(self, key: str) -> tuple[Attempts, ...]:
        """Return what is known about those corrections that another client undoes."""
        now = self._now()
        with self._lock:
            entries = self._recent_locked(key, now)
        return tuple(_attempts(entry, now) for entry in entries.values() if entry.contest)

    def wrote(
        self,
        key: str,
        correction: Correction,
        wanted: str,
        *,
        lost: Contest | None = None,
        replaces_opposite: bool = False,
    ) -> bool:
        """Record a write. Return whether `lost` is news, so that it has to be reported.

        Args:
            key: the environment's.
            correction: what the write belongs to.
            wanted: the write's fingerprint. If it differs from the one before, the memory starts over.
            lost: the fields that have another value in the answer to the write.
            replaces_opposite: whether a write that creates ends the memory of deletions, and the other way round.
        """
        now = self._now()
        with self._lock:
            self._refused.get(key, {}).pop(correction, None)
            entries = self._recent_locked(key, now)
            if replaces_opposite:
                entries = {k: entry for k, entry in entries.items() if not _is_opposite(k, entry, correction)}
            before = entries.get(correction, _Entry(wanted, 0, now))
            if before.wanted != wanted:
                before = _Entry(wanted, 0, now, announced=before.announced)
            # If the server now takes what it did not take before, the contest is over. If it took the write before and
            # another client undid it, the contest continues.
            settled = bool(before.lost) and lost is None
            known, announced = (None, None) if settled else (before.contest, before.announced)
            news = lost is not None and not _same(announced, lost)
            entries[correction] = _Entry(
                wanted,
                before.writes + 1,
                now,
                lost=lost.fields if lost else (),
                contest=known if _same(known, lost) else lost or known,
                announced=lost if news else announced,
                replaces_opposite=replaces_opposite,
            )
            self._entries[key] = entries
        return news

    def refused(self, key: str, correction: Correction, wanted: str, decision: Stop | Wait) -> None:
        """Record that the API server refused a write, and what was decided then."""
        now = self._now()
        with self._lock:
            found = self._refused.setdefault(key, {})
            before = found.get(correction)
            times = before.times if before is not None and before.wanted == wanted else 0
            found[correction] = _Refused(wanted, times + 1, now, decision)

    def has_refusals(self, key: str) -> bool:
        """Return whether the API server refused any write for the environment."""
        with self._lock:
            return bool(self._refused.get(key))

    def refusal(self, key: str, correction: Correction, wanted: str) -> Stop | Wait | None:
        """Return what was decided when the same write was refused, with the seconds until it may be sent again.

        None if it may be sent now. The wait is never longer than that decision says.
        """
        with self._lock:
            found = self._refused.get(key, {}).get(correction)
        if found is None or found.wanted != wanted:
            return None
        pause = delay(found.times)
        if found.decision.recheck_after is not None:
            pause = min(pause, found.decision.recheck_after)
        left = found.last + pause - self._now()
        return replace(found.decision, recheck_after=left) if left > 0 else None

    def contested(self, key: str, correction: Correction, contest: Contest) -> bool:
        """Record who undoes a correction. Return whether that is news."""
        with self._lock:
            entries = self._entries.get(key, {})
            entry = entries.get(correction)
            if entry is None or _same(entry.contest, contest):
                return False
            news = not _same(entry.announced, contest)
            entries[correction] = replace(entry, contest=contest, announced=contest)
        return news

    def forget(self, key: str) -> None:
        """Forget the environment."""
        with self._lock:
            self._entries.pop(key, None)
            self._refused.pop(key, None)
            self._lives.pop(key, None)

    def _recent_locked(self, key: str, now: float) -> dict[Correction, _Entry]:
        found = self._entries.get(key)
        if not found:
            return {}
        recent = {correction: entry for correction, entry in found.items() if now - entry.last < QUIET}
        if recent:
            self._entries[key] = recent
        else:
            self._entries.pop(key, None)
        return recent


def _attempts(entry: _Entry, now: float) -> Attempts:
    return Attempts(
        wanted=entry.wanted,
        writes=entry.writes,
        wait=max(0.0, entry.last + delay(entry.writes) - now),
        left=entry.last + QUIET - now,
        lost=entry.lost,
        contest=entry.contest,
    )


def _is_opposite(other: Correction, entry: _Entry, correction: Correction) -> bool:
    """Return whether `other` deleted an object that is wanted now, or the other way round."""
    return entry.replaces_opposite and other.target == correction.target and other.absent != correction.absent


def _same(known: Contest | None, contest: Contest | None) -> bool:
    # Others may write another value each time. A report for each of them would flood the status and the Events.
    return (
        known is not None and contest is not None and (known.reason, known.fields) == (contest.reason, contest.fields)
    )
