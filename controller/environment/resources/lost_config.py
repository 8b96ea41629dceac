"""Whether a missing TronadorConfig was deleted on purpose.

If a person deletes it, everything that it shared is removed. But it is also deleted together with its namespace or its
CRD, and then running environments must keep the Secrets that they use. The caches cannot show which of these happened,
because changes of different kinds arrive in any order. So all three are read live before anything is removed. An
accident is remembered, because the namespace or the CRD may be created again before the TronadorConfig.
"""

from __future__ import annotations

from dataclasses import replace

from controller.api.environment import APPLIED_RESOURCES_ANNOTATION
from controller.api.tronador_config import CONFIG_NAME, DEFINITION, TRONADOR_CONFIGS
from controller.apimachinery import objects
from controller.apimachinery.resources import CUSTOM_RESOURCE_DEFINITIONS, NAMESPACES
from controller.environment.decision import Wait
from controller.environment.effects import Effect, Listing, Patch, Target
from controller.environment.observation import Observation, Unknown
from controller.environment.options import EnvironmentOptions
from controller.environment.resources.memory import LOST, Memory, remembered
from controller.tronadorconfig.content.recipients import LOST_REASON, has_lost_config


def decide(observation: Observation, options: EnvironmentOptions) -> Wait | None:
    """Wait for a TronadorConfig that was deleted by accident. None: it exists, or was deleted on purpose."""
    memory = remembered(observation.namespace)
    if observation.has_config or not memory.origin:
        return None
    if memory.origin == LOST:
        # An environment with this reason in its status is reconciled when a TronadorConfig exists (`shares.Concerned`).
        again = None if has_lost_config(observation.environment) else options.recheck_interval
        return Wait(
            reason=LOST_REASON, message=_message("its namespace or its CRD was deleted with it"), recheck_after=again
        )
    own_namespace = Target(NAMESPACES, options.own_namespace)
    crd = Target(CUSTOM_RESOURCE_DEFINITIONS, DEFINITION)
    listing = Listing(TRONADOR_CONFIGS, options.own_namespace, field_selector=f"metadata.name={CONFIG_NAME}")
    if unasked := observation.unasked((own_namespace, crd, listing)):
        return Wait(
            reason=LOST_REASON, message="Looking for the reason why the TronadorConfig is gone.", effects=unasked
        )
    namespace, definition = observation.live(own_namespace), observation.live(crd)
    configs = observation.listed(listing)
    if isinstance(namespace, Unknown) or isinstance(definition, Unknown) or isinstance(configs, Unknown):
        message = _message(f"the controller may not read its namespace or its CRD ({DEFINITION}) to learn why")
        return Wait(reason=LOST_REASON, message=message, recheck_after=options.recheck_interval)
    if configs:
        # It exists again, or was never deleted.
        message = "Waiting for the TronadorConfig to arrive in the controller's cache."
        return Wait(reason=LOST_REASON, message=message, recheck_after=options.recheck_interval)
    if namespace is None or objects.is_deleting(namespace) or objects.uid(namespace) != memory.origin:
        return Wait(
            reason=LOST_REASON,
            message=_message("its namespace was deleted with it"),
            effects=_note(observation, memory),
        )
    if definition is None or objects.is_deleting(definition):
        return Wait(
            reason=LOST_REASON, message=_message("its CRD was deleted with it"), effects=_note(observation, memory)
        )
    return None


def _message(why: str) -> str:
    return (
        f"TronadorConfig {CONFIG_NAME} is gone, but {why}. So everything that it shared stays. "
        "Apply it again, or apply an empty one to remove everything."
    )


def _note(observation: Observation, memory: Memory) -> tuple[Effect, ...]:
    assert observation.namespace is not None, "it is where the memory is"
    metadata = {
        "annotations": {APPLIED_RESOURCES_ANNOTATION: replace(memory, origin=LOST).text},
        "resourceVersion": objects.resource_version(observation.namespace),
    }
    return (Patch(observation.namespace_target, {"metadata": metadata}),)
