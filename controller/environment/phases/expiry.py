"""Ends an environment whose lifetime is over: it is taken down like a deleted one, but its object and finalizer stay.

The status is the memory. First it records that the lifetime is over, in a write that fails if anybody changed the
environment meanwhile. Only then the removal begins, and it is always completed: a release must not be installed while
its predecessor is uninstalled. After that, any activity creates everything again.
"""

from __future__ import annotations

from typing import Final

from controller.environment import lifetime as lifetimes
from controller.environment import removal
from controller.environment.decision import Continue, CurrentPhase, Decision, Stop, Wait
from controller.environment.effects import Effect, TakeTurn
from controller.environment.engines.engine import State
from controller.environment.observation import Observation, Unknown
from controller.environment.options import ENFORCE, EnvironmentOptions

NAME: Final = "expiry"
EXPIRED: Final = "Expired"
REVIVING: Final = "Reviving"
MESSAGE: Final = (
    "The lifetime of the environment is over. A push, or one of the annotations tronador.stakater.com/active-at and "
    "tronador.stakater.com/keep, brings it back."
)
_NOT_YET: Final = Continue()


def decide(observation: Observation, options: EnvironmentOptions) -> Decision:
    """Let the environment live, end it, or complete its end."""
    environment = observation.environment
    lifetime = lifetimes.of(environment, options, observation.now)
    if lifetime is None and not environment.has_expired:
        return _NOT_YET
    is_over = lifetime is not None and lifetime.is_over(observation.now) and options.expire_mode == ENFORCE
    if environment.has_expired:
        is_removed = environment.status.get("applicationStatus") == State.EXPIRED
        if is_removed and is_over and not removal.is_left(observation):
            return _rest()
        if not is_removed or is_over:
            return _remove(observation, options, is_over=is_over)
    if lifetime is None:
        return _NOT_YET
    if not is_over or lifetime.expires_at is None:
        return Continue(recheck_after=lifetime.next_change(observation.now))
    turn = TakeTurn(lifetime.expires_at)
    left = observation.turn(turn)
    if isinstance(left, Unknown):
        return Wait(reason=EXPIRED, message=MESSAGE, effects=(turn,))
    if left > 0:
        return Continue(recheck_after=left)
    # Only recorded so far. The write of the status leads to the next reconcile.
    return Wait(reason=EXPIRED, message=MESSAGE)


def _remove(observation: Observation, options: EnvironmentOptions, *, is_over: bool) -> Wait | Stop:
    outcome = removal.decide(observation, options)
    if isinstance(outcome, Wait):
        return outcome
    if is_over:
        return _rest(outcome.effects)
    # The status has to say so before anything is created, or the next reconcile would continue to remove it.
    return Wait(
        reason=REVIVING,
        message="The expired environment is removed, and is created again.",
        effects=outcome.effects,
        shown_as=CurrentPhase.NAMESPACE,
    )


def _rest(effects: tuple[Effect, ...] = ()) -> Stop:
    return Stop(reason=EXPIRED, message=MESSAGE, effects=effects)
