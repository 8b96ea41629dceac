"""The HelmRelease: made, found again, or put right where anybody changed it. An old one is uninstalled first."""

from __future__ import annotations

from typing import Any

from controller.apimachinery import objects, patches
from controller.apimachinery.objects import Object
from controller.environment import uninstall
from controller.environment.decision import Continue, Decision, Stop, Wait
from controller.environment.effects import Create, Effect, Emit, EventType, Patch
from controller.environment.engines import helm_operator
from controller.environment.observation import Observation
from controller.environment.options import EnvironmentOptions

NAME = "release"


def decide(observation: Observation, options: EnvironmentOptions) -> Decision:
    """Bring the HelmRelease of the environment to what its spec asks for."""
    environment = observation.environment
    name = environment.release_name
    current = observation.release(name)
    if current is not None:
        return _update(observation, current)
    told: tuple[Effect, ...] = ()
    if outdated := uninstall.outdated(observation):
        outcome = uninstall.decide(observation, outdated, options)
        if isinstance(outcome, Wait):
            return outcome
        if outcome.given_up:
            told = (Emit(EventType.WARNING, "UninstallTimedOut", "Uninstall", outcome.given_up),)
    create = Create(observation.release_target(name), helm_operator.desired(environment))
    return Continue((*told, create, Emit(EventType.NORMAL, "ReleaseCreated", "Create", f"Created HelmRelease {name}.")))


def _update(observation: Observation, current: Object) -> Decision:
    environment = observation.environment
    name = environment.release_name
    if objects.is_deleting(current):
        return Wait("ReleaseTerminating", f"HelmRelease {name} of an earlier life is still terminating.")
    if not uninstall.is_ours(observation, current):
        return Stop(
            "ReleaseNotOwned",
            f"spec.application.release.releaseName: {name!r}: a HelmRelease of this name exists in the namespace and "
            "is not ours; use another releaseName, or remove that HelmRelease",
        )
    desired = helm_operator.desired(environment)
    # The spec is ours entirely; of the metadata only what we set is, and others may add their own.
    metadata = {
        field: {**objects.metadata(current).get(field, {}), **desired["metadata"][field]}
        for field in ("labels", "annotations")
    }
    actual = {field: objects.metadata(current)[field] for field in metadata if objects.metadata(current).get(field)}
    spec_changes = patches.json_patch(current.get("spec") or {}, desired["spec"], "/spec")
    changes = [*patches.json_patch(actual, metadata, "/metadata"), *spec_changes]
    if not changes:
        return Continue()
    same_life: dict[str, Any] = {"op": "test", "path": "/metadata/uid", "value": objects.uid(current)}
    patch = Patch(observation.release_target(name), [same_life, *changes])
    if not spec_changes:
        return Continue((patch,))
    return Continue((patch, Emit(EventType.NORMAL, "ReleaseUpdated", "Update", f"Updated HelmRelease {name}.")))
