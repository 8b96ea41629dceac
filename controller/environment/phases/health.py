"""How the release fares. Where it failed, the Helm Operator's own Events say why; its status never does.

Such an Event comes a moment after the status. What lies there already is of an earlier failure, or of the first fetch
of the chart, which always fails: so Events from before the failure are left out, and for a while it is looked again.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from controller.api.environment import Environment
from controller.api.helm_operator import HELM_RELEASES, HelmRelease
from controller.apimachinery import conditions, objects
from controller.apimachinery.resources import CORE_EVENTS
from controller.apimachinery.timestamps import from_time
from controller.environment import engine_choice, releases
from controller.environment.decision import Continue, Decision
from controller.environment.effects import Listing, Read, Target
from controller.environment.engines import helm_operator
from controller.environment.engines.health import Health, State
from controller.environment.observation import UNASKED, Observation, Unknown
from controller.environment.options import EnvironmentOptions

NAME = "health"
_EVENT_IS_LATE_FOR: Final = 30.0


def decide(observation: Observation, options: EnvironmentOptions) -> Decision:
    """Ask for the Events of a failed release for a while, and look again when time alone changes the state."""
    health = judge(observation, options)
    if health.changes_after is not None:
        return Continue(recheck_after=health.changes_after, timer=_patience_timer(observation.environment))
    if health.state is not State.FAILED or not _is_told_in_events(observation, options):
        return Continue()
    pause = _pause(observation)
    if pause is None and _is_told(observation.environment, health):
        return Continue()
    events = warnings_of(observation)
    if observation.answer(events) is UNASKED:
        return Continue((Read(events),))
    return Continue(recheck_after=pause)


def judge(observation: Observation, options: EnvironmentOptions) -> Health:
    """The release's health as of now, without the Events."""
    engine = engine_choice.choose(observation, options)
    if engine is None:
        return Health(State.PENDING, "ReleaseEngineMissing", "")
    target = releases.wanted(observation, engine)
    source = next((observation.get(source) for source in releases.sources_of(target)), None)
    return engine.health(observation.get(target), source, chart_patience=_chart_patience(observation, options))


def explained(observation: Observation, health: Health) -> str:
    """The message for a failed release: its own words, and the newest Warning's."""
    if note := _newest_note(observation):
        return f"{health.message} {note}".strip()
    return _told(observation.environment) if _is_told(observation.environment, health) else health.message


def warnings_of(observation: Observation) -> Listing:
    """The Warning Events about the Helm Operator's HelmRelease."""
    environment = observation.environment
    target = Target(HELM_RELEASES, environment.release_name, environment.namespace_name)
    fields = {
        "involvedObject.kind": HELM_RELEASES.kind,
        "involvedObject.name": target.name,
        "involvedObject.uid": objects.uid(observation.get(target) or {}),
        "type": "Warning",
    }
    selector = ",".join(f"{field}={value}" for field, value in fields.items())
    return Listing(CORE_EVENTS, target.namespace, field_selector=selector)


def _is_told_in_events(observation: Observation, options: EnvironmentOptions) -> bool:
    engine = engine_choice.choose(observation, options)
    return engine is not None and engine.TELLS_WHY_IN_EVENTS


def _chart_patience(observation: Observation, options: EnvironmentOptions) -> float:
    environment = observation.environment
    condition = conditions.find(environment.conditions, "ReleaseReady") or {}
    recorded = (condition.get("status"), condition.get("reason"), condition.get("observedGeneration"))
    if recorded == (conditions.FALSE, helm_operator.CHART_FETCH_FAILED, environment.generation):
        # Said to have failed, and nothing has changed since: a restart must not take that back.
        return 0.0
    return max(0.0, options.chart_grace - observation.age(_patience_timer(environment)))


def _patience_timer(environment: Environment) -> str:
    # Each generation may name another repository or branch, and is waited for anew.
    return f"chart:{environment.generation}"


def _told(environment: Environment) -> str:
    condition = conditions.find(environment.conditions, "ReleaseReady") or {}
    return str(condition.get("message") or "")


def _is_told(environment: Environment, health: Health) -> bool:
    """Whether the status explains this very failure already: then the Events need not be read again."""
    condition = conditions.find(environment.conditions, "ReleaseReady") or {}
    message = str(condition.get("message") or "")
    return (
        condition.get("reason") == health.reason
        and condition.get("observedGeneration") == environment.generation
        and message.startswith(health.message)
        and message != health.message
    )


def _newest_note(observation: Observation) -> str:
    events = observation.answer(warnings_of(observation))
    if isinstance(events, Unknown) or not events:
        return ""
    failed_at = _failed_at(observation)
    # Within a second the name tells which came first: it ends in the time of its making.
    notes = [
        (moment, objects.name(event), str(event.get("message") or "").strip())
        for event in events
        if (moment := _moment(event)) and (failed_at is None or moment >= failed_at)
    ]
    return max(notes)[-1] if notes else ""


def _failed_at(observation: Observation) -> datetime | None:
    environment = observation.environment
    target = Target(HELM_RELEASES, environment.release_name, environment.namespace_name)
    return from_time(HelmRelease(observation.get(target) or {}).failed_at)


def _moment(event: Any) -> datetime | None:
    series = event.get("series") or {}
    moments = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"))
    return from_time(next((str(moment) for moment in moments if moment), None))


def _pause(observation: Observation) -> float | None:
    ready = conditions.find(observation.environment.conditions, "Ready") or {}
    since = from_time(ready.get("lastTransitionTime"))
    if ready.get("status") != conditions.FALSE or since is None:
        return 1.0
    waited = (observation.now - since).total_seconds()
    return max(waited, 1.0) if waited < _EVENT_IS_LATE_FOR else None
