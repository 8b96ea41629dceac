"""The health of the release after the effects of a plan. It is judged again only if an effect changed the release."""

from __future__ import annotations

from controller.environment import engines, persistent_errors, release_sync
from controller.environment.decision import Continue
from controller.environment.engines.engine import Health
from controller.environment.observation import Observation
from controller.environment.options import EnvironmentOptions
from controller.environment.phases.health import explained, judge
from controller.environment.plan import Plan


def health(observation: Observation, plan: Plan, options: EnvironmentOptions) -> Health | None:
    """Return the health of the release, or None if the plan ended for a reason that outweighs it."""
    last = plan.last
    if not isinstance(last, Continue) and not (_is_beside(plan) and release_sync.is_synced(observation, options)):
        return None
    decided = plan.health if isinstance(last, Continue) else None
    is_stale = any(engines.find(write.target.resource) is not None for write in plan.writes)
    found = judge(observation, options) if decided is None or is_stale else decided
    return explained(observation, options, found)


def is_changed(plan: Plan) -> bool:
    """Return whether the plan created or changed the release that it came to."""
    return any(write.target == plan.release for write in plan.writes)


def _is_beside(plan: Plan) -> bool:
    """Return whether the plan ended for a reason that says nothing about the release.

    Examples are shared resources that are wrong or missing, and an error of the API server. An environment that runs
    does not fail because of them.
    """
    last = plan.last
    is_error = not isinstance(last, Continue) and last.reason in persistent_errors.REASONS
    return is_error or plan.steps[-1].phase.beside_release
