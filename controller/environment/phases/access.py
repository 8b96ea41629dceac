"""Gives our own account its rights inside the environment, as soon as something needs them.

Deploying a release needs none: HelmReleases are ours cluster-wide. To see the end of an uninstall takes Helm's
storage, and to know why a release failed takes its Events. So nobody waits for this write before the application runs.
"""

from __future__ import annotations

from typing import Final

from controller.apimachinery import objects
from controller.environment import access, uninstall
from controller.environment.decision import Continue, Decision
from controller.environment.engines.health import State
from controller.environment.observation import Observation
from controller.environment.options import EnvironmentOptions
from controller.environment.phases import health

NAME: Final = "access"
# A deployment's own writes come first: seconds of calm before the binding is made, unless it is needed now.
_CALM: Final = 2.0
_CALM_TIMER: Final = "access:calm"
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
    if not _is_needed_now(observation, options):
        if observation.environment.status.get("applicationStatus") not in (State.DEPLOYED, State.FAILED):
            return Continue()
        if (left := _CALM - observation.age(_CALM_TIMER)) > 0:
            return Continue(recheck_after=left, timer=_CALM_TIMER)
    return Continue(access.repair(observation, options), timer=timer)


def _is_needed_now(observation: Observation, options: EnvironmentOptions) -> bool:
    failed = health.judge(observation, options).state is State.FAILED
    return failed or bool(uninstall.outdated(observation))
