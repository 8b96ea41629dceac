"""What the status says, for each way in which a plan can end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from controller.api.environment import EXPIRED_CONDITION, Environment
from controller.api.problems import Problem
from controller.apimachinery.conditions import FALSE, TRUE, UNKNOWN, Condition
from controller.environment import decide, failures, persistent_errors
from controller.environment.decide import NAMESPACE_READY, RELEASE_READY, TEARDOWN
from controller.environment.decision import Continue, CurrentPhase, Decision, Stop, Wait
from controller.environment.drift.attempts import Contest
from controller.environment.engines.engine import Health, State
from controller.environment.observation import Observation
from controller.environment.phases import expiry
from controller.environment.plan import Plan

# The condition is present only while an environment waits for a place.
ADMITTED: Final = "Admitted"
# Reasons of Ready that repeat what the release says.
DEPLOYED: Final = "Deployed"
RELEASE_FAILED: Final = "ReleaseFailed"
# applicationStatusMsg is shown in a column of a table. An error of Helm can be a whole page.
MESSAGE_LIMIT: Final = 1024


@dataclass(frozen=True, slots=True)
class Summary:
    """What a status says, before it is compared with the recorded one."""

    state: State
    phase: str
    message: str
    conditions: tuple[Condition, ...]
    problems: tuple[Problem, ...] = ()


def of_release(
    health: Health, parts: tuple[Condition, ...], *, changed: bool, problems: tuple[Problem, ...] = ()
) -> Summary:
    """The release decides about Ready, Reconciling and Stalled.

    Args:
        health: the health of the release.
        parts: the conditions of the other parts of the environment.
        changed: whether the release was made or changed just now.
        problems: why the release is not ready.
    """
    shown = _with_problem(health.message, problems)
    if health.state is State.DEPLOYED:
        ready = (
            Condition("Ready", TRUE, DEPLOYED, health.message),
            *parts,
            Condition(RELEASE_READY, TRUE, health.reason, health.message),
        )
        return Summary(health.state, CurrentPhase.IDLE, health.message, ready)
    if health.state is State.FAILED:
        failed = (
            Condition("Ready", FALSE, RELEASE_FAILED, shown),
            *parts,
            Condition(RELEASE_READY, FALSE, health.reason, health.message),
        )
        return Summary(health.state, CurrentPhase.IDLE, shown, failed, problems)
    progressing = (
        Condition("Ready", UNKNOWN, "Progressing", shown),
        *parts,
        Condition(RELEASE_READY, UNKNOWN, "Progressing", health.message),
        Condition("Reconciling", TRUE, "Progressing", health.message),
    )
    phase = CurrentPhase.DEPLOYING if changed else CurrentPhase.WAITING
    return Summary(health.state, phase, shown, progressing, problems)


def _with_problem(message: str, problems: tuple[Problem, ...]) -> str:
    """Return the release's own words, as far as there is room for them, and then the first problem."""
    if not problems:
        return message
    problem = str(problems[0])
    own = message[: MESSAGE_LIMIT - len(problem) - 2].rstrip()
    return f"{own}{' ' if own.endswith(('.', '!', '?')) else '. '}{problem}" if own else problem


def of_release_beside(
    observation: Observation,
    plan: Plan,
    last: Wait | Stop,
    health: Health,
    *,
    problems: tuple[Problem, ...] = (),
) -> Summary:
    """The release decides, and the conditions of the other parts show what is wrong beside it."""
    parts = _parts(observation, plan, last)
    if last.reason not in persistent_errors.REASONS:
        return of_release(health, parts, changed=False, problems=problems)
    # The parts after the one that failed were not looked at.
    types = decide.conditions()
    unseen = types[types.index(parts[-1].type) + 1 :]
    parts += tuple(Condition(type_, UNKNOWN, last.reason, last.message) for type_ in unseen)
    others = tuple(part for part in parts if part.type != RELEASE_READY)
    found = of_release(health, others, changed=False, problems=problems)
    shown = (condition for condition in found.conditions if condition.type != "Reconciling")
    return replace(found, conditions=(*shown, Condition("Reconciling", TRUE, last.reason, last.message)))


