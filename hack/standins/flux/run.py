"""One run over a HelmRelease: action after action, the state looked at again after each, until there is nothing left.

No type of action is done twice in a run, and a remediation ends it. The order of steps, and what the status says after
each, are the original's (internal/reconcile/atomic_release.go).
"""

from __future__ import annotations

from enum import Enum

from controller.apimachinery.conditions import FALSE, TRUE
from hack.standins.flux import decision
from hack.standins.flux.actions import ActionFailed, Actions, forget_older, in_sync
from hack.standins.flux.conditions import PROGRESSING, PROGRESSING_WITH_RETRY, READY, RECONCILING
from hack.standins.flux.decision import Action, MissingRollbackTarget, RetriesExceeded, State, UnknownState, Wanted
from hack.standins.flux.release import HelmRelease
from hack.standins.flux.resources import written
from hack.standins.helm.engine import HelmError


class End(Enum):
    """How a run ended."""

    DONE = "done"
    STALLED = "stalled"
    # Another run, with back-off.
    MORE = "more"
    # Another run, after the retry interval of the action that failed.
    RETRY = "retry"
    # The state is unknown: another run, with back-off.
    ERROR = "error"


class Run:
    """For one HelmRelease, once."""

    def __init__(self, *, actions: Actions, wanted: Wanted, forced: bool) -> None:
        """`forced`: an upgrade even without a reason."""
        self._actions = actions
        self._wanted = wanted
        self._forced = forced
        self._record = actions.record
        self._done: set[str] = set()

    @property
    def _hr(self) -> HelmRelease:
        return self._actions.hr

    def to_end(self) -> End:
        """Do all there is to do. Raises ApiError."""
        while True:
            try:
                action = self._next()
            except (HelmError, UnknownState) as error:
                self._record.fail("StateError", f"Could not determine release state: {error}")
                return End.ERROR
            except RetriesExceeded:
                return self._exceeded()
            except MissingRollbackTarget:
                words = "missing target release for rollback: cannot remediate failed release"
                self._record.stall("MissingRollbackTarget", f"Failed to perform remediation: {words}")
                return End.STALLED
            if action is None:
                self._record.drop(RECONCILING)
                in_sync(self._actions)
                self._actions.summarize()
                return End.DONE
            if action.type in self._done:
                return self._stop_before()
            self._announce(action)
            try:
                self._actions.run(action)
            except (ActionFailed, HelmError) as error:
                return self._stop_after_error(error)
            if action.is_remediation:
                return self._stop_after_remediation()
            self._done.add(action.type)
            self._record.save()

    def _next(self) -> Action | None:
        last = self._actions.helm.last()
        state = decision.state(self._hr, self._record.status, last, self._wanted)
        if state is State.UNMANAGED:
            # The history in the status does not describe the release in storage.
            self._record.status["history"] = []
        action = decision.action(self._hr, self._record.status, state, forced=self._forced)
        self._forced = False
        if action is not None and action.is_remediation:
            forget_older(self._actions)
        return action

    def _announce(self, action: Action) -> None:
        section = action.value if action is not Action.UNLOCK else ""
        message = f"Running '{action.value}' action with timeout of {written(self._hr.timeout(section))}"
        self._record.progress(PROGRESSING, message, unknown=action.is_release)
        self._record.save()

    def _stop_before(self) -> End:
        if self._will_retry():
            return End.RETRY
        if decision.retries_left(self._hr, self._record.status):
            return self._more()
        self._record.drop(RECONCILING)
        return End.DONE

    def _stop_after_error(self, error: Exception) -> End:
        if self._will_retry():
            return End.RETRY
        if self._record.is_(READY, TRUE):
            self._record.ready(FALSE, "ReconcileError", str(error))
        return End.ERROR

    def _stop_after_remediation(self) -> End:
        if self._will_retry():
            return End.RETRY
        attempted = str(self._record.status.get("lastAttemptedReleaseAction") or "")
        remediation = self._hr.remediation(attempted)
        continues = attempted == "upgrade" and remediation is not None and remediation.strategy == "uninstall"
        if continues or decision.retries_left(self._hr, self._record.status):
            return self._more()
        return self._exceeded()

    def _will_retry(self) -> bool:
        interval = self._hr.retry_interval(str(self._record.status.get("lastAttemptedReleaseAction") or ""))
        if interval is None:
            return False
        self._record.progress(PROGRESSING_WITH_RETRY, f"retrying after {written(interval)}")
        return True

    def _more(self) -> End:
        self._record.progress(PROGRESSING_WITH_RETRY, str(self._record.condition(READY).get("message") or ""))
        return End.MORE

    def _exceeded(self) -> End:
        attempted = str(self._record.status.get("lastAttemptedReleaseAction") or "")
        count = decision.failures(self._record.status, attempted)
        self._record.stall("RetriesExceeded", f"Failed to {attempted} after {count} attempt(s)")
        return End.STALLED
