"""Where the releases of an environment lie: the one that is wanted, and those that were made before."""

from __future__ import annotations

from controller.apimachinery import names
from controller.environment import engines
from controller.environment.effects import Target
from controller.environment.engines.engine import Engine
from controller.environment.observation import Observation


def wanted(observation: Observation, engine: Engine) -> Target:
    """The HelmRelease that the spec asks for."""
    environment = observation.environment
    return engine.place(environment, environment.release_name)


def recorded(observation: Observation) -> Target | None:
    """The HelmRelease that the status remembers as made last, or None."""
    environment = observation.environment
    engine = engines.ENGINES.get(environment.recorded_engine)
    if engine is None or not names.is_dns_label(environment.recorded_release):
        return None
    return engine.place(environment, environment.recorded_release)


def cached(observation: Observation) -> frozenset[Target]:
    """The HelmReleases that carry the environment's label, of whichever engine."""
    kinds = {engine.releases for engine in engines.ENGINES.values()}
    return frozenset(target for target in observation.cached if target.resource in kinds)


def outdated(observation: Observation, engine: Engine) -> frozenset[Target]:
    """The HelmReleases that were made under another name, or for another engine, than is wanted now."""
    made_last = recorded(observation)
    made = cached(observation) | ({made_last} if made_last else frozenset())
    return made - {wanted(observation, engine)}


def source_of(release: Target) -> Target | None:
    """Where the chart's source of a release lies, or None if its engine has no such kind."""
    return engines.of(release.resource).source_of(release)


def of_stray_sources(observation: Observation) -> frozenset[Target]:
    """The releases, present or not, whose sources carry the environment's label."""
    owners = {
        engine.facts.sources: engine.releases for engine in engines.ENGINES.values() if engine.facts.sources is not None
    }
    sources = (target for target in observation.cached if target.resource in owners)
    return frozenset(Target(owners[target.resource], target.name, target.namespace) for target in sources)
