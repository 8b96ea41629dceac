"""The status of an environment. Pure: it follows from what was observed, decided and done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from controller.api import problems
from controller.api.environment import EXPIRED_CONDITION, Environment
from controller.apimachinery import conditions
from controller.apimachinery.conditions import TRUE, UNKNOWN, Condition
from controller.environment import (
    contested,
    engines,
    namespace_labels,
    persistent_errors,
    release_state,
    releases,
    summaries,
)
from controller.environment import lifetime as lifetimes
from controller.environment.decide import NAMESPACE_READY, RESOURCES_READY
from controller.environment.decision import Continue, CurrentPhase, Decision, Stop, Wait
from controller.environment.engines.engine import State
from controller.environment.observation import Observation
from controller.environment.options import EnvironmentOptions
from controller.environment.phases import admission, diagnosis, expiry
from controller.environment.plan import Plan
from controller.environment.previews import recorded as preview_urls
from controller.environment.summaries import Summary


def desired(observation: Observation, plan: Plan, options: EnvironmentOptions) -> dict[str, Any]:
    """Return the whole status that the environment should have after the effects of the plan.

    `observation` has the answers to those effects, so a release that was changed just now is seen as changed.
    """
    environment = observation.environment
    last = plan.last
    if isinstance(last, Wait) and last.keeps_status:
        return dict(environment.status)
    contests = contested.conditions(observation)
    if environment.suspended and not environment.is_deleting:
        return suspended(environment, last, options, observation.now, contests=contests)
    summary = _summarize(observation, plan, options)
    summary = replace(summary, conditions=(*summary.conditions, *contests))
    status = written(environment, summary, options, observation.now)
    if _is_removed(plan):
        return status
    if has_namespace := any(c.type == NAMESPACE_READY and c.status == TRUE for c in summary.conditions):
        status["namespaceLabels"] = namespace_labels.mirrored(environment, options.namespace_labels)
    elif environment.status.get("namespaceLabels") is not None:
        status["namespaceLabels"] = dict(environment.status["namespaceLabels"])
    status |= preview_urls.fields(observation, options, summary.state)
    if plan.records is not None:
        status["release"] = {"engine": engines.of(plan.records.resource).name, "name": plan.records.name}
    elif recorded := _release(observation, plan, has_namespace=has_namespace):
        status["release"] = recorded
    return status


def is_passing(status: Mapping[str, Any], environment: Environment) -> bool:
    """Return whether this state leads to another one. Such a state is written only if it lasts.

    What a look at the Pods has found is written at once, because only the status remembers it. The same holds for the
    end of a lifetime.
    """
    if diagnosis.recorded_problems(environment) != problems.of_status(status):
        return False
    found = status.get("conditions") or ()
    resources_ready = conditions.find(found, RESOURCES_READY) or {}
    if conditions.find(found, "Reconciling") is None and resources_ready.get("status") != UNKNOWN:
        return False
    return environment.is_deleting or environment.has_expired == _has_expired(status)


def _has_expired(status: Mapping[str, Any]) -> bool:
    found = conditions.find(status.get("conditions"), EXPIRED_CONDITION)
    return found is not None and found.get("status") == TRUE


def untimed(status: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a status without the times that each reconcile computes again until they are recorded."""
    return {field: value for field, value in conditions.untimed(status).items() if field not in lifetimes.TIMES}


def written(environment: Environment, summary: Summary, options: EnvironmentOptions, now: datetime) -> dict[str, Any]:
    """Return the fields that every status has."""
    # The lifetime of an environment that waits for a place begins when it gets one.
    lifetime = None if summary.state is State.QUEUED else lifetimes.of(environment, options, now)
    found = summary.conditions
    if lifetime is not None and not any(condition.type == EXPIRED_CONDITION for condition in found):
        found += lifetimes.warning(lifetime, options, now)
    # The field stays when the annotation is removed, as in Flux.
    handled = environment.reconcile_at or environment.handled_reconcile_at
    return {
        "applicationStatus": str(summary.state),
        "applicationStatusMsg": summary.message[: summaries.MESSAGE_LIMIT],
        "currentPhase": summary.phase,
        "observedGeneration": environment.generation,
        "namespace": environment.namespace_name,
        "conditions": conditions.merge(environment.conditions, found, generation=environment.generation, now=now),
        **({"lastHandledReconcileAt": handled} if handled else {}),
        **(lifetimes.fields(environment, lifetime) if lifetime else {}),
        **({"problems": [asdict(problem) for problem in summary.problems]} if summary.problems else {}),
    }


