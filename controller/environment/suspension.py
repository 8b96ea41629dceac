"""A suspended environment is left exactly as it is; where its engine can be suspended, that is told to it."""

from __future__ import annotations

from collections.abc import Iterator

from controller.apimachinery import objects
from controller.environment import engines, ownership, releases
from controller.environment.effects import Patch
from controller.environment.observation import Observation


def effects(observation: Observation) -> Iterator[Patch]:
    """Suspend the HelmReleases of ours whose engine knows suspension. Resuming is a correction like any other."""
    for target in sorted(releases.cached(observation), key=str):
        release = observation.get(target)
        if release is None or objects.is_deleting(release) or not ownership.is_our_release(observation, release):
            continue
        if patch := engines.of(target.resource).suspend(target, release):
            yield patch
