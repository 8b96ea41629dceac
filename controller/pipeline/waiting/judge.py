"""Decides from an environment's object whether it has reached a goal. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from controller.api.environment import Environment
from controller.api.problems import Problem
from controller.apimachinery import conditions
from controller.apimachinery.objects import Object
from controller.pipeline.waiting.comparison import difference


class Goal(StrEnum):
    """The state to wait for."""

    DEPLOYED = "deployed"
    GONE = "gone"


class State(StrEnum):
    """The progress towards the goal."""

    PENDING = "pending"
    REACHED = "reached"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Judgement:
    """The state, a message for users that explains it, and the problems that the message does not name."""

    state: State
    message: str
    problems: tuple[Problem, ...] = ()


def judge(goal: Goal, live: Object | None, *, wanted: Object | None = None) -> Judgement:
    """Return the progress of `live` (None if it does not exist) towards `goal`. `wanted` is the published file."""
    return _gone(live) if goal is Goal.GONE else _deployed(live, wanted)


def _gone(live: Object | None) -> Judgement:
    if live is None:
        return Judgement(State.REACHED, "gone")
    environment = Environment(live)
    if not environment.is_deleting:
        return Judgement(State.PENDING, "it still exists and has not been deleted yet")
    blocked = conditions.find(environment.conditions, "TeardownBlocked")
    message = blocked.get("message") if blocked is not None else environment.status.get("applicationStatusMsg")
    return Judgement(State.PENDING, str(message or environment.status.get("currentPhase") or "it is being deleted"))


def _deployed(live: Object | None, wanted: Object | None) -> Judgement:
    if live is None:
        return Judgement(State.PENDING, "it is not in the cluster yet")
    environment = Environment(live)
    if environment.is_deleting:
        return Judgement(State.PENDING, "it is being deleted")
    if wanted is not None and (words := difference(wanted, live)):
        return Judgement(State.PENDING, words)
    if environment.suspended:
        return Judgement(State.FAILED, "spec.suspend is true, so it is not deployed")
    ready = conditions.find(environment.conditions, "Ready") or {}
    generations = {environment.status.get("observedGeneration"), ready.get("observedGeneration")}
    if generations != {environment.generation}:
        return Judgement(State.PENDING, "the controller has not processed this spec yet")
    status = str(environment.status.get("applicationStatus") or "")
    message = str(ready.get("message") or environment.status.get("applicationStatusMsg") or "")
    if status == "deployed" and ready.get("status") == conditions.TRUE:
        return Judgement(State.REACHED, f"deployed: {message}")
    if status == "failed" and ready.get("status") == conditions.FALSE:
        # The message has the first problem.
        return Judgement(State.FAILED, f"{ready.get('reason')}: {message}", environment.problems[1:])
    if status == "expired" and environment.active_at in ("", environment.handled_active_at):
        return Judgement(State.FAILED, f"expired: {message}")
    return Judgement(State.PENDING, f"{status}: {message}" if message else status)
