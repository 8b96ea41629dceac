"""Records each write in the memory of corrections, and informs users about corrections that do not last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import structlog

from controller.apimachinery.objects import Object
from controller.environment.decision import Stop, Wait
from controller.environment.drift import reports
from controller.environment.drift.attempts import (
    USUAL,
    Attempts,
    Contest,
    Correction,
    Write,
    correction,
    digest,
    fingerprint,
)
from controller.environment.drift.comparison import differences
from controller.environment.drift.corrections import Corrections
from controller.environment.drift.pacing import find, question
from controller.environment.effects import Emit, EventType, Patch, Question, Target
from controller.environment.observation import Answer
from controller.environment.plan import STATUS, Phase

log = structlog.get_logger(__name__)


class Cluster(Protocol):
    """The part of the applier that is used here."""

    def read(self, subject: Question) -> Answer:
        """A live read."""
        ...

    def emit(self, event: Emit, environment: Object) -> None:
        """Post an Event on the environment."""
        ...


class Bookkeeper:
    """See the module. Each `key` is that of an environment."""

    def __init__(self, *, corrections: Corrections, cluster: Cluster) -> None:
        self._corrections = corrections
        self._cluster = cluster

    def begin(self, key: str, life: str) -> None:
        """Begin a reconcile. If the `life` of the environment is another one than before, the memory starts empty."""
        self._corrections.begin(key, life)

    def of(self, key: str) -> Mapping[Correction, Attempts]:
        """Return what is known about the environment's corrections now."""
        return self._corrections.of(key)

    def wrote(self, key: str, environment: Object, phase: Phase, effect: Write, answer: Object | None) -> bool:
        """Record a write. Return whether its answer shows that the API server did not take all of it."""
        written = correction(phase.name, effect)
        assert written is not None, "every write is paced"
        found = differences(effect, answer) if answer is not None else ()
        lost = reports.lost(effect.target, found) if found else None
        is_news = self._corrections.wrote(
            key, written, fingerprint(effect), lost=lost, replaces_opposite=phase.spec_decides_existence
        )
        if is_news and lost:
            self._announce(environment, lost)
        return lost is not None

    def refused(self, key: str, phase: Phase, effect: Write, decision: Stop | Wait) -> None:
        """Record that the API server refused a write, and what was decided then."""
        written = correction(phase.name, effect)
        assert written is not None, "every write is paced"
        self._corrections.refused(key, written, fingerprint(effect), decision)

    def refusal(self, key: str, phase: Phase, effect: Write) -> Stop | Wait | None:
        """Return what was decided when the same write was refused; None if it may be sent again now."""
        if not self._corrections.has_refusals(key):
            return None
        written = correction(phase.name, effect)
        assert written is not None, "every write is paced"
        return self._corrections.refusal(key, written, fingerprint(effect))

    def found(self, key: str, environment: Object, contests: Mapping[Correction, Contest]) -> None:
        """Record who undoes our corrections, and post an Event about each new contest."""
        for contested, contest in contests.items():
            if self._corrections.contested(key, contested, contest):
                self._announce(environment, contest)

    def recheck(self, key: str) -> list[float]:
        """Return the seconds until contested corrections are due, and until reports expire. No watch shows either."""
        return [
            attempts.wait if attempts.lost and attempts.wait > 0 else attempts.left
            for attempts in self._corrections.contests(key)
        ]

    # The write of the status is not an effect of a phase, but it is paced as well.

    def status_wait(
        self, key: str, environment: Object, target: Target, wanted: Mapping[str, Any], patch: Mapping[str, Any]
    ) -> float:
        """Return the seconds until the same status may be written again; 0 if it need not wait.

        `wanted` is the whole status without its times.
        """
        written = Correction(STATUS, target)
        attempts = self.of(key).get(written)
        if attempts is None or attempts.wanted != digest(wanted):
            return 0.0
        if attempts.writes >= USUAL and attempts.contest is None:
            live = find(self._cluster.read(question(target)), target)
            if found := differences(_status_patch(target, patch), live or {}):
                self.found(key, environment, {written: reports.reverted(target, found, live or {})})
        return attempts.wait

    def wrote_status(
        self,
        key: str,
        environment: Object,
        target: Target,
        wanted: Mapping[str, Any],
        patch: Mapping[str, Any],
        answer: Object,
    ) -> None:
        """Record a write of the status, as `wrote` does for others."""
        found = differences(_status_patch(target, patch), answer)
        lost = reports.lost(target, found) if found else None
        if self._corrections.wrote(key, Correction(STATUS, target), digest(wanted), lost=lost) and lost:
            self._announce(environment, lost)

    def _announce(self, environment: Object, contest: Contest) -> None:
        log.warning("object contested", reason=contest.reason, message=contest.message)
        self._cluster.emit(Emit(EventType.WARNING, contest.reason, "Correct", contest.message), environment)


def _status_patch(target: Target, patch: Mapping[str, Any]) -> Patch:
    return Patch(target, {"status": patch})
