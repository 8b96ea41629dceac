"""Why a release does not become ready: when to look at its Pods and Events, and what a look found.

A look is two reads. It is worth them only while something is wrong. It is repeated with growing pauses, because what it
shows rarely changes. `environment/diagnosis` explains what was read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from controller.api.environment import Environment
from controller.api.problems import Problem
from controller.apimachinery import conditions
from controller.apimachinery.resources import CORE_EVENTS, PODS
from controller.apimachinery.timestamps import from_time
from controller.environment import ownership, release_sync, rights
from controller.environment.decision import Continue, Decision
from controller.environment.diagnosis import problems
from controller.environment.drift.attempts import digest
from controller.environment.effects import Emit, EventType, Listing, Target
from controller.environment.engines.engine import Health, State
from controller.environment.observation import REFUSED, Observation, Unknown
from controller.environment.options import EnvironmentOptions

STATES: Final = frozenset({State.DEPLOYING, State.FAILED})
# Of each listing. A preview with more Pods shows the same cause in the first ones.
LIMIT: Final = 50
# Seconds from one look to the next while the release is being deployed. The last pause is repeated.
PAUSES_WHILE_DEPLOYING: Final = (30.0, 60.0, 120.0, 240.0, 600.0)
# The same after a failure. Nothing follows the last pause: what failed has failed, and another attempt of the engine
# is looked at again.
PAUSES_AFTER_FAILURE: Final = (30.0, 90.0)
# Seconds over which the looks at failures from before a restart are spread.
SPREAD: Final = 600
# Seconds until the next try while our RoleBinding may not have taken effect.
_UNTIL_RIGHTS: Final = 1.0
# Seconds before a failure in which its Events can have been written, if the status does not say when it began.
_BEFORE: Final = 600.0


@dataclass(frozen=True, slots=True)
class _Next:
    """The next look: `after` so many seconds, or never (None). `timer` runs until then, and `then` afterwards."""

    after: float | None
    timer: str
    then: str
    pause: float | None
    is_first: bool


def decide(observation: Observation, options: EnvironmentOptions) -> Decision:
    """Read the Pods and Warning Events when a look is due."""
    look = _next(observation, options, observation.health) if observation.health else None
    if look is None:
        return Continue()
    if look.after is None or look.after > 0:
        return Continue(recheck_after=look.after, timer=look.timer)
    if reads := observation.unasked(_questions(observation), optional=True):
        return Continue(effects=reads, timer=look.timer)
    refused = [listing for listing in _questions(observation) if observation.listed(listing) is REFUSED]
    if refused and rights.are_fresh(observation):
        return Continue(recheck_after=_UNTIL_RIGHTS, timer=look.timer)
    events = _refusals(refused) if look.is_first else ()
    return Continue(effects=events, recheck_after=look.pause, timer=look.then)


def is_due(observation: Observation, options: EnvironmentOptions, found: Health) -> bool:
    """Return whether the next reads need our rights in the namespace. `found` is the health of the release."""
    look = _next(observation, options, found)
    return look is not None and look.after is not None and look.after <= 0


def shown(observation: Observation, found: Health) -> tuple[Problem, ...]:
    """Return the problems for the status: those that this reconcile found, or else those of this generation so far.

    After a failure, a look that finds nothing does not take back what an earlier one found: an engine may have removed
    the Pods, and Events expire.
    """
    if found.state not in STATES:
        return ()
    recorded = recorded_problems(observation.environment)
    pods, events = map(observation.listed, _questions(observation))
    if isinstance(pods, Unknown):
        return recorded
    seen = () if isinstance(events, Unknown) else events
    release = ownership.sole_release(observation)
    now = problems.find(pods, seen, since=_since(observation), now=observation.now, release=release)
    return now or (recorded if found.state is State.FAILED else ())


def recorded_problems(environment: Environment) -> tuple[Problem, ...]:
    """Return the problems in the status, if they are those of this generation."""
    is_current = environment.status.get("observedGeneration") == environment.generation
    return environment.problems if is_current else ()


def _questions(observation: Observation) -> tuple[Listing, Listing]:
    namespace = observation.environment.namespace_name
    return (
        Listing(PODS, namespace, limit=LIMIT),
        Listing(CORE_EVENTS, namespace, field_selector="type=Warning", limit=LIMIT),
    )


def _next(observation: Observation, options: EnvironmentOptions, found: Health) -> _Next | None:
    if found.state not in STATES or observation.namespace is None:
        return None
    environment = observation.environment
    first: float | None
    pauses: tuple[float | None, ...]
    if found.state is State.FAILED:
        # Another failure is looked at at once.
        subject = digest([environment.generation, found.reason, found.message])
        first, pauses = _first_after_failure(observation, found), (*PAUSES_AFTER_FAILURE, None)
    else:
        subject = str(environment.generation)
        first, pauses = options.diagnose_after, PAUSES_WHILE_DEPLOYING
    name = f"diagnosis:{found.state}:{subject}"
    looks, age = _made(observation, name)
    pause = first if looks == 0 else pauses[min(looks, len(pauses)) - 1]
    after = None if pause is None else max(0.0, pause - age)
    if environment.requested_at:
        after = 0.0
    if after == 0.0 and not (found.is_begun and release_sync.is_synced(observation, options)):
        # What runs is not what the spec asks for, so its Pods say nothing about this generation.
        after = None
    following = pauses[min(looks + 1, len(pauses)) - 1]
    return _Next(after, f"{name}:{looks}", f"{name}:{looks + 1}", following, is_first=looks == 0)


def _made(observation: Observation, name: str) -> tuple[int, float]:
    """Return the number of looks that were made, and the seconds since the last one, or since there is a reason to."""
    timer = next((timer for timer in observation.ages if timer.startswith(f"{name}:")), f"{name}:0")
    return int(timer.rpartition(":")[2]), observation.age(timer)


def _first_after_failure(observation: Observation, found: Health) -> float | None:
    """Return the seconds from a failure to the first look at it; None if the status has its problems already.

    A new process knows only from the status that another one looked already. It must not read about all failed
    environments at once.
    """
    environment = observation.environment
    if not _is_recorded(observation, found):
        return 0.0
    if environment.problems:
        return None
    return float(int(digest(environment.uid), 16) % SPREAD)


def _is_recorded(observation: Observation, found: Health) -> bool:
    environment = observation.environment
    condition = conditions.find(environment.conditions, "ReleaseReady") or {}
    recorded = (condition.get("status"), condition.get("reason"), condition.get("observedGeneration"))
    is_same = recorded == (conditions.FALSE, found.reason, environment.generation)
    return is_same and str(condition.get("message") or "").startswith(found.message)


def _since(observation: Observation) -> datetime:
    """Return from when on an Event can be about the present trouble."""
    ready = conditions.find(observation.environment.conditions, "Ready") or {}
    began = from_time(ready.get("lastTransitionTime")) if ready.get("status") == conditions.UNKNOWN else None
    return began or observation.now - timedelta(seconds=_BEFORE)


def _refusals(refused: list[Listing]) -> tuple[Emit, ...]:
    if not refused:
        return ()
    lacking = "; ".join(rights.missing("list", Target(each.resource, "", each.namespace)) for each in refused)
    note = f"Why the release is not ready cannot be read: {lacking}"
    return (Emit(EventType.WARNING, "DiagnosisForbidden", "Diagnose", note),)
