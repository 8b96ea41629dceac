"""The environment's status, derived from what was observed, decided and done. Pure, and the same for the same world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from controller.api.environment import Environment
from controller.apimachinery import conditions
from controller.apimachinery.conditions import FALSE, TRUE, UNKNOWN, Condition
from controller.apimachinery.resources import Resource
from controller.environment import (
    failures,
    installation,
    namespace_labels,
    persistent_errors,
    release_sync,
    releases,
    uninstall,
)
from controller.environment.decision import Continue, Decision, Plan, Stop, Wait
from controller.environment.drift.attempts import Contest, Path
from controller.environment.effects import Create, Patch
from controller.environment.engines import ENGINES, choice
from controller.environment.engines.engine import Health, State
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
CONTESTED: Final = "Contested"
# What the CRD takes.
_CONDITION_LIMIT: Final = 32768


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


# Reasons of Ready that repeat what the release says.
DEPLOYED: Final = "Deployed"
RELEASE_FAILED: Final = "ReleaseFailed"
# The reasons of waits that mean that something is wrong in a teardown. TeardownBlocked shows them.
_HOLDING_UP: Final = (teardown.BLOCKED, teardown.FORBIDDEN, failures.WEBHOOK_SILENT, *persistent_errors.REASONS)
# What is shown while a phase waits.
_PHASES: Final[Mapping[str, str]] = {
    access.NAME: CurrentPhase.RESOURCES,
    resources.NAME: CurrentPhase.RESOURCES,
    source.NAME: CurrentPhase.DEPLOYING,
    release.NAME: CurrentPhase.DEPLOYING,
}
# The parts of an environment in their order, and the phases that each consists of.
PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "NamespaceReady": (installation.NAME, finalizer.NAME, validate.NAME, namespace.NAME),
    "ResourcesReady": (access.NAME, resources.NAME),
    "ReleaseReady": (source.NAME, release.NAME),
}


@dataclass(frozen=True, slots=True)
class Summary:
    """What a status says, before it is compared with what stands."""

    state: State
    phase: str
    message: str
    conditions: tuple[Condition, ...]


def desired(observation: Observation, plan: Plan, options: EnvironmentOptions) -> dict[str, Any]:
    """The whole status that the environment should have, now that the plan's effects are done.

    `observation` holds the answers to those effects, so a release that was changed just now is seen as changed.
    """
    environment = observation.environment
    last = plan.last
    if plan.steps[-1].phase == installation.NAME and isinstance(last, Wait) and last.reason == installation.OTHER:
        # The other installation says how the environment fares.
        return dict(environment.status)
    summary = _summarize(observation, plan, options)
    if summary is None:
        return suspended(environment, last, observation.now, contested=_contested(observation))
    summary = replace(summary, conditions=(*summary.conditions, *_contested(observation)))
    status = written(environment, summary, observation.now)
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


def written(environment: Environment, summary: Summary, now: datetime) -> dict[str, Any]:
    """The fields of every status."""
    # Kept when the annotation is removed, as by Flux.
    handled = environment.reconcile_at or environment.handled_reconcile_at
    return {
        "applicationStatus": str(summary.state),
        "applicationStatusMsg": summary.message[:MESSAGE_LIMIT],
        "currentPhase": summary.phase,
        "observedGeneration": environment.generation,
        "namespace": environment.namespace_name,
        "conditions": conditions.merge(
            environment.conditions, summary.conditions, generation=environment.generation, now=now
        ),
        **({"lastHandledReconcileAt": handled} if handled else {}),
    }


def _release(
    observation: Observation, plan: Plan, options: EnvironmentOptions, *, has_namespace: bool
) -> Mapping[str, Any] | None:
    environment = observation.environment
    if environment.is_deleting or not has_namespace or not _reaches(plan, release.NAME):
        return environment.status.get("release")
    engine = choice.choose(observation, options)
    assert engine is not None, "without an engine no plan reaches the release"
    target = releases.wanted(observation, engine)
    revision = engine.revision(observation.get(target), releases.source(observation, target))
    recorded: dict[str, Any] = {"engine": engine.name, "name": target.name}
    return recorded | ({"revision": revision} if revision else {})


def _reaches(plan: Plan, phase: str) -> bool:
    return any(step.phase == phase and isinstance(step.decision, Continue) for step in plan.steps)


def suspended(
    environment: Environment, last: Decision, now: datetime, *, contested: tuple[Condition, ...] = ()
) -> dict[str, Any]:
    """The status before, which is frozen; added are the suspension, and what may still prevent it."""
    generation = environment.generation
    status = dict(environment.status)
    status |= {
        "applicationStatus": str(State.SUSPENDED),
        "currentPhase": CurrentPhase.SUSPENDED,
        "observedGeneration": generation,
    }
    # An error of ours is over when nothing fails any more, so it must not be frozen with the rest.
    frozen = [
        dict(condition)
        for condition in environment.conditions
        if condition.get("type") not in ("Reconciling", "Stalled", CONTESTED)
        and condition.get("reason") not in persistent_errors.REASONS
    ]
    added = list(contested)
    if conditions.find(frozen, "Ready") is None:
        added.append(
            Condition(
                "Ready",
                UNKNOWN,
                "Suspended",
                "Suspended before anything was deployed; set spec.suspend to false to continue.",
            )
        )
    if not isinstance(last, Continue):
        type_ = "Stalled" if isinstance(last, Stop) else "Reconciling"
        added.append(Condition(type_, TRUE, last.reason, last.message))
    status["conditions"] = frozen + conditions.merge(environment.conditions, added, generation=generation, now=now)
    return status


def _summarize(observation: Observation, plan: Plan, options: EnvironmentOptions) -> Summary | None:
    environment, last = observation.environment, plan.last
    if environment.is_deleting:
        return tearing_down(environment, last)
    if environment.suspended:
        return None
    if not isinstance(last, Continue):
        parts = _parts(observation, plan, last)
        if _is_beside(last, parts) and release_sync.is_synced(observation, options):
            return _running(observation, last, parts, health.explained(observation, options))
        return _stopped(last, parts) if isinstance(last, Stop) else _waiting(plan, last, parts)
    judged = health.explained(observation, options)
    if judged.state is State.DEPLOYED and (other := _what_else_runs(observation, plan)):
        return _deployed_otherwise(observation, other)
    effects = (effect for step in plan.steps if step.phase == release.NAME for effect in step.decision.effects)
    changed = any(isinstance(effect, Create | Patch) for effect in effects)
    return _of_release(observation, judged, _ready_before("ReleaseReady", observation), changed=changed)


def _is_beside(last: Wait | Stop, parts: tuple[Condition, ...]) -> bool:
    """Whether the plan ended for a reason that says nothing about the release.

    Shared resources may be wrong or missing, and an error may have prevented a look. Neither fails an environment that
    runs.
    """
    return parts[-1].type == "ResourcesReady" or last.reason in persistent_errors.REASONS


def _running(observation: Observation, last: Wait | Stop, parts: tuple[Condition, ...], judged: Health) -> Summary:
    """The release decides, and the parts show what is wrong beside it."""
    if last.reason not in persistent_errors.REASONS:
        return _of_release(observation, judged, parts, changed=False)
    # The parts after the one that failed were not looked at.
    unseen = (Condition(part, UNKNOWN, last.reason, last.message) for part in list(PARTS)[len(parts) :])
    before = tuple(part for part in (*parts, *unseen) if part.type != "ReleaseReady")
    found = _of_release(observation, judged, before, changed=False)
    shown = (condition for condition in found.conditions if condition.type != "Reconciling")
    return replace(found, conditions=(*shown, Condition("Reconciling", TRUE, last.reason, last.message)))


def _of_release(observation: Observation, judged: Health, before: tuple[Condition, ...], *, changed: bool) -> Summary:
    """The release decides about Ready, Reconciling and Stalled; `before` has the conditions of the other parts."""
    if judged.state is State.DEPLOYED:
        ready = (
            Condition("Ready", TRUE, DEPLOYED, judged.message),
            *before,
            Condition("ReleaseReady", TRUE, judged.reason, judged.message),
        )
        return Summary(judged.state, CurrentPhase.IDLE, judged.message, ready)
    if judged.state is State.FAILED:
        failed = (
            Condition("Ready", FALSE, RELEASE_FAILED, judged.message),
            *before,
            Condition("ReleaseReady", FALSE, judged.reason, judged.message),
        )
        return Summary(judged.state, CurrentPhase.IDLE, judged.message, failed)
    phase = CurrentPhase.DEPLOYING if changed else CurrentPhase.WAITING
    progressing = (
        Condition("Ready", UNKNOWN, "Progressing", judged.message),
        *before,
        Condition("ReleaseReady", UNKNOWN, "Progressing", judged.message),
        Condition("Reconciling", TRUE, "Progressing", judged.message),
    )
    return Summary(judged.state, phase, judged.message, progressing)


def _what_else_runs(observation: Observation, plan: Plan) -> Contest | None:
    """Why what is deployed is not what the spec asks for, if others changed the engine's object; the engine reports
    about that object."""
    for key in sorted(plan.waiting, key=str):
        attempts = observation.attempts.get(key)
        contest = attempts.contest if attempts else None
        if contest and any(_says_what_runs(key.target.resource, path) for path in contest.fields):
            return contest
    return None


def _says_what_runs(resource: Resource, path: Path) -> bool:
    fields = {r: names for engine in ENGINES.values() for r, names in engine.deployed_fields.items()}
    return path[:1] == ("spec",) and path[1:2] != () and path[1] in fields.get(resource, ())


def _deployed_otherwise(observation: Observation, contest: Contest) -> Summary:
    ready = (
        Condition("Ready", FALSE, contest.reason, contest.message),
        *_ready_before("ReleaseReady", observation),
        Condition("ReleaseReady", FALSE, contest.reason, contest.message),
    )
    return Summary(State.FAILED, CurrentPhase.IDLE, contest.message, ready)


def _contested(observation: Observation) -> tuple[Condition, ...]:
    """The condition that names what others undo or overwrite, or () where nothing is contested."""
    # About the status itself there is only an Event, because the program that rewrites it would remove the condition.
    found = {
        key: attempts.contest
        for key, attempts in observation.attempts.items()
        if attempts.contest is not None and key.phase != NAME
    }
    if not found:
        return ()
    contests = [found[key] for key in sorted(found, key=str)]
    messages = dict.fromkeys(contest.message for contest in contests)
    message = " ".join(messages)[:_CONDITION_LIMIT]
    return (Condition(CONTESTED, TRUE, contests[0].reason, message),)


def _ready_before(part: str, observation: Observation) -> tuple[Condition, ...]:
    """The conditions of the parts before this one: they are ready, or the plan would not have come this far."""
    name = observation.environment.namespace_name
    ready = {
        "NamespaceReady": Condition("NamespaceReady", TRUE, "Active", f"Namespace {name} is ready."),
        "ResourcesReady": Condition("ResourcesReady", TRUE, "Applied", _resources_message(observation)),
    }
    earlier = list(PARTS)[: list(PARTS).index(part)]
    return tuple(ready[name] for name in earlier)


def _resources_message(observation: Observation) -> str:
    message = "All shared resources are in place."
    if not observation.share.withheld:
        return message
    names = ", ".join(map(repr, observation.share.withheld))
    return (
        f"{message} Not handed out: {names}. A Secret for git is handed out only over https or ssh, and only if the "
        "TronadorConfig maps the repository with its host, or its URL is below --credential-git-prefixes."
    )


def _parts(observation: Observation, plan: Plan, last: Wait | Stop) -> tuple[Condition, ...]:
    """The conditions of the parts, up to the one whose phase could not continue."""
    phase = plan.steps[-1].phase
    part = next((part for part, phases in PARTS.items() if phase in phases), "ReleaseReady")
    status = FALSE if isinstance(last, Stop) or last.held else UNKNOWN
    return (*_ready_before(part, observation), Condition(part, status, last.reason, last.message))


def _stopped(stop: Stop, parts: tuple[Condition, ...]) -> Summary:
    ready = (
        Condition("Ready", FALSE, stop.reason, stop.message),
        *parts,
        Condition("Stalled", TRUE, stop.reason, stop.message),
    )
    return Summary(State.FAILED, CurrentPhase.IDLE, stop.message, ready)


def _waiting(plan: Plan, wait: Wait, parts: tuple[Condition, ...]) -> Summary:
    at = plan.steps[-1].phase
    phase = _PHASES.get(at, CurrentPhase.NAMESPACE)
    if wait.reason == uninstall.REASON:
        phase = CurrentPhase.UNINSTALLING
    ready = (
        Condition("Ready", UNKNOWN, wait.reason, wait.message),
        *parts,
        Condition("Reconciling", TRUE, wait.reason, wait.message),
    )
    return Summary(State.PENDING, phase, wait.message, ready)


def tearing_down(environment: Environment, last: Decision) -> Summary:
    """What a teardown does, or what holds it up."""
    reason, message = (last.reason, last.message) if not isinstance(last, Continue) else ("Terminating", "")
    is_held = isinstance(last, Stop) or reason in _HOLDING_UP
    at_namespace = reason in (teardown.DELETING, teardown.BLOCKED)
    if is_held and environment.status.get("currentPhase") == CurrentPhase.DELETING:
        # An error does not say how far the teardown had come.
        at_namespace = True
    terminating = (
        Condition("Ready", FALSE, "Terminating", message),
        *((Condition("TeardownBlocked", TRUE, reason, message),) if is_held else ()),
        Condition("Reconciling", TRUE, reason, message),
    )
    phase = CurrentPhase.DELETING if at_namespace else CurrentPhase.UNINSTALLING
    return Summary(State.UNINSTALLING, phase, message, terminating)
