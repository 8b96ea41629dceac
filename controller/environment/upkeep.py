"""Keeping an object of a release engine as we want it, where others may change it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controller.apimachinery import objects, patches
from controller.apimachinery.objects import Object
from controller.environment import stuck_deletions
from controller.environment.decision import Stop, Wait
from controller.environment.effects import Patch, Target
from controller.environment.observation import Observation


def obstacle(observation: Observation, target: Target, current: Object, *, ours: bool) -> Wait | Stop | None:
    """Why the controller may not change the object that is there, or None."""
    kind = target.resource.kind
    if objects.is_deleting(current):
        message = f"The earlier {kind} {target.name} is still terminating."
        if not objects.finalizers(current):
            return Wait("ReleaseTerminating", message)
        message = f"{message} {stuck_deletions.of_objects({target: current})}"
        patience = stuck_deletions.RELEASE_PATIENCE
        return stuck_deletions.wait(observation, "ReleaseTerminating", message, part="ReleaseReady", patience=patience)
    if ours:
        return None
    return Stop(
        "ReleaseNotOwned",
        f"spec.application.release.releaseName: {target.name!r}: a {kind} of this name already exists in "
        f"the namespace, and the controller did not create it; use another releaseName, or remove that {kind}",
    )


def correction(target: Target, current: Object, desired: Mapping[str, Any]) -> tuple[Patch, bool] | None:
    """The patch that brings `current` to `desired`, and whether it changes the spec; None where nothing differs.

    The spec is ours entirely; of the metadata only what we set is, and others may add their own.
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
    same_life: dict[str, Any] = {"op": "test", "path": "/metadata/uid", "value": objects.uid(current)}
    return Patch(target, [same_life, *changes], wanted=desired), bool(spec_changes)
