"""The environment's status, derived from what was observed, decided and done. Pure, and the same for the same world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from controller.apimachinery import conditions
from controller.apimachinery.conditions import FALSE, TRUE, UNKNOWN, Condition
from controller.environment import engine_choice, namespace_labels, releases, rollout, uninstall
from controller.environment.decision import Continue, Plan, Stop, Wait
from controller.environment.effects import Create, Patch
from controller.environment.engines.health import Health, State
from controller.environment.observation import Observation
from controller.environment.options import EnvironmentOptions
from controller.environment.phases import (
    access,
    finalizer,
    health,
    namespace,
    release,
    resources,
    source,
    teardown,
    validate,
)

NAME: Final = "status"
# An applicationStatusMsg is for a table's column and a person's eye; a Helm error can be a whole page.
MESSAGE_LIMIT: Final = 1024


class CurrentPhase:
    """`status.currentPhase`, in the words that users of the original know."""

    NAMESPACE: Final = "Provisioning Namespace"
    RESOURCES: Final = "Applying Resources"
    DEPLOYING: Final = "Deploying Release"
    WAITING: Final = "Waiting For Release"
    IDLE: Final = "Waiting For Next Reconciliation Loop"
    SUSPENDED: Final = "Suspended"
    UNINSTALLING: Final = "Uninstalling Release"
    DELETING: Final = "Deleting Namespace"


# What is shown while a phase waits.
_PHASES: Final[Mapping[str, str]] = {
    access.NAME: CurrentPhase.RESOURCES,
    resources.NAME: CurrentPhase.RESOURCES,
    source.NAME: CurrentPhase.DEPLOYING,
    release.NAME: CurrentPhase.DEPLOYING,
}
# The parts of an environment in their order, and the phases that each consists of.
_PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "NamespaceReady": (finalizer.NAME, validate.NAME, namespace.NAME),
    "ResourcesReady": (access.NAME, resources.NAME),
    "ReleaseReady": (source.NAME, release.NAME),
}


@dataclass(frozen=True, slots=True)
class _Summary:
    state: State
    phase: str
    message: str
    conditions: tuple[Condition, ...]


def desired(observation: Observation, plan: Plan, options: EnvironmentOptions) -> dict[str, Any]:
    """The whole status that the environment should have, now that the plan's effects are done.

    `observation` holds the answers to those effects, so a release that was changed just now is seen as changed.
    """
    environment = observation.environment
    summary = _summarize(observation, plan, options)
    if summary is None:
        return _suspended(observation)
    status: dict[str, Any] = {
        "applicationStatus": str(summary.state),
        "applicationStatusMsg": summary.message[:MESSAGE_LIMIT],
        "currentPhase": summary.phase,
        "observedGeneration": environment.generation,
        "namespace": environment.namespace_name,
        "conditions": conditions.merge(
            environment.conditions, summary.conditions, generation=environment.generation, now=observation.now
        ),
    }
    if has_namespace := any(c.type == "NamespaceReady" and c.status == TRUE for c in summary.conditions):
        status["namespaceLabels"] = namespace_labels.mirrored(environment, options.namespace_labels)
    elif environment.status.get("namespaceLabels") is not None:
        status["namespaceLabels"] = dict(environment.status["namespaceLabels"])
    if recorded := _release(observation, plan, options, has_namespace=has_namespace):
        status["release"] = recorded
    return status


def is_passing(status: Mapping[str, Any]) -> bool:
    """Whether this state is on its way to another: then it need not be written unless it lasts."""
    found = status.get("conditions") or ()
    resources_ready = conditions.find(found, "ResourcesReady") or {}
    return conditions.find(found, "Reconciling") is not None or resources_ready.get("status") == UNKNOWN


def _release(
    observation: Observation, plan: Plan, options: EnvironmentOptions, *, has_namespace: bool
) -> Mapping[str, Any] | None:
    environment = observation.environment
    if environment.is_deleting or not has_namespace or not _reaches(plan, release.NAME):
        return environment.status.get("release")
    engine = engine_choice.choose(observation, options)
    assert engine is not None, "without an engine no plan reaches the release"
    target = releases.wanted(observation, engine)
    source = next((observation.get(source) for source in releases.sources_of(target)), None)
    revision = engine.revision(observation.get(target), source)
    recorded: dict[str, Any] = {"engine": engine.NAME, "name": target.name}
    return recorded | ({"revision": revision} if revision else {})


def _reaches(plan: Plan, phase: str) -> bool:
    return any(step.phase == phase and isinstance(step.decision, Continue) for step in plan.steps)


def _suspended(observation: Observation) -> dict[str, Any]:
    # Frozen: everything stays as it was, only that it is suspended now is added.
    status = dict(observation.environment.status)
    status |= {
        "applicationStatus": str(State.SUSPENDED),
        "currentPhase": CurrentPhase.SUSPENDED,
        "observedGeneration": observation.environment.generation,
    }
    status["conditions"] = [
        dict(condition)
        for condition in observation.environment.conditions
        if condition.get("type") not in ("Reconciling", "Stalled")
    ]
    if conditions.find(status["conditions"], "Ready") is None:
        never = Condition("Ready", UNKNOWN, "Suspended", "Suspended before it was ever reconciled.")
        generation = observation.environment.generation
        status["conditions"] += conditions.merge((), (never,), generation=generation, now=observation.now)
    return status


def _summarize(observation: Observation, plan: Plan, options: EnvironmentOptions) -> _Summary | None:
    environment, last = observation.environment, plan.last
    if environment.is_deleting:
        return _tearing_down(last)
    if not isinstance(last, Continue):
        parts = _parts(observation, plan, last)
        # What belongs beside the release may be wrong or missing: an environment that runs does not fail by that.
        if parts[-1].type == "ResourcesReady" and rollout.is_done(observation, options):
            return _of_release(observation, health.judge(observation, options), parts, changed=False)
        return _stopped(last, parts) if isinstance(last, Stop) else _waiting(plan, last, parts)
    if environment.suspended:
        return None
    judged = health.judge(observation, options)
    effects = (effect for step in plan.steps if step.phase == release.NAME for effect in step.decision.effects)
    changed = any(isinstance(effect, Create | Patch) for effect in effects)
    return _of_release(observation, judged, _ready_before("ReleaseReady", observation), changed=changed)


def _of_release(observation: Observation, judged: Health, before: tuple[Condition, ...], *, changed: bool) -> _Summary:
    """The release decides about Ready, Reconciling and Stalled; `before` is what its environment's other parts say."""
    if judged.state is State.DEPLOYED:
        ready = (
            Condition("Ready", TRUE, "Deployed", judged.message),
            *before,
            Condition("ReleaseReady", TRUE, judged.reason, judged.message),
        )
        return _Summary(judged.state, CurrentPhase.IDLE, judged.message, ready)
    if judged.state is State.FAILED:
        message = health.explained(observation, judged)
        failed = (
            Condition("Ready", FALSE, "ReleaseFailed", message),
            *before,
            Condition("ReleaseReady", FALSE, judged.reason, message),
        )
        return _Summary(judged.state, CurrentPhase.IDLE, message, failed)
    phase = CurrentPhase.DEPLOYING if changed else CurrentPhase.WAITING
    progressing = (
        Condition("Ready", UNKNOWN, "Progressing", judged.message),
        *before,
        Condition("ReleaseReady", UNKNOWN, "Progressing", judged.message),
        Condition("Reconciling", TRUE, "Progressing", judged.message),
    )
    return _Summary(judged.state, phase, judged.message, progressing)


