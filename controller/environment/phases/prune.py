"""What carries our label and is no longer wanted: HelmReleases beside the one that the spec asks for."""

from __future__ import annotations

from controller.environment import uninstall
from controller.environment.decision import Continue, Decision, Wait
from controller.environment.observation import Observation
from controller.environment.options import EnvironmentOptions

NAME = "prune"


def decide(observation: Observation, options: EnvironmentOptions) -> Decision:
    """Uninstall surplus releases; the wanted one runs meanwhile, so nothing waits for this."""
    wanted = observation.environment.release_name
    surplus = uninstall.outdated(observation) & observation.cached_releases.keys()
    if not surplus or observation.release(wanted) is None:
        return Continue()
    outcome = uninstall.decide(observation, surplus, options)
    if isinstance(outcome, Wait):
        return Continue(outcome.effects, recheck_after=outcome.recheck_after, timer=outcome.timer)
    return Continue()
