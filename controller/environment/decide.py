"""From an observation to a plan: what the phases want, less what has to wait.

Pure: the whole controller can be explored without a thread or a socket.
"""

from __future__ import annotations

from types import ModuleType
from typing import Final

from controller.environment import installation
from controller.environment.decision import Continue, Decision, Plan, Step
from controller.environment.drift import pacing
from controller.environment.observation import Observation
from controller.environment.options import EnvironmentOptions
from controller.environment.phases import (
    access,
    finalizer,
    health,
    namespace,
    prune,
    release,
    resources,
    source,
    teardown,
    validate,
)

PHASES: Final[tuple[ModuleType, ...]] = (
    finalizer,
    validate,
    namespace,
    access,
    resources,
    source,
    release,
    prune,
    health,
)
# A suspended environment is held by its finalizer, and otherwise left exactly as it is.
SUSPENDED_PHASES: Final[tuple[ModuleType, ...]] = (finalizer, release)
PHASE_NAMES: Final[tuple[str, ...]] = (
    installation.NAME,
    *(phase.NAME for phase in PHASES),
    "status",
    teardown.NAME,
)


def decide(observation: Observation, options: EnvironmentOptions) -> Plan:
    """What to do for one environment now: the phases in order, up to the first that cannot continue."""
    return pacing.pace(_plan(observation, options), observation)


def _plan(observation: Observation, options: EnvironmentOptions) -> Plan:
    environment = observation.environment
    if stranger := installation.decide(observation, options):
        return Plan((Step(installation.NAME, stranger),))
    if environment.is_deleting:
        return Plan((Step(teardown.NAME, teardown.decide(observation, options)),))
    phases = SUSPENDED_PHASES if environment.suspended else PHASES
    steps = []
    for phase in phases:
        decision: Decision = phase.decide(observation, options)
        steps.append(Step(phase.NAME, decision))
        if not isinstance(decision, Continue):
            break
    return Plan(tuple(steps))
