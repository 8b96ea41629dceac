"""The Events about a change of the status. Pure: they follow from the status before and after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from controller.api import problems
from controller.api.environment import EXPIRED_CONDITION
from controller.api.problems import Problem
from controller.apimachinery import conditions
from controller.apimachinery.conditions import FALSE, TRUE
from controller.environment import decide, lifetime
from controller.environment.decide import RELEASE_READY, RESOURCES_READY
from controller.environment.effects import Emit, EventType
from controller.environment.engines.engine import State
from controller.environment.options import ENFORCE, REPORT


def events(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Emit]:
    """Return the Events about the change from one written status to the next."""
    message = str(after.get("applicationStatusMsg") or "")
    if became_deployed(before, after):
        yield Emit(EventType.NORMAL, "Deployed", "Deploy", message)
    if release_failure(before, after):
        yield Emit(EventType.WARNING, "ReleaseFailed", "Deploy", message)
    elif problem := _new_problem(before, after):
        yield Emit(EventType.WARNING, "ProblemFound", "Diagnose", str(problem))
    if stalled := _appeared(before, after, "Stalled"):
        yield Emit(EventType.WARNING, "Stalled", "Reconcile", f"{stalled['reason']}: {stalled['message']}")
    if not stalled and (held := _appeared(before, after, RESOURCES_READY, FALSE)):
        yield Emit(EventType.WARNING, "ResourcesNotApplied", "Apply", f"{held['reason']}: {held['message']}")
    if blocked := _appeared(before, after, "TeardownBlocked"):
        yield Emit(EventType.WARNING, "TeardownBlocked", "Teardown", str(blocked["message"]))
    if held := _became_held(before, after):
        yield Emit(EventType.WARNING, str(held["reason"]), "Reconcile", str(held["message"]))
    yield from _about_lifetime(before, after)
    was, now = (status.get("applicationStatus") == State.SUSPENDED for status in (before, after))
    if now and not was:
        yield Emit(EventType.NORMAL, "Suspended", "Suspend", "Nothing is changed while spec.suspend is true.")
    if was and not now:
        yield Emit(EventType.NORMAL, "Resumed", "Resume", "The environment is reconciled again.")


def end_of_lifetime(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return the value of `--expire-mode` with which a lifetime has ended now, or "" if none has."""
    if _is_true(after, EXPIRED_CONDITION) and not _is_true(before, EXPIRED_CONDITION):
        return ENFORCE
    found, known = (conditions.find(status.get("conditions"), lifetime.EXPIRING) or {} for status in (after, before))
    is_reported = found.get("reason") == lifetime.WOULD_HAVE_ENDED
    return REPORT if is_reported and known.get("reason") != lifetime.WOULD_HAVE_ENDED else ""


def _about_lifetime(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Emit]:
    ends_at = after.get("expiresAt")
    warning = _appeared(before, after, lifetime.EXPIRING)
    if warning and warning["reason"] in (lifetime.ENDS_SOON, lifetime.ENDS_LATER):
        verb = "ends" if warning["reason"] == lifetime.ENDS_SOON else "ended"
        note = f"The lifetime of the environment {verb} at {ends_at}. {lifetime.HOW_TO_KEEP}"
        yield Emit(EventType.WARNING, "Expiring", "Expire", note)
    if end_of_lifetime(before, after) == ENFORCE:
        note = f"The lifetime of the environment ended at {ends_at}, so it is taken down."
        yield Emit(EventType.NORMAL, "Expired", "Expire", note)
    is_back = _is_true(before, EXPIRED_CONDITION) and not _is_true(after, EXPIRED_CONDITION)
    if is_back and after.get("applicationStatus") != State.UNINSTALLING:
        yield Emit(EventType.NORMAL, "Revived", "Revive", "The expired environment is created again.")


def _is_true(status: Mapping[str, Any], type_: str) -> bool:
    return (conditions.find(status.get("conditions"), type_) or {}).get("status") == TRUE


def became_deployed(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Return whether this generation of the environment is deployed now and was not before."""
    return after.get("applicationStatus") == State.DEPLOYED and _moved(before, after, "applicationStatus")


def release_failure(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return the reason of a new failure of the release, or ""."""
    failed = conditions.find(after.get("conditions"), RELEASE_READY) or {}
    known = conditions.find(before.get("conditions"), RELEASE_READY) or {}
    if failed.get("status") != FALSE or conditions.find(after.get("conditions"), "Stalled") or _held(after):
        # A release that must not be created, or must wait, has not failed. Other Events report that.
        return ""
    unchanged = known.get("status") == FALSE and known.get("reason") == failed.get("reason")
    return "" if unchanged and not _moved(before, after, "applicationStatus") else str(failed.get("reason") or "")


def _new_problem(before: Mapping[str, Any], after: Mapping[str, Any]) -> Problem | None:
    """Return the first problem if the status had another one, or none."""
    found, known = problems.of_status(after), problems.of_status(before)
    return found[0] if found and found[:1] != known[:1] else None


def _moved(before: Mapping[str, Any], after: Mapping[str, Any], field: str) -> bool:
    return any(before.get(name) != after.get(name) for name in (field, "observedGeneration"))


def _held(status: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the condition of the part that something outside holds up, or None."""
    waiting = conditions.find(status.get("conditions"), "Reconciling") or {}
    # What holds up the shared resources has an Event of its own, ResourcesNotApplied.
    types = (type_ for type_ in decide.conditions() if type_ != RESOURCES_READY)
    parts = (conditions.find(status.get("conditions"), type_) or {} for type_ in types)
    held = (part for part in parts if part.get("status") == FALSE and part.get("reason") == waiting.get("reason"))
    return next(held, None)


def _became_held(before: Mapping[str, Any], after: Mapping[str, Any]) -> Mapping[str, Any] | None:
    # The message changes while people clean up a namespace. One Event is enough.
    found, known = _held(after), _held(before) or {}
    return found if found is not None and known.get("reason") != found["reason"] else None


def _appeared(
    before: Mapping[str, Any], after: Mapping[str, Any], type_: str, status: str = TRUE
) -> Mapping[str, Any] | None:
    found = conditions.find(after.get("conditions"), type_)
    known = conditions.find(before.get("conditions"), type_) or {}
    if found is None or found.get("status") != status:
        return None
    same = all(known.get(field) == found.get(field) for field in ("status", "reason", "message"))
    return None if same else found
