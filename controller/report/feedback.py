"""What a pull request should show about its environment. Pure.

    applicationStatus      state      commit status   GitHub deployment   GitLab deployment
    pending, queued        PENDING,   pending         queued              running
                           QUEUED
    deploying              DEPLOYING  pending         in_progress         running
    deployed               DEPLOYED   success         success             success
    failed, or Stalled     FAILED     failure         failure             failed
    suspended              SUSPENDED  (left)          (left)              (left)
    expired                EXPIRED    (left)          inactive            stop
    deleted, or gone       GONE       (left)          inactive            stop

A state is that of the current spec: as long as the controller has not processed it, the environment is pending.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from controller.api.environment import (
    BRANCH_ANNOTATION,
    COMMIT_ANNOTATION,
    PULL_REQUEST_ANNOTATION,
    REPOSITORY_ANNOTATION,
    Environment,
)
from controller.apimachinery import conditions, giturls, objects, weburls
from controller.apimachinery.giturls import GitURL
from controller.apimachinery.objects import Object, text
from controller.apimachinery.timestamps import from_time
from controller.report import inert

REASON_LIMIT: Final = 1000
_BRANCH_LIMIT: Final = 255
COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,9}")


class State(StrEnum):
    """What an environment does, in the words of the pull request."""

    PENDING = "pending"
    QUEUED = "queued"
    DEPLOYING = "deploying"
    DEPLOYED = "deployed"
    FAILED = "failed"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    GONE = "gone"

    @property
    def is_over(self) -> bool:
        """Whether nothing runs any more."""
        return self in (State.EXPIRED, State.GONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What one pull request should show.

    Attributes:
        environment: the environment's name.
        uid: of the EnvironmentProvisioner; another one of the same name is another life.
        generation: of its spec.
        repository: that of the pull request; None if it is not known.
        pull_request: its number; 0 if it is not known.
        commit: the whole hash of the commit; "" if it is not known.
        branch: that of the commit in this repository, or "" if it is not known, or in a fork.
        url: where the environment can be opened, or "".
        expires: when the environment ends, or None.
        reason: why it failed, or what is wrong so far, as the author may have written it; "" if nothing is.
        problem: the first problem of the Pods of a failed environment, for a short text; "" if none is known.
        was_deployed: whether this generation is deployed again, and its commit has a result from the first time.
    """

    environment: str
    uid: str = ""
    generation: int = 0
    repository: GitURL | None = None
    pull_request: int = 0
    commit: str = ""
    branch: str = ""
    state: State
    url: str = ""
    expires: datetime | None = None
    reason: str = ""
    problem: str = ""
    was_deployed: bool = False


def of(obj: Object) -> Feedback | None:
    """Return what the pull request of an environment should show, or None while its state is changing."""
    environment = Environment(obj)
    state = _state(environment)
    if state is None:
        return None
    annotations = objects.annotations(obj)
    number = text(annotations.get(PULL_REQUEST_ANNOTATION))
    commit = text(annotations.get(COMMIT_ANNOTATION)).lower()
    return Feedback(
        environment=environment.name,
        uid=environment.uid,
        generation=environment.generation,
        repository=giturls.find(text(annotations.get(REPOSITORY_ANNOTATION))),
        pull_request=int(number) if _NUMBER.fullmatch(number) else 0,
        commit=commit if COMMIT.fullmatch(commit) else "",
        branch="" if environment.is_of_fork else text(annotations.get(BRANCH_ANNOTATION))[:_BRANCH_LIMIT],
        state=state,
        url=environment.url if state is State.DEPLOYED and weburls.is_valid(environment.url) else "",
        expires=None if state.is_over else from_time(environment.status.get("expiresAt")),
        reason=_reason(environment) if state in (State.FAILED, State.DEPLOYING) else "",
        problem=_first_problem(environment) if state is State.FAILED else "",
    )


def gone(obj: Object) -> Feedback:
    """Return what the pull request of an environment should show that does not exist any more."""
    last = of({**obj, "metadata": {**objects.metadata(obj), "deletionTimestamp": "gone"}})
    assert last is not None, "a deleted environment has a state"
    return last


def unlike(feedback: Feedback, *, state: State, reason: str) -> Feedback:
    """Return the feedback with what a pipeline knows better."""
    return replace(feedback, state=state, reason=reason, problem="", url="", expires=None)


def _state(environment: Environment) -> State | None:
    if environment.is_deleting:
        return State.GONE
    status = text(environment.status.get("applicationStatus"))
    is_stalled = _is_true(environment, "Stalled")
    if objects.number(environment.status.get("observedGeneration")) != environment.generation and not is_stalled:
        # An environment that has ended is not processed any more, and says so until somebody revives it.
        return State.EXPIRED if status == State.EXPIRED else State.PENDING
    match status:
        case "expired":
            return State.EXPIRED
        case "uninstalling":
            # Of a release that gets another name, or of an environment that expires. What follows is reported.
            return None
        case _ if is_stalled:
            return State.FAILED
        case "" | "pending":
            return State.PENDING
        case "queued" | "deploying" | "deployed" | "failed" | "suspended":
            return State(status)
        case _:
            return None


def _is_true(environment: Environment, type_: str) -> bool:
    found = conditions.find(environment.conditions, type_) or {}
    observed = found.get("observedGeneration", environment.generation)
    return found.get("status") == conditions.TRUE and observed == environment.generation


def _reason(environment: Environment) -> str:
    """Return why an environment failed, or what keeps it from becoming ready; "" for neither."""
    message = ""
    if text(environment.status.get("applicationStatus")) != State.DEPLOYING or _is_true(environment, "Stalled"):
        ready = conditions.find(environment.conditions, "Ready") or {}
        message = text(ready.get("message")) or text(environment.status.get("applicationStatusMsg"))
    # The first problem stands at the end of that message, too.
    problems = objects.mappings(environment.status.get("problems"))
    others = [_problem(problem) for problem in problems if text(problem.get("message")) not in (message or "\n")]
    return inert.plain("\n".join(filter(None, [message, *others])), limit=REASON_LIMIT)


def _first_problem(environment: Environment) -> str:
    first = next(iter(environment.problems), None)
    return f"{first.reason}: {first.message}" if first is not None and first.reason else ""


def _problem(problem: Mapping[str, Any]) -> str:
    what = " ".join(filter(None, (text(problem.get("kind")), text(problem.get("name")))))
    return ": ".join(filter(None, (what, text(problem.get("reason")), text(problem.get("message")))))
