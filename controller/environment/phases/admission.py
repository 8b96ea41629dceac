"""Lets an environment have a namespace only if it gets a place, where the number of environments is limited.

A namespace of ours is a place already, so nothing that exists ever waits.
"""

from __future__ import annotations

from typing import Final

from controller.api.environment import ADOPT_ANNOTATION
from controller.apimachinery import objects
from controller.environment import ownership
from controller.environment.decision import Continue, CurrentPhase, Decision, Wait
from controller.environment.effects import TakePlace
from controller.environment.observation import Observation, Unknown
from controller.environment.options import EnvironmentOptions

# The reason while a limit leaves no place for the environment.
QUEUED: Final = "QuotaExceeded"
_COUNTING: Final = "CountingEnvironments"
# Seconds. A cache that lags catches up in less.
_PAUSE: Final = 1.0
_CONTINUE: Final = Continue()


def decide(observation: Observation, options: EnvironmentOptions) -> Decision:
    """Ask for a place before the namespace is created or adopted."""
    if not options.limits.any or not _needs_place(observation):
        return _CONTINUE
    verdict = observation.verdict()
    if isinstance(verdict, Unknown):
        return _counting(TakePlace())
    if verdict.granted:
        return _CONTINUE
    if not verdict.message:
        return _counting(recheck_after=_PAUSE)
    # Nothing looks again: the environment is woken when it gets a place.
    message = f"{verdict.message} This environment gets a place in the order of creation, when others are gone."
    return Wait(reason=QUEUED, message=message, shown_as=CurrentPhase.IDLE)


def _needs_place(observation: Observation) -> bool:
    namespace = observation.namespace
    if namespace is None:
        return True
    if ownership.is_labelled(observation, namespace) or objects.is_deleting(namespace):
        return False
    return objects.annotations(namespace).get(ADOPT_ANNOTATION) == observation.environment.name


def _counting(*effects: TakePlace, recheck_after: float | None = None) -> Wait:
    return Wait(
        reason=_COUNTING,
        message="Counting the environments of the cluster.",
        effects=effects,
        recheck_after=recheck_after,
    )
