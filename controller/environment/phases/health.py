"""The health of the release and, if it failed, the cause.

An engine may say only elsewhere why a release failed, for example in Events. These can come a moment after the status,
so they are read again for a while.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from controller.api.environment import Environment
from controller.apimachinery import conditions
from controller.apimachinery.timestamps import from_time
from controller.environment import releases
from controller.environment.decision import Continue, Decision
from controller.environment.effects import Listing
from controller.environment.engines import choice
from controller.environment.engines.engine import CHART_FETCH_FAILED, Health, State
from controller.environment.observation import UNASKED, Observation, Unknown
from controller.environment.options import EnvironmentOptions

# Seconds after a failure during which its explanation may still come.
_EXPLANATION_IS_LATE_FOR: Final = 30.0


def decide(observation: Observation, options: EnvironmentOptions) -> Decision:
    """Ask for a while why a release failed, and look again when time alone changes the state."""
    health = judge(observation, options)
    if health.changes_after is not None:
        return Continue(
            recheck_after=health.changes_after, timer=_patience_timer(observation.environment), health=health
        )
    evidence = _evidence(observation, options)
    if health.state is not State.FAILED or evidence is None:
        return Continue(health=health)
    pause = _pause(observation)
    if pause is None and _is_explained(observation.environment, health):
        return Continue(health=health)
    if reads := observation.unasked((evidence,)):
        return Continue(effects=reads, health=health)
    return Continue(recheck_after=pause, health=health)


def judge(observation: Observation, options: EnvironmentOptions) -> Health:
    """Return the release's health as of now, in the words of its status."""
    if observation.health is not None:
        return observation.health
    engine = choice.choose(observation, options)
    if engine is None:
        return Health(State.PENDING, "ReleaseEngineMissing", "")
    target = releases.wanted(observation, engine)
    source = releases.source(observation, target)
    return engine.health(observation.get(target), source, chart_patience=_chart_patience(observation, options))


def explained(observation: Observation, options: EnvironmentOptions, health: Health) -> Health:
    """Return the release's health; if it failed, the message also says why, as far as that is known."""
    if health.state is not State.FAILED or _evidence(observation, options) is None:
        return health
    if note := _note(observation, options):
        return replace(health, message=f"{health.message} {note}".strip())
    if _is_explained(observation.environment, health):
        return replace(health, message=str(_recorded(observation.environment).get("message")))
    return health


def _evidence(observation: Observation, options: EnvironmentOptions) -> Listing | None:
    """Return what to read to learn why the release failed, or None if its status says so."""
    engine = choice.choose(observation, options)
    if engine is None:
        return None
    target = releases.wanted(observation, engine)
    return engine.evidence(target, observation.get(target))


def _note(observation: Observation, options: EnvironmentOptions) -> str:
    engine = choice.choose(observation, options)
    evidence = _evidence(observation, options)
    found = observation.listed(evidence) if evidence else UNASKED
    if engine is None or isinstance(found, Unknown):
        return ""
    return engine.explain(observation.get(releases.wanted(observation, engine)), found)


def _chart_patience(observation: Observation, options: EnvironmentOptions) -> float:
    environment = observation.environment
    condition = _recorded(environment)
    recorded = (condition.get("status"), condition.get("reason"), condition.get("observedGeneration"))
    if recorded == (conditions.FALSE, CHART_FETCH_FAILED, environment.generation):
        # The status says already that it failed, and nothing has changed since. A restart must not withdraw that.
        return 0.0
    return max(0.0, options.chart_grace - observation.age(_patience_timer(environment)))


def _patience_timer(environment: Environment) -> str:
    # Each generation can name another repository or branch, so each has its own time.
    return f"chart:{environment.generation}"


def _recorded(environment: Environment) -> Mapping[str, Any]:
    return conditions.find(environment.conditions, "ReleaseReady") or {}


def _is_explained(environment: Environment, health: Health) -> bool:
    """Return whether the status already explains this very failure, so that the explanation need not be read again."""
    condition = _recorded(environment)
    message = str(condition.get("message") or "")
    return (
        condition.get("reason") == health.reason
        and condition.get("observedGeneration") == environment.generation
        # The space ends the engine's words: a longer message of the engine itself is another failure.
        and message.startswith(f"{health.message} ".lstrip())
        and message != health.message
    )


def _pause(observation: Observation) -> float | None:
    ready = conditions.find(observation.environment.conditions, "Ready") or {}
    since = from_time(ready.get("lastTransitionTime"))
    if ready.get("status") != conditions.FALSE or since is None:
        return 1.0
    waited = (observation.now - since).total_seconds()
    return max(waited, 1.0) if waited < _EXPLANATION_IS_LATE_FOR else None
