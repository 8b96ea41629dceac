"""Which engine an environment has.

With `--release-engine=auto`, the kinds that the cluster serves decide once, and then the engine stays. So nothing is
uninstalled when another engine is installed later, or when the engine's CRDs are missing for a while. Only another
value of the option moves an environment to another engine.
"""

from __future__ import annotations

from controller.api.engines import AUTO
from controller.apimachinery.resources import Resource
from controller.environment.effects import GroupVersion, Read
from controller.environment.engines import ENGINES
from controller.environment.engines.engine import Engine
from controller.environment.observation import Observation, Unknown
from controller.environment.options import EnvironmentOptions


def choose(observation: Observation, options: EnvironmentOptions) -> Engine | None:
    """Return the engine of the environment. None if the cluster has none, or if `questions` have no answer yet."""
    if observation.engine is not None:
        return observation.engine
    if options.release_engine != AUTO:
        return ENGINES[options.release_engine]
    return _kept(observation) or next(
        (engine for engine in ENGINES.values() if all(_is_served(observation, r) for r in engine.resources)), None
    )


def questions(observation: Observation, options: EnvironmentOptions) -> tuple[Read, ...]:
    """Return the live reads that `choose` needs first."""
    if choose(observation, options) is not None:
        return ()
    versions = dict.fromkeys(GroupVersion(r.api_version) for engine in ENGINES.values() for r in engine.resources)
    return observation.unasked(versions)


def _kept(observation: Observation) -> Engine | None:
    if recorded := ENGINES.get(observation.environment.recorded_engine):
        return recorded
    # A release exists, but the status does not name it: the process ended in between, or the status was lost.
    made = {target.resource for target in observation.cached}
    return next((engine for engine in ENGINES.values() if engine.releases in made), None)


def _is_served(observation: Observation, resource: Resource) -> bool:
    served = observation.served(GroupVersion(resource.api_version))
    return not isinstance(served, Unknown) and resource in served
