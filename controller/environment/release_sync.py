"""How an object of a release engine differs from the desired one, and what to do about it.

A reconcile that ends early does not reach the release. As long as the release in the cluster is what the spec asks for,
its health still decides: an environment that runs does not fail because of something besides its release.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from controller.apimachinery import objects, patches
from controller.apimachinery.objects import Object
from controller.environment import ownership, releases, stuck_deletions
from controller.environment.decision import Stop, Wait
from controller.environment.effects import Patch, Target
from controller.environment.engines import choice
from controller.environment.observation import Observation
from controller.environment.options import EnvironmentOptions


def obstacle(observation: Observation, target: Target, current: Object) -> Wait | Stop | None:
    """Return why the controller may not change the object in the cluster, or None."""
    kind = target.resource.kind
    if objects.is_deleting(current):
        message = f"The earlier {kind} {target.name} is still terminating."
        if not objects.finalizers(current):
            return Wait(reason="ReleaseTerminating", message=message)
        message = f"{message} {stuck_deletions.of_objects({target: current})}"
        patience = stuck_deletions.RELEASE_PATIENCE
        return stuck_deletions.wait(observation, "ReleaseTerminating", message, part="ReleaseReady", patience=patience)
    if ownership.is_our_release(observation, current):
        return None
    return Stop(
        reason="ReleaseNotOwned",
        message=f"spec.application.release.releaseName: {target.name!r}: a {kind} of this name already exists in "
        f"the namespace, and the controller did not create it; use another releaseName, or remove that {kind}",
    )


def correction(target: Target, current: Object, desired: Mapping[str, Any]) -> tuple[Patch, bool] | None:
    """Return the patch from `current` to `desired`, and whether it changes the spec. None if nothing differs.

    The whole spec is ours. Of the labels and annotations, only the desired ones are ours; others may add their own.
    """
    metadata = {
        field: {**objects.metadata(current).get(field, {}), **desired["metadata"][field]}
        for field in ("labels", "annotations")
    }
    actual = {field: objects.metadata(current)[field] for field in metadata if objects.metadata(current).get(field)}
    specs = ({"spec": current["spec"]} if "spec" in current else {}, {"spec": desired["spec"]})
    spec_changes = patches.json_patch(*specs)
    changes = [*patches.json_patch(actual, metadata, "/metadata"), *spec_changes]
    if not changes:
        return None
    same_object: dict[str, Any] = {"op": "test", "path": "/metadata/uid", "value": objects.uid(current)}
    return Patch(target, [same_object, *changes], wanted=desired), bool(spec_changes)


def is_synced(observation: Observation, options: EnvironmentOptions) -> bool:
    """Return whether the release and its source are what the spec asks for."""
    engine = choice.choose(observation, options)
    if engine is None:
        return False
    target = releases.wanted(observation, engine)
    release = observation.get(target)
    source = releases.source(observation, target)
    # A credential from the TronadorConfig is not in the spec, so another credential does not count as a difference.
    share = replace(observation.share, git_secret=engine.git_secret(release, source))
    context = releases.context(replace(observation, share=share), options, engine)
    if not _equals(observation, target, release, engine.desired(context)):
        return False
    wanted_source = engine.desired_source(context)
    return wanted_source is None or _equals(observation, releases.source_of(target) or target, source, wanted_source)


def _equals(observation: Observation, target: Target, obj: Object | None, wanted: Mapping[str, object]) -> bool:
    if obj is None or objects.is_deleting(obj) or not ownership.is_our_release(observation, obj):
        return False
    found = correction(target, obj, wanted)
    return found is None or not found[1]
