"""The status if nothing could be observed, or if nothing is left to observe. It starts from the recorded status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from controller.api.environment import Environment
from controller.apimachinery import conditions, objects
from controller.apimachinery.conditions import FALSE, TRUE, UNKNOWN, Condition
from controller.environment import contested, decide, ownership, status, summaries
from controller.environment.decide import RELEASE_READY
from controller.environment.decision import CurrentPhase, Wait
from controller.environment.engines.engine import State
from controller.environment.observation import Observation
from controller.environment.options import EnvironmentOptions
from controller.environment.previews import recorded as preview_urls
from controller.environment.summaries import Summary

# The teardown is over, and the environment is still there.
HELD_BY_OTHERS: Final = "HeldByOthers"
# Fields that need an observation.
_KEPT: Final = ("namespaceLabels", "release", *preview_urls.FIELDS)


def unjudged(environment: Environment, error: Wait, options: EnvironmentOptions, now: datetime) -> dict[str, Any]:
    """Return the status after an error that prevented an observation: the release as it was, and the rest unknown."""
    standing = conditions.find(environment.conditions, contested.CONDITION)
    contests = (_recorded(standing),) if standing else ()
    if environment.suspended and not environment.is_deleting:
        return status.suspended(environment, error, options, now, contests=contests)
    summary = _unknown(environment, error)
    return _with_kept(environment, replace(summary, conditions=(*summary.conditions, *contests)), options, now)


def of_let_go(observation: Observation, options: EnvironmentOptions) -> dict[str, Any]:
    """Return the last status of an environment that only the finalizers of others hold after its teardown."""
    environment, namespace = observation.environment, observation.namespace
    if observation.cached or (namespace is not None and ownership.is_labelled(observation, namespace)):
        # Another client removed our finalizer before the teardown was over, so the status claims nothing.
        return dict(environment.status)
    others = ", ".join(sorted(objects.finalizers(environment.obj)))
    message = f"Everything is removed. These finalizers of others still hold the environment: {others}"
    held = Condition("Ready", FALSE, HELD_BY_OTHERS, message)
    summary = Summary(State.UNINSTALLING, CurrentPhase.IDLE, message, (held,))
    return _with_kept(environment, summary, options, observation.now)


def _unknown(environment: Environment, error: Wait) -> Summary:
    if environment.is_deleting:
        return summaries.of_teardown(environment, error)
    if environment.has_expired:
        return summaries.of_expiry(environment, error)
    phase = str(environment.status.get("currentPhase") or CurrentPhase.NAMESPACE)
    parts = tuple(Condition(part, UNKNOWN, error.reason, error.message) for part in decide.conditions())
    again = Condition("Reconciling", TRUE, error.reason, error.message)
    known = {type_: conditions.find(environment.conditions, type_) for type_ in ("Ready", RELEASE_READY)}
    ready, released = (found and _recorded(found) for found in known.values())
    if not ready or not released or not _repeats_release(environment, known["Ready"] or {}):
        unknown = Condition("Ready", UNKNOWN, error.reason, error.message)
        return Summary(State.PENDING, phase, error.message, (unknown, *parts, again))
    state = State(environment.status["applicationStatus"])
    message = str(environment.status.get("applicationStatusMsg") or "")
    others = tuple(part for part in parts if part.type != RELEASE_READY)
    return Summary(state, phase, message, (ready, *others, released, again))


def _repeats_release(environment: Environment, ready: Mapping[str, Any]) -> bool:
    """Return whether Ready repeats the state of the release for the current generation."""
    current = ready.get("observedGeneration") == environment.generation
    return current and ready.get("reason") in (summaries.DEPLOYED, summaries.RELEASE_FAILED)


def _recorded(condition: Mapping[str, Any]) -> Condition:
    return Condition(*(str(condition.get(field) or "") for field in ("type", "status", "reason", "message")))


def _with_kept(
    environment: Environment, summary: Summary, options: EnvironmentOptions, now: datetime
) -> dict[str, Any]:
    kept = {field: environment.status[field] for field in _KEPT if field in environment.status}
    if summary.state is State.FAILED:
        summary = replace(summary, problems=environment.problems)
    return kept | status.written(environment, summary, options, now)
