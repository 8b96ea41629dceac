"""Gives our own account its rights inside the environment, as soon as something needs them.

Deploying a release needs none: HelmReleases are ours cluster-wide. A teardown needs to see Helm's storage, and so does
whoever wants to know why a release failed. So nobody waits for this write before the application runs.
"""

from __future__ import annotations

from typing import Final

from controller.apimachinery import objects
from controller.environment import access
from controller.environment.decision import Continue, Decision
from controller.environment.engines.health import State
from controller.environment.observation import Observation
from controller.environment.options import EnvironmentOptions
from controller.environment.phases import health

NAME: Final = "access"
# Seconds for which a binding that was seen to be right is taken to be so.
_TRUSTED_FOR: Final = 3600.0


def decide(observation: Observation, options: EnvironmentOptions) -> Decision:
    """Make or repair the RoleBinding, once in this process's life and then every now and then."""
    namespace = observation.namespace
    if namespace is None:
        return Continue()
    timer = f"{NAME}:{objects.uid(namespace)}"
    if timer in observation.ages and observation.age(timer) < _TRUSTED_FOR:
        return Continue(timer=timer)
    if not _is_needed(observation, options):
        return Continue()
    effects = access.repair(observation, options)
    return Continue(effects, timer=timer)


def _is_needed(observation: Observation, options: EnvironmentOptions) -> bool:
    recorded = observation.environment.status.get("applicationStatus")
    if recorded in (State.DEPLOYED, State.FAILED):
        return True
    return health.judge(observation, options).state is State.FAILED
