"""The source of the chart, such as a GitRepository, if the engine has such a kind."""

from __future__ import annotations

from controller.environment import release_sync, releases
from controller.environment.decision import Continue, Decision, Wait
from controller.environment.effects import Create
from controller.environment.engines import ENGINES, choice
from controller.environment.observation import Observation
from controller.environment.options import EnvironmentOptions


def decide(observation: Observation, options: EnvironmentOptions) -> Decision:
    """Bring the source to what the spec asks for."""
    engine = choice.choose(observation, options)
    if engine is None:
        return _missing(options)
    desired = engine.desired_source(releases.context(observation, options, engine))
    target = releases.source_of(releases.wanted(observation, engine))
    if desired is None or target is None:
        return Continue()
    current = observation.get(target)
    if current is None:
        return Continue(effects=(Create(target, desired),))
    if found := release_sync.obstacle(observation, target, current):
        return found
    correction = release_sync.correction(target, current, desired)
    return Continue(effects=(correction[0],)) if correction else Continue()


def _missing(options: EnvironmentOptions) -> Wait:
    engines = ", or ".join(
        f"{' with '.join(map(str, engine.resources))} ({engine.name})" for engine in ENGINES.values()
    )
    return Wait(
        reason="ReleaseEngineMissing",
        message=f"The cluster serves no release engine: install one of {engines}; this then continues.",
        recheck_after=options.recheck_interval,
    )
