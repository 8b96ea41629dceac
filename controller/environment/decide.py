"""From an observation to a plan: what the phases want, without the corrections that have to wait.

This is pure, so tests can explore the whole controller without a thread or a socket.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from controller.environment import installation
from controller.environment.decision import Continue, CurrentPhase
from controller.environment.drift import pacing
from controller.environment.engines import choice
from controller.environment.observation import Observation
from controller.environment.options import EnvironmentOptions
from controller.environment.phases import (
    access,
    admission,
    diagnosis,
    expiry,
    finalizer,
    health,
    namespace,
    preview,
    prune,
    release,
    resources,
    source,
    teardown,
    validate,
)
from controller.environment.plan import STATUS, Phase, Plan, Ready, Step

NAMESPACE_READY: Final = "NamespaceReady"
RESOURCES_READY: Final = "ResourcesReady"
RELEASE_READY: Final = "ReleaseReady"

# Comes before everything else, also before a teardown.
INSTALLATION: Final = Phase("installation", installation.decide, NAMESPACE_READY, CurrentPhase.NAMESPACE)
EXPIRY: Final = Phase(expiry.NAME, expiry.decide, NAMESPACE_READY, CurrentPhase.UNINSTALLING, removes=True)
# In order. A new phase needs a row here and its own file.
PHASES: Final[tuple[Phase, ...]] = (
    Phase("finalizer", finalizer.decide, NAMESPACE_READY, CurrentPhase.NAMESPACE, while_suspended=True),
    # Before the spec is validated: an environment also ends if its newest spec is refused.
    EXPIRY,
    Phase("validate", validate.decide, NAMESPACE_READY, CurrentPhase.NAMESPACE),
    Phase("admission", admission.decide, NAMESPACE_READY, CurrentPhase.NAMESPACE),
    Phase("namespace", namespace.decide, NAMESPACE_READY, CurrentPhase.NAMESPACE, ready=namespace.ready),
    Phase(
        "access",
        access.decide,
        RESOURCES_READY,
        CurrentPhase.RESOURCES,
        beside_release=True,
        guards_releases=True,
    ),
    Phase(
        "resources",
        resources.decide,
        RESOURCES_READY,
        CurrentPhase.RESOURCES,
        ready=resources.ready,
        beside_release=True,
        spec_decides_existence=True,
    ),
    Phase("source", source.decide, RELEASE_READY, CurrentPhase.DEPLOYING),
    Phase(
        release.NAME,
        release.decide,
        RELEASE_READY,
        CurrentPhase.DEPLOYING,
        while_suspended=True,
        spec_decides_existence=True,
    ),
    Phase("prune", prune.decide, RELEASE_READY, CurrentPhase.UNINSTALLING, spec_decides_existence=True),
    Phase("health", health.decide, RELEASE_READY, CurrentPhase.WAITING),
    Phase("preview", preview.decide, RELEASE_READY, CurrentPhase.WAITING),
    Phase("diagnosis", diagnosis.decide, RELEASE_READY, CurrentPhase.WAITING, while_release=diagnosis.STATES),
)
# Takes the place of all phases once the environment is deleted.
TEARDOWN: Final = Phase("teardown", teardown.decide, "", CurrentPhase.UNINSTALLING, removes=True)


def names() -> tuple[str, ...]:
    """Return the names of all phases and of the status, as in metrics and logs."""
    return (INSTALLATION.name, *(phase.name for phase in PHASES), STATUS, TEARDOWN.name)


def conditions() -> tuple[str, ...]:
    """Return the types of the conditions of all phases, in order."""
    return tuple(dict.fromkeys([phase.condition for phase in PHASES]))


def ready(condition: str, observation: Observation) -> Ready | None:
    """Return what a condition says while it is True; None if the release itself decides that."""
    said = None
    for phase in PHASES:
        if phase.condition == condition and phase.ready is not None:
            said = phase.ready
    return said(observation) if said else None


def decide(observation: Observation, options: EnvironmentOptions) -> Plan:
    """Return what to do for one environment now: the phases in order, up to the first that cannot continue."""
    return pacing.pace(_plan(observation, options), observation)


def _plan(observation: Observation, options: EnvironmentOptions) -> Plan:
    environment = observation.environment
    belongs = INSTALLATION.decide(observation, options)
    if not isinstance(belongs, Continue):
        return Plan((Step(INSTALLATION, belongs),))
    if environment.is_deleting:
        return Plan((Step(TEARDOWN, TEARDOWN.decide(observation, options)),))
    # Nearly every phase asks for these.
    found = health.judge(observation, options)
    observation = replace(observation, engine=choice.choose(observation, options), health=found)
    steps = []
    for phase in PHASES:
        if environment.suspended and not phase.while_suspended:
            continue
        if phase.while_release is not None and found.state not in phase.while_release:
            continue
        decision = phase.decide(observation, options)
        steps.append(Step(phase, decision))
        if not isinstance(decision, Continue):
            break
    return Plan(tuple(steps))
