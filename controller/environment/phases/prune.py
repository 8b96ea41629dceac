"""Removes objects with our label that the spec does not ask for: other releases, and their sources."""

from __future__ import annotations

from controller.environment import releases, uninstall
from controller.environment.decision import Continue, Decision, Wait
from controller.environment.engines import choice
from controller.environment.observation import Observation
from controller.environment.options import EnvironmentOptions


def decide(observation: Observation, options: EnvironmentOptions) -> Decision:
    """Uninstall other releases. The wanted one runs meanwhile, so nothing waits for this."""
    engine = choice.choose(observation, options)
    if engine is None or observation.get(releases.wanted(observation, engine)) is None:
        return Continue()
    surplus = releases.outdated(observation, engine) & observation.cached.keys()
    # A source without its release is left if the process ended between the two deletions.
    surplus |= releases.of_stray_sources(observation) - {releases.wanted(observation, engine)}
    if not surplus:
        return Continue()
    outcome = uninstall.decide(observation, surplus, options)
    if isinstance(outcome, Wait):
        return Continue(effects=outcome.effects, recheck_after=outcome.recheck_after, timer=outcome.timer)
    return Continue()
