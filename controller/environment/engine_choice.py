"""Which engine an environment's release belongs to.

With `--release-engine=auto` that is decided once, by what the cluster serves, and then stays: what is installed beside
it later, or missing for a while, uninstalls nothing. Only an explicit option moves an environment to another engine.
"""

from __future__ import annotations

from controller.api.engines import AUTO
from controller.apimachinery.resources import Resource
from controller.environment.effects import GroupVersion, Read
from controller.environment.engines import ENGINES
from controller.environment.engines.engine import Engine
from controller.environment.observation import UNASKED, Observation, Unknown
from controller.environment.options import EnvironmentOptions


def choose(observation: Observation, options: EnvironmentOptions) -> Engine | None:
    """The engine of the environment; None where the cluster has none, or as long as `questions` are open."""
    if options.release_engine != AUTO:
        return ENGINES[options.release_engine]
    return _kept(observation) or next(
        (engine for engine in ENGINES.values() if all(_is_served(observation, r) for r in engine.resources)), None
    )


def questions(observation: Observation, options: EnvironmentOptions) -> tuple[Read, ...]:
    """What has to be asked before `choose` can tell."""
    if choose(observation, options) is not None:
        return ()
    versions = dict.fromkeys(GroupVersion(r.api_version) for engine in ENGINES.values() for r in engine.resources)
    return tuple(Read(version) for version in versions if observation.answer(version) is UNASKED)


def _kept(observation: Observation) -> Engine | None:
    if recorded := ENGINES.get(observation.environment.recorded_engine):
        return recorded
    # Made, but not recorded: the process ended in between, or the status was lost.
    made = {target.resource for target in observation.cached}
    return next((engine for engine in ENGINES.values() if engine.releases in made), None)


def _is_served(observation: Observation, resource: Resource) -> bool:
    served = observation.answer(GroupVersion(resource.api_version))
    return not isinstance(served, Unknown) and resource in served
