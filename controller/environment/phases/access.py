"""Gives our own account its rights inside the environment, once something needs them.

Deploying a release needs none: HelmReleases are ours cluster-wide. To see the end of an uninstall takes Helm's
storage, and to know why a release failed takes its Events. So an environment that just runs costs no binding, and
nobody who takes over our account can look into it. A teardown makes or repairs the binding by itself.
"""

from __future__ import annotations

from typing import Final

from controller.apimachinery import objects
from controller.environment import access, uninstall
from controller.environment.decision import Continue, Decision, Wait
from controller.environment.effects import Read
from controller.environment.engines.health import State
from controller.environment.observation import Observation
from controller.environment.options import EnvironmentOptions
from controller.environment.phases import health

NAME: Final = "access"


def decide(observation: Observation, options: EnvironmentOptions) -> Decision:
    """Make or repair the RoleBinding where it is needed, and look at it again every now and then."""
    namespace = observation.namespace
    if namespace is None:
        return Continue()
    if not _is_needed(observation, options):
        return Continue()
    timer = f"{NAME}:{objects.uid(namespace)}"
    if timer in observation.ages:
        return Continue(timer=timer)
    effects = access.repair(observation, options)
    if any(isinstance(effect, Read) for effect in effects):
        # The phases after this one may only look where they have been let in.
        return Wait("CheckingAccess", "Looking at our own rights.", effects=effects)
    return Continue(effects, timer=timer)


def _is_needed(observation: Observation, options: EnvironmentOptions) -> bool:
    failed = health.judge(observation, options).state is State.FAILED
    return failed or bool(uninstall.outdated(observation))
