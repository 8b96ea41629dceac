"""Where an object lives, as discovery tells: kinds that nobody knew before can be applied, and taken back."""

from __future__ import annotations

from collections.abc import Sequence

from controller.apimachinery.resources import Resource
from controller.environment.effects import GroupVersion, Read, Target
from controller.environment.observation import Observation, Unknown
from controller.environment.resources.item import Identity


def questions(observation: Observation, identities: Sequence[Identity]) -> tuple[Read, ...]:
    """What has to be asked about these objects next: their kinds, and then they themselves."""
    versions = dict.fromkeys(GroupVersion(identity.api_version) for identity in identities)
    if unasked := observation.unasked(versions):
        return unasked
    targets = (target(observation, identity) for identity in identities)
    return observation.unasked(found for found in targets if found is not None)


def resource(observation: Observation, identity: Identity) -> Resource | None:
    """The resource of its kind, or None where the cluster serves none."""
    served = observation.served(GroupVersion(identity.api_version))
    if isinstance(served, Unknown):
        return None
    return next((found for found in served if found.kind == identity.kind), None)


def target(observation: Observation, identity: Identity) -> Target | None:
    """Where it lies in the environment's namespace; None where its kind is unknown, or lives in no namespace."""
    found = resource(observation, identity)
    if found is None or not found.namespaced:
        return None
    return Target(found, identity.name, observation.environment.namespace_name)
