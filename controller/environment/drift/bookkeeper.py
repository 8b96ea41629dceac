"""Records each write in the memory of corrections, and informs people about corrections that do not last."""

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
    """What is asked of the applier."""

    def read(self, subject: Question) -> Answer:
        """A live read."""
        ...

    def emit(self, event: Emit, environment: Object) -> None:
        """Post an Event on the environment."""
        ...


class Bookkeeper:
    """See the module. Every `key` is an environment's."""

    def __init__(self, *, corrections: Corrections, cluster: Cluster) -> None:
        self._corrections = corrections
        self._cluster = cluster

    def begin(self, key: str, life: str) -> None:
        """Begin a reconcile; another `life` of the environment than before starts with an empty memory."""
        self._corrections.begin(key, life)

    def of(self, key: str) -> Mapping[Correction, Attempts]:
        """What is known of the environment's corrections, as of now."""
        return self._corrections.of(key)

    def forget(self, key: str) -> None:
        """Forget the environment."""
        self._corrections.forget(key)

    def wrote(self, key: str, environment: Object, phase: Phase, effect: Write, answer: Object | None) -> bool:
        """Compare the answer to a write with what was asked for; whether the API server did not take some of it."""
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
        """Remember that the API server refused a write, and what was decided then."""
        written = correction(phase.name, effect)
        assert written is not None, "every write is paced"
        self._corrections.refused(key, written, fingerprint(effect), decision)

    def refusal(self, key: str, phase: Phase, effect: Write) -> Stop | Wait | None:
        """What was decided when the same write was refused, as long as it is too early to send it again."""
        written = correction(phase.name, effect)
        assert written is not None, "every write is paced"
        return self._corrections.refusal(key, written, fingerprint(effect))

    def found(self, key: str, environment: Object, contests: Mapping[Correction, Contest]) -> None:
        """Remember who undoes our corrections, and post an Event about each that is new."""
        for contested, contest in contests.items():
            if self._corrections.contested(key, contested, contest):
                self._announce(environment, contest)

    def recheck(self, key: str) -> list[float]:
        """Seconds until corrections are due that no watch triggers, and until reports about others expire."""
        known = [attempts for attempts in self.of(key).values() if attempts.contest]
        return [attempts.wait if attempts.lost and attempts.wait > 0 else attempts.left for attempts in known]

    # The status is not an effect of a phase, and is paced all the same.

    def status_wait(
        self, key: str, environment: Object, target: Target, wanted: Mapping[str, Any], patch: Mapping[str, Any]
    ) -> float:
        """Seconds until a status that we wrote before may be written again; 0 where it need not wait.

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
        """The same as `wrote`, for the status."""
        found = differences(_status_patch(target, patch), answer)
        lost = reports.lost(target, found) if found else None
        if self._corrections.wrote(key, Correction(STATUS, target), digest(wanted), lost=lost) and lost:
            self._announce(environment, lost)

    def _announce(self, environment: Object, contest: Contest) -> None:
        log.warning("object contested", reason=contest.reason, message=contest.message)
        self._cluster.emit(Emit(EventType.WARNING, contest.reason, "Correct", contest.message), environment)


def _status_patch(target: Target, patch: Mapping[str, Any]) -> Patch:
    return Patch(target, {"status": patch})