def of_contest(observation: Observation, contest: Contest) -> Summary:
    """Another client decides what runs, so the release is not the one that the spec asks for."""
    failed = (
        Condition("Ready", FALSE, contest.reason, contest.message),
        *ready_parts(observation),
        Condition(RELEASE_READY, FALSE, contest.reason, contest.message),
    )
    return Summary(State.FAILED, CurrentPhase.IDLE, contest.message, failed)


def of_obstacle(observation: Observation, plan: Plan, last: Wait | Stop) -> Summary:
    """The plan ended early, and that decides about Ready."""
    parts = _parts(observation, plan, last)
    if isinstance(last, Stop):
        stalled = (
            Condition("Ready", FALSE, last.reason, last.message),
            *parts,
            Condition("Stalled", TRUE, last.reason, last.message),
        )
        return Summary(State.FAILED, CurrentPhase.IDLE, last.message, stalled)
    waiting = (
        Condition("Ready", UNKNOWN, last.reason, last.message),
        *parts,
        Condition("Reconciling", TRUE, last.reason, last.message),
    )
    return Summary(State.PENDING, last.shown_as or plan.steps[-1].phase.shown_as, last.message, waiting)


def of_queue(last: Wait) -> Summary:
    """The environment waits for others to be gone. That can take long, but nothing is wrong and nothing is done."""
    waiting = tuple(
        Condition(type_, FALSE, last.reason, last.message) for type_ in ("Ready", ADMITTED, NAMESPACE_READY)
    )
    return Summary(State.QUEUED, last.shown_as, last.message, waiting)


def of_teardown(environment: Environment, last: Decision) -> Summary:
    """What a teardown does, or what holds it up."""
    if isinstance(last, Continue):
        reason, message, held, shown_as = "Terminating", "", False, ""
    else:
        reason, message = last.reason, last.message
        held = _is_held(last) or failures.is_refusal(last) or reason in persistent_errors.REASONS
        shown_as = last.shown_as if isinstance(last, Wait) else ""
    if held and environment.status.get("currentPhase") == CurrentPhase.DELETING:
        # An error does not say how far the teardown had come.
        shown_as = CurrentPhase.DELETING
    terminating = (
        Condition("Ready", FALSE, "Terminating", message),
        *((Condition("TeardownBlocked", TRUE, reason, message),) if held else ()),
        Condition("Reconciling", TRUE, reason, message),
    )
    return Summary(State.UNINSTALLING, shown_as or TEARDOWN.shown_as, message, terminating)


def of_expiry(environment: Environment, last: Wait | Stop) -> Summary:
    """How an environment ends whose lifetime is over, or that it has ended. In the end nothing more is awaited."""
    expired = Condition(EXPIRED_CONDITION, TRUE, "LifetimeOver", "The lifetime of the environment is over.")
    if has_expired(last):
        ready = Condition("Ready", FALSE, expiry.EXPIRED, last.message)
        return Summary(State.EXPIRED, CurrentPhase.IDLE, last.message, (ready, expired))
    removing = of_teardown(environment, last)
    ready = Condition("Ready", FALSE, expiry.EXPIRED, last.message)
    others = tuple(condition for condition in removing.conditions if condition.type != "Ready")
    return replace(removing, conditions=(ready, expired, *others))


def has_expired(last: Wait | Stop) -> bool:
    """Return whether a plan ends with an environment that has expired, and of which nothing is left."""
    return isinstance(last, Stop) and last.reason == expiry.EXPIRED


def ready_parts(observation: Observation, *, before: str = "") -> tuple[Condition, ...]:
    """Return the True conditions of the parts `before` another one; of all but the release, if that is not given."""
    parts = []
    for type_ in decide.conditions():
        if type_ == before:
            break
        if words := decide.ready(type_, observation):
            parts.append(Condition(type_, TRUE, words.reason, words.message))
    return tuple(parts)


def _parts(observation: Observation, plan: Plan, last: Wait | Stop) -> tuple[Condition, ...]:
    """Return the conditions of the parts, up to the one whose phase could not continue."""
    part = plan.steps[-1].phase.condition
    status = FALSE if _is_held(last) else UNKNOWN
    return (*ready_parts(observation, before=part), Condition(part, status, last.reason, last.message))


def _is_held(last: Wait | Stop) -> bool:
    return isinstance(last, Stop) or last.held
