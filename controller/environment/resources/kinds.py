"""Where an object lives, from discovery. So objects of every kind can be applied and removed."""

from __future__ import annotations

from collections.abc import Sequence

from controller.apimachinery.resources import Resource
from controller.environment.effects import GroupVersion, Read, Target
from controller.environment.observation import Observation, Unknown
from controller.environment.resources.item import Identity


def questions(observation: Observation, identities: Sequence[Identity]) -> tuple[Read, ...]:
    """Return the next reads about these objects: first of their kinds, then of the objects themselves."""
    versions = dict.fromkeys(GroupVersion(identity.api_version) for identity in identities)
    if unasked := observation.unasked(versions):
        return unasked
    targets = (target(observation, identity) for identity in identities)
    return observation.unasked(found for found in targets if found is not None)


def resource(observation: Observation, identity: Identity) -> Resource | None:
    """Return the resource of its kind, or None if the cluster does not serve it."""
    served = observation.served(GroupVersion(identity.api_version))
    if isinstance(served, Unknown):
        return None
    return next((found for found in served if found.kind == identity.kind), None)


def target(observation: Observation, identity: Identity) -> Target | None:
    """Return where it lies in the environment's namespace; None if its kind is unknown or cluster-scoped."""
    found = resource(observation, identity)
    if found is None or not found.namespaced:
        return None
    return Target(found, identity.name, observation.environment.namespace_name)
