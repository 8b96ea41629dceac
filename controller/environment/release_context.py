"""What a release is made of, beside its environment."""

from __future__ import annotations

from controller.environment.engines.context import ReleaseContext
from controller.environment.engines.engine import Engine
from controller.environment.observation import Observation
from controller.environment.options import EnvironmentOptions


def build(observation: Observation, options: EnvironmentOptions, engine: Engine) -> ReleaseContext:
    """The context of the environment's release with that engine."""
    chart = observation.environment.release.get("chart") or {}
    return ReleaseContext(
        environment=observation.environment,
        git_secret=str((chart.get("secretRef") or {}).get("name") or ""),
        service_account=options.release_service_account if engine.RUNS_AS_ACCOUNT else "",
    )