def suspended(
    environment: Environment,
    last: Decision,
    options: EnvironmentOptions,
    now: datetime,
    *,
    contests: tuple[Condition, ...] = (),
) -> dict[str, Any]:
    """Return the status from before the suspension, and what prevents the suspension, if anything does."""
    generation = environment.generation
    status = {field: value for field, value in environment.status.items() if field not in lifetimes.FIELDS}
    status |= lifetimes.fields(environment, lifetimes.of(environment, options, now))
    status |= {
        "applicationStatus": str(State.SUSPENDED),
        "currentPhase": CurrentPhase.SUSPENDED,
        "observedGeneration": generation,
    }
    kept = [dict(condition) for condition in environment.conditions if not _ends_with_suspension(condition)]
    added = list(contests)
    if conditions.find(kept, "Ready") is None:
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
    status["conditions"] = kept + conditions.merge(environment.conditions, added, generation=generation, now=now)
    return status


def _ends_with_suspension(condition: Mapping[str, Any]) -> bool:
    """Return whether a suspended environment loses a condition: it describes work in progress, a queue or an error."""
    return (
        condition.get("type") in ("Reconciling", "Stalled", lifetimes.EXPIRING, contested.CONDITION)
        or condition.get("reason") in persistent_errors.REASONS
        or condition.get("reason") == admission.QUEUED
    )


def _summarize(observation: Observation, plan: Plan, options: EnvironmentOptions) -> Summary:
    last = plan.last
    if observation.environment.is_deleting:
        return summaries.of_teardown(observation.environment, last)
    if not isinstance(last, Continue) and _is_expiry(plan) and last.reason != expiry.REVIVING:
        return summaries.of_expiry(observation.environment, last)
    health = release_state.health(observation, plan, options)
    if health is None:
        if isinstance(last, Wait) and last.reason == admission.QUEUED:
            return summaries.of_queue(last)
        assert not isinstance(last, Continue), "once every phase could continue, the release decides"
        return summaries.of_obstacle(observation, plan, last)
    found = diagnosis.shown(observation, health)
    if not isinstance(last, Continue):
        return summaries.of_release_beside(observation, plan, last, health, problems=found)
    if health.state is State.DEPLOYED and (contest := contested.of_what_runs(observation, plan)):
        return summaries.of_contest(observation, contest)
    parts = summaries.ready_parts(observation)
    return summaries.of_release(health, parts, changed=release_state.is_changed(plan), problems=found)


def _is_expiry(plan: Plan) -> bool:
    return plan.steps[-1].phase.name == expiry.NAME


def _is_removed(plan: Plan) -> bool:
    """Return whether an expired environment has nothing left, so that the status has nothing to show of it."""
    last = plan.last
    if isinstance(last, Continue) or not _is_expiry(plan):
        return False
    return last.reason == expiry.REVIVING or summaries.has_expired(last)


def _release(observation: Observation, plan: Plan, *, has_namespace: bool) -> Mapping[str, Any] | None:
    """Return `status.release`: the release that the plan came to, or else what is recorded already."""
    environment = observation.environment
    target = plan.release
    if environment.is_deleting or not has_namespace or target is None:
        return environment.status.get("release")
    engine = engines.of(target.resource)
    recorded: dict[str, Any] = {"engine": engine.name, "name": target.name}
    revision = engine.revision(observation.get(target), releases.source(observation, target))
    return recorded | ({"revision": revision} if revision else {})
