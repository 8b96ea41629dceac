"""HelmReleases of environments."""

from __future__ import annotations

from typing import Any

from tests.integration.support.environments import Environment


def settled(environment: Environment) -> None:
    """Wait until it is deployed and its status is complete: the revision comes last."""
    environment.deployed()
    environment.until(lambda obj: obj["status"]["release"].get("revision"), "the revision is known")


def values_of(environment: Environment) -> Any:
    """The values in the HelmRelease of an environment."""
    release = environment.helm_release()
    assert release is not None, f"{environment.name} has no release"
    return release["spec"]["values"]
