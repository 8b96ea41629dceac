"""Sees to the rights inside the environment, once something needs them.

Deploying a release with the Helm Operator needs none: HelmReleases are ours cluster-wide. To see the end of an
uninstall takes Helm's storage, and to know why a release failed takes its Events. So an environment that just runs
costs no binding, and nobody who takes over our account can look into it. Flux applies charts with an account of the
environment's own, which has to be there first. A teardown makes or repairs all of this by itself.
"""

from __future__ import annotations

from typing import Final

from controller.apimachinery import conditions
from controller.environment import releases, rights
from controller.environment.decision import Continue, Decision, Wait
from controller.environment.effects import Read
from controller.environment.engines import choice
from controller.environment.engines.engine import Engine, State
from controller.environment.observation import Observation
from controller.environment.options import EnvironmentOptions
from controller.environment.phases import health
from controller.environment.resources import wanted

NAME: Final = "access"


def decide(observation: Observation, options: EnvironmentOptions) -> Decision:
    """Make or repair the rights as long as something rests on them."""
    engine = choice.choose(observation, options)
    if engine is None or not _is_needed(observation, options, engine):
        return Continue()
    effects = (
        *rights.repair_ours(observation, options),
        *rights.repair_releases(observation, options, engine),
    )
    if any(isinstance(effect, Read) for effect in effects):
        # The phases after this one may only look where they have been let in.
        return Wait(
            "CheckingAccess", "Checking the controller's rights in the namespace.", effects=effects, timer=rights.TIMER
        )
    return Continue(effects, timer=rights.TIMER)


def _is_needed(observation: Observation, options: EnvironmentOptions, engine: Engine) -> bool:
    if engine.account(options) and not _is_settled(observation, engine):
        return True
    if wanted.is_concerned(observation, engine):
        return True
    if observation.namespace is None:
        return False
    failed = health.judge(observation, options).state is State.FAILED
    return failed or bool(releases.outdated(observation, engine))


def _is_settled(observation: Observation, engine: Engine) -> bool:
    """Whether this generation is deployed already: then the rights were right when it was.

    A release that is gone may have gone with its whole namespace.
    """
    environment = observation.environment
    ready = conditions.find(environment.conditions, "Ready") or {}
    deployed = ready.get("status") == conditions.TRUE and ready.get("observedGeneration") == environment.generation
    return deployed and observation.get(releases.wanted(observation, engine)) is not None
