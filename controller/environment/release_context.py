"""What a release is made of, beside its environment."""

from __future__ import annotations

from collections.abc import Mapping

from controller.apimachinery.resources import SECRETS
from controller.environment.engines.engine import Engine, Reference, ReleaseContext
from controller.environment.observation import Observation
from controller.environment.options import EnvironmentOptions
from controller.environment.resources import references


def build(observation: Observation, options: EnvironmentOptions, engine: Engine) -> ReleaseContext:
    """The context of the environment's release with that engine."""
    copies = {
        reference: references.copy_name(reference) for reference in engine.foreign_references(observation.environment)
    }
    return ReleaseContext(
        environment=observation.environment,
        # What its author names goes before what the repository is mapped to.
        git_secret=_own_secret(observation, copies) or observation.share.git_secret,
        service_account=engine.account(options),
        copies=copies,
    )


def _own_secret(observation: Observation, copies: Mapping[Reference, str]) -> str:
    chart = observation.environment.release.get("chart") or {}
    secret = chart.get("secretRef") or {}
    name = str(secret.get("name") or "")
    elsewhere = Reference(SECRETS.kind, str(secret.get("namespace") or ""), name)
    return copies.get(elsewhere, name)