def _ready_before(part: str, observation: Observation) -> tuple[Condition, ...]:
    """The conditions of the parts before this one: they are ready, or the plan would not have come this far."""
    name = observation.environment.namespace_name
    ready = {
        "NamespaceReady": Condition("NamespaceReady", TRUE, "Active", f"Namespace {name} is ready."),
        "ResourcesReady": Condition("ResourcesReady", TRUE, "Applied", _resources_message(observation)),
    }
    earlier = list(_PARTS)[: list(_PARTS).index(part)]
    return tuple(ready[name] for name in earlier)


def _resources_message(observation: Observation) -> str:
    message = "Everything that belongs beside the release is there."
    if not observation.share.withheld:
        return message
    names = ", ".join(map(repr, observation.share.withheld))
    return (
        f"{message} Withheld: {names}, because the repository is mapped by its bare name or by none and its URL is not "
        "below --credential-git-prefixes, or it is read over http."
    )


def _parts(observation: Observation, plan: Plan, last: Wait | Stop) -> tuple[Condition, ...]:
    """The conditions of the parts, up to the one whose phase could not continue."""
    phase = plan.steps[-1].phase
    part = next((part for part, phases in _PARTS.items() if phase in phases), "ReleaseReady")
    status = FALSE if isinstance(last, Stop) else UNKNOWN
    return (*_ready_before(part, observation), Condition(part, status, last.reason, last.message))


def _stopped(stop: Stop, parts: tuple[Condition, ...]) -> _Summary:
    ready = (
        Condition("Ready", FALSE, stop.reason, stop.message),
        *parts,
        Condition("Stalled", TRUE, stop.reason, stop.message),
    )
    return _Summary(State.FAILED, CurrentPhase.IDLE, stop.message, ready)


def _waiting(plan: Plan, wait: Wait, parts: tuple[Condition, ...]) -> _Summary:
    at = plan.steps[-1].phase
    phase = _PHASES.get(at, CurrentPhase.NAMESPACE)
    if wait.reason == uninstall.REASON:
        phase = CurrentPhase.UNINSTALLING
    ready = (
        Condition("Ready", UNKNOWN, wait.reason, wait.message),
        *parts,
        Condition("Reconciling", TRUE, wait.reason, wait.message),
    )
    return _Summary(State.PENDING, phase, wait.message, ready)


def _tearing_down(last: Continue | Wait | Stop) -> _Summary:
    reason, message = (last.reason, last.message) if not isinstance(last, Continue) else ("Terminating", "")
    phase = CurrentPhase.DELETING if reason in (teardown.DELETING, teardown.BLOCKED) else CurrentPhase.UNINSTALLING
    blocked = (Condition("TeardownBlocked", TRUE, reason, message),) if reason == teardown.BLOCKED else ()
    terminating = (
        Condition("Ready", FALSE, "Terminating", message),
        *blocked,
        Condition("Reconciling", TRUE, reason, message),
    )
    return _Summary(State.UNINSTALLING, phase, message, terminating)
