"""One sync of an Application, in steps: check the objects, apply and prune them, and try again after a failure.

Objects that left the repository are pruned in the wave in which all others are applied. Nothing waits for their end.
PruneLast gives them a wave of their own, which comes only when every object of the repository is healthy.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from controller.apimachinery import objects
from controller.apimachinery.errors import ApiError
from controller.apimachinery.objects import Object
from controller.apimachinery.timestamps import to_time
from hack.standins.argocd.application import Application
from hack.standins.argocd.cluster import Cluster
from hack.standins.argocd.comparison import DEGRADED, HEALTHY, MISSING, Key, Row

RUNNING, SUCCEEDED, FAILED = "Running", "Succeeded", "Failed"


@dataclass(slots=True)
class Operation:
    """A sync in progress, or the last one.

    Attributes:
        application: as it was when the sync began.
        revision, manifests: what is synced.
        only: the objects that a correction of drift concerns; None: all.
        heals: number of corrections in a row, this one included; 0: the first sync of a commit.
        tries: number of times that it was tried again.
        again: when it is tried again (monotonic seconds), or None.
        ended: when it ended (monotonic seconds).
        results: what became of each object, as `syncResult.resources` has it.
        states: whether an object was applied (Running), is healthy after that (Succeeded), or is not (Failed).
    """

    application: Application
    revision: str
    manifests: Sequence[Object]
    only: frozenset[Key] | None = None
    heals: int = 0
    phase: str = RUNNING
    message: str = ""
    tries: int = 0
    again: float | None = None
    ended: float = 0.0
    results: dict[Key, dict[str, Any]] = field(default_factory=dict)
    states: dict[Key, str] = field(default_factory=dict)
    started: str = field(default_factory=lambda: to_time(datetime.now(UTC)))
    finished: str = ""

    def retry(self, revision: str, manifests: Sequence[Object]) -> None:
        """Begin again. A sync that refreshes gets what the repository has now."""
        if self.application.refreshes:
            self.revision, self.manifests = revision, manifests
        self.results, self.states, self.again, self.finished = {}, {}, None, ""

    def advance(self, rows: Sequence[Row], cluster: Cluster, *, longest_pause: float) -> None:
        """Do the next step. `longest_pause`: seconds before another try at most."""
        chosen = [row for row in rows if self.only is None or row.key in self.only]
        try:
            self._advance(self._waves(chosen), cluster)
        except _Failure as failure:
            self._fail(str(failure), longest_pause)

    def state(self) -> dict[str, Any]:
        """Return the operation as `status.operationState`."""
        return {
            "operation": {
                "initiatedBy": {"automated": True},
                "sync": {"revision": self.revision, "autoHealAttemptsCount": self.heals or None},
            },
            "phase": self.phase,
            "message": self.message,
            "startedAt": self.started,
            # null, so that the merge patch removes the value of the previous operation.
            "finishedAt": self.finished or None,
            "retryCount": self.tries or None,
            "syncResult": {"revision": self.revision, "resources": list(self.results.values())},
        }

    def _waves(self, rows: Sequence[Row]) -> list[list[Row]]:
        applied = [row for row in rows if not row.requires_pruning]
        pruned = [row for row in rows if row.requires_pruning]
        waves = [applied, pruned] if self.application.prunes_last else [pruned + applied]
        return [wave for wave in waves if wave]

    def _advance(self, waves: Sequence[Sequence[Row]], cluster: Cluster) -> None:
        if not self.results:
            self._check([row for wave in waves for row in wave])
        elif self._is_waiting(waves):
            return
        open_waves = [wave for wave in waves if any(row.key not in self.results for row in wave)]
        if not open_waves:
            self._end(SUCCEEDED, "successfully synced (no more tasks)")
            return
        self._run(open_waves[0], cluster)
        if len(open_waves) > 1:
            self.message = _waiting("healthy state", open_waves[0])
        elif not self._reasons():
            self._end(SUCCEEDED, "successfully synced (all tasks run)")

    def _check(self, rows: Sequence[Row]) -> None:
        """One object of an unknown or forbidden kind stops all, and so does one that kubectl cannot decode.

        The API server is asked about nothing else before.
        """
        refused = [row for row in rows if row.refusal]
        for row in refused:
            self._record(row, "SyncFailed", row.refusal)
        if refused:
            reasons = "; ".join(sorted({row.refusal for row in refused}))
            raise _Failure(f"one or more synchronization tasks are not valid: {reasons}")
        broken = [row for row in rows if row.target is not None and not _can_be_decoded(row.target)]
        for row in broken:
            self._record(row, "SyncFailed", "unable to decode: labels and annotations must be strings")
        if broken:
            raise _Failure("one or more objects failed to apply (dry run)")

    def _is_waiting(self, waves: Sequence[Sequence[Row]]) -> bool:
        """Whether something that was done has not come to its end."""
        done = [row for wave in waves for row in wave if row.key in self.states]
        for row in done:
            if self.states[row.key] == RUNNING and (row.health is None or row.health[0] == HEALTHY):
                self.states[row.key] = SUCCEEDED
            elif self.states[row.key] == RUNNING and row.health is not None and row.health[0] in (DEGRADED, MISSING):
                self.states[row.key] = FAILED
        running = [row for row in done if len(waves) > 1 and self.states[row.key] == RUNNING]
        leaving = [row for row in done if row.requires_pruning and self.results[row.key]["status"] == "Pruned"]
        if running or leaving:
            self.message = _waiting("healthy state", running) if running else _waiting("deletion", leaving)
            return True
        if FAILED in self.states.values():
            raise _Failure(f"one or more synchronization tasks completed unsuccessfully{self._reasons()}")
        return False

    def _run(self, wave: Sequence[Row], cluster: Cluster) -> None:
        """Prune and apply what belongs to a wave. A refused object keeps none of the others from being applied."""
        for row in wave:
            self._do(row, cluster)
        if not self._reasons():
            return
        # What was applied may still fail, and then belongs to the same message.
        if running := [row for row in wave if self.states[row.key] == RUNNING]:
            self.message = _waiting("healthy state", running)
        else:
            raise _Failure(f"one or more objects failed to apply{self._reasons()}")

    def _reasons(self) -> str:
        refused = [result["message"] for result in self.results.values() if result["status"] == "SyncFailed"]
        return f", reason: {','.join(refused)}" if refused else ""

    def _do(self, row: Row, cluster: Cluster) -> None:
        self.states[row.key] = SUCCEEDED if row.requires_pruning else RUNNING
        try:
            if not row.requires_pruning:
                cluster.apply(row)
                self._record(row, "Synced", "serverside-applied")
            elif self.application.prunes:
                cluster.delete(row, self.application.prune_propagation)
                self._record(row, "Pruned", "pruned")
            else:
                self._record(row, "PruneSkipped", "ignored (requires pruning)")
        except ApiError as error:
            self.states[row.key] = FAILED
            self._record(row, "SyncFailed", str(error))

    def _record(self, row: Row, status: str, message: str) -> None:
        group, _, version = str(row.obj["apiVersion"]).rpartition("/")
        self.results[row.key] = {
            "group": group,
            "version": version,
            "kind": str(row.obj["kind"]),
            "namespace": objects.namespace(row.obj),
            "name": objects.name(row.obj),
            "status": status,
            "message": message,
        }

    def _fail(self, message: str, longest_pause: float) -> None:
        """End, or wait for another try. Meanwhile the operation counts as running, and no other one begins."""
        limit = self.application.retries
        if 0 <= limit <= self.tries:
            self._end(FAILED, f"{message} (retried {self.tries} times)." if self.tries else message)
            return
        self.tries += 1
        pause = min(self.application.pause(self.tries), longest_pause)
        self.again = time.monotonic() + pause
        at = datetime.fromtimestamp(time.time() + pause, UTC).strftime("%I:%M%p").lstrip("0")
        self._end(RUNNING, f"{message}. Retrying attempt #{self.tries} at {at}.")

    def _end(self, phase: str, message: str) -> None:
        self.phase, self.message = phase, message
        self.ended, self.finished = time.monotonic(), to_time(datetime.now(UTC))


class _Failure(Exception):
    """The sync failed, and may be tried again. The text is the operation's message."""


def _waiting(what: str, rows: Sequence[Row]) -> str:
    more = f" and {len(rows) - 1} more resources" if len(rows) > 1 else ""
    return f"waiting for {what} of {rows[0].name}{more}"


def _can_be_decoded(obj: Object) -> bool:
    texts = (obj["metadata"].get(name) or {} for name in ("labels", "annotations"))
    return all(isinstance(value, str) for values in texts for value in values.values())
