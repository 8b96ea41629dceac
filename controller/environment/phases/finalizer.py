"""Adds the finalizer before anything else exists, so that the environment cannot be deleted without a teardown."""

from __future__ import annotations

from controller.api.environment import FINALIZER
from controller.apimachinery import objects
from controller.environment.decision import Continue, Decision
from controller.environment.effects import AddFinalizer
from controller.environment.observation import Observation
from controller.environment.options import EnvironmentOptions


def decide(observation: Observation, options: EnvironmentOptions) -> Decision:
    """Add the finalizer if it is missing."""
    environment = observation.environment
    if environment.has_finalizer:
        return Continue()
    add = AddFinalizer(
        target=observation.environment_target,
        finalizers=(*objects.finalizers(environment.obj), FINALIZER),
        resource_version=objects.resource_version(environment.obj),
    )
    return Continue(effects=(add,))
