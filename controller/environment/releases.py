"""The releases of an environment: where they lie, which of them is wanted, and what it is made from.

"Release" is the object of a release engine, such as a HelmRelease. "Source" is the object for its chart.
"""

from __future__ import annotations

from collections.abc import Mapping

from controller.apimachinery import names
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import SECRETS
from controller.environment import engines
from controller.environment.effects import Target
from controller.environment.engines.engine import Engine, Reference, ReleaseContext
from controller.environment.observation import Observation
from controller.environment.options import EnvironmentOptions
from controller.environment.previews import urls
from controller.environment.resources import references


def wanted(observation: Observation, engine: Engine) -> Target:
    """Return the release that the spec asks for."""
    environment = observation.environment
    return engine.place(environment, environment.release_name)


def recorded(observation: Observation) -> Target | None:
    """Return the release that the status records as the last one that was created, or None."""
    environment = observation.environment
    engine = engines.ENGINES.get(environment.recorded_engine)
    if engine is None or not names.is_dns_label(environment.recorded_release):
        return None
    return engine.place(environment, environment.recorded_release)


def cached(observation: Observation) -> frozenset[Target]:
    """Return the releases of all engines that have the environment's label."""
    kinds = {engine.facts.releases for engine in engines.ENGINES.values()}
    return frozenset([target for target in observation.cached if target.resource in kinds])


def outdated(observation: Observation, engine: Engine) -> frozenset[Target]:
    """Return the releases with another name, or of another engine, than the wanted one."""
    made_last = recorded(observation)
    made = cached(observation) | ({made_last} if made_last else frozenset())
    return made - {wanted(observation, engine)}


def source_of(release: Target) -> Target | None:
    """Return where the source of a release lies, or None if its engine has no such kind."""
    return engines.of(release.resource).source_of(release)


def source(observation: Observation, release: Target) -> Object | None:
    """Return the source of a release, or None if there is none."""
    target = source_of(release)
    return observation.get(target) if target else None


def of_stray_sources(observation: Observation) -> frozenset[Target]:
    """Return the releases whose sources have the environment's label. The releases themselves may not exist."""
    owners = {
        engine.facts.sources: engine.releases for engine in engines.ENGINES.values() if engine.facts.sources is not None
    }
    sources = (target for target in observation.cached if target.resource in owners)
    return frozenset(Target(owners[target.resource], target.name, target.namespace) for target in sources)


def context(observation: Observation, options: EnvironmentOptions, engine: Engine) -> ReleaseContext:
    """Return what the engine needs to know about the environment's release."""
    copies = {
        reference: references.copy_name(reference) for reference in engine.foreign_references(observation.environment)
    }
    declared = urls.declared(observation.environment, options.url_template)
    return ReleaseContext(
        environment=observation.environment,
        # A Secret that the spec names takes precedence over the one that the TronadorConfig maps to the repository.
        git_secret=_own_secret(observation, copies) or observation.share.git_secret,
        service_account=engine.account(options),
        copies=copies,
        preview_url=declared.url if declared else "",
    )


def _own_secret(observation: Observation, copies: Mapping[Reference, str]) -> str:
    secret = observation.environment.chart.get("secretRef") or {}
    name = str(secret.get("name") or "")
    elsewhere = Reference(SECRETS.kind, str(secret.get("namespace") or ""), name)
    return copies.get(elsewhere, name)
