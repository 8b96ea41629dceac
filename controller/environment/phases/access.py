"""Creates and repairs the rights inside the environment when something needs them.

The controller has the rights to releases in the whole cluster. It needs more to see the end of an uninstall, in Helm's
storage, to learn why a release is not ready, from Pods and Events, and to look for URLs. If it does not look for any,
there is no binding in an environment that was quickly deployed and just runs, and a stolen account of the controller
cannot read its Secrets. If an engine applies charts with an account of the environment, that account has to exist
first. A teardown creates and repairs all rights that it needs by itself.
"""

from __future__ import annotations

from controller.apimachinery import conditions
from controller.environment import releases, rights
from controller.environment.decision import Continue, Decision, Wait
from controller.environment.effects import Read
from controller.environment.engines import choice
from controller.environment.engines.engine import Engine, State
from controller.environment.observation import Observation
from controller.environment.options import EnvironmentOptions
from controller.environment.phases import diagnosis, health
from controller.environment.previews import discovery
from controller.environment.resources import wanted


def decide(observation: Observation, options: EnvironmentOptions) -> Decision:
    """Create or repair the rights as long as something needs them."""
    engine = choice.choose(observation, options)
    if engine is None or not _is_needed(observation, options, engine):
        return Continue()
    effects = (
        *rights.repair_ours(observation, options),
        *rights.repair_releases(observation, options, engine),
    )
    if any(isinstance(effect, Read) for effect in effects):
        # The next phases may read the namespace only when the rights are there.
        return Wait(
            reason="CheckingAccess",
            message="Checking the controller's rights in the namespace.",
            effects=effects,
            timer=rights.TIMER,
        )
    return Continue(effects=effects, timer=rights.TIMER)


def _is_needed(observation: Observation, options: EnvironmentOptions, engine: Engine) -> bool:
    if engine.account(options) and not _is_settled(observation, engine):
        return True
    if wanted.is_concerned(observation, engine):
        return True
    if observation.namespace is None:
        # With the namespace, the rights to look for URLs later are made without a further request.
        return options.discover_urls
    if discovery.is_without_rights(observation):
        return True
    found = health.judge(observation, options)
    if found.state is State.FAILED or diagnosis.is_due(observation, options, found):
        return True
    return bool(releases.outdated(observation, engine))


def _is_settled(observation: Observation, engine: Engine) -> bool:
    """Return whether this generation is deployed already. The rights were right at that time.

    A missing release counts as not deployed, because it may have been deleted with its whole namespace.
    """
    environment = observation.environment
    ready = conditions.find(environment.conditions, "Ready") or {}
    deployed = ready.get("status") == conditions.TRUE and ready.get("observedGeneration") == environment.generation
    return deployed and observation.get(releases.wanted(observation, engine)) is not None
