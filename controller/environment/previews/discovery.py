"""When to look for URLs in the namespace of an environment, what to read, and what was found.

The objects of a chart are not watched. They are read once for each generation that is deployed. While nothing is found,
for example because a load balancer has no address yet, they are read again for two minutes, with growing pauses.
"""

from __future__ import annotations

from typing import Final

from controller.api.environment import Environment, PreviewURL
from controller.apimachinery import conditions
from controller.apimachinery.resources import Resource
from controller.apimachinery.timestamps import from_time
from controller.environment import ownership, release_sync
from controller.environment.effects import GroupVersion, Listing, Question, Read
from controller.environment.engines.engine import State
from controller.environment.observation import FAILED, REFUSED, UNASKED, Observation, Unknown
from controller.environment.options import EnvironmentOptions
from controller.environment.phases import health
from controller.environment.previews import urls
from controller.environment.previews.kinds import HTTP_ROUTES, INGRESSES, ROUTES, SERVICES

# Seconds between the looks while nothing is found. Their sum is the time after which a URL is no longer expected.
PAUSES: Final = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
WINDOW: Final = sum(PAUSES)
# Objects of one kind that are read, the first ones by name. An author may create any number of them.
LIMIT: Final = 200
# Every cluster serves these.
_BUILT_IN: Final = (INGRESSES, SERVICES)
# Whether a cluster serves these is asked first: for a kind that does not exist, the answer may be a 403 as well.
_OPTIONAL: Final = (HTTP_ROUTES, ROUTES)


def is_looking(observation: Observation, options: EnvironmentOptions) -> bool:
    """Return whether it is time to look, because what the spec asks for is deployed."""
    return (
        is_due(observation, options)
        and health.judge(observation, options).state is State.DEPLOYED
        # Until it is changed, the release is deployed as an earlier generation asked for it.
        and release_sync.is_synced(observation, options)
    )


def is_due(observation: Observation, options: EnvironmentOptions) -> bool:
    """Return whether to look if the environment is deployed: only cheap questions, for every reconcile asks this."""
    environment = observation.environment
    if not options.discover_urls:
        return False
    if not is_known(environment) or environment.requested_at:
        return True
    pause = running_pause(observation)
    if pause is not None:
        return observation.age(timer(environment, pause)) >= PAUSES[pause]
    if environment.status.get("url"):
        return False
    # After a restart the timers are gone.
    return _seconds_deployed(observation) < WINDOW


def is_known(environment: Environment) -> bool:
    """Return whether the status says already that this generation is deployed, so that it was looked at."""
    status = environment.status
    return (
        status.get("applicationStatus") == State.DEPLOYED and status.get("observedGeneration") == environment.generation
    )


def running_pause(observation: Observation) -> int | None:
    """Return which of the pauses is running, or None."""
    if not observation.ages:
        return None
    timers = (timer(observation.environment, pause) for pause in range(len(PAUSES)))
    return next((pause for pause, name in enumerate(timers) if name in observation.ages), None)


def timer(environment: Environment, pause: int) -> str:
    """Return the name of the timer of a pause."""
    return f"preview:{environment.generation}:{pause}"


def questions(observation: Observation) -> tuple[Read, ...]:
    """Return what is still to be read; () once everything is answered."""
    asked: list[Question] = [GroupVersion(kind.api_version) for kind in _OPTIONAL]
    asked += [_listing(observation, kind) for kind in (*_BUILT_IN, *_served(observation))]
    return observation.unasked(asked, optional=True)


def has_looked(observation: Observation) -> bool:
    """Return whether this reconcile has read the namespace."""
    return bool(observation.answers) and observation.listed(_listing(observation, INGRESSES)) is not UNASKED


def is_complete(observation: Observation) -> bool:
    """Return whether no question of this look ended with an error. Then a URL that it did not find is not there."""
    answers = [observation.served(GroupVersion(kind.api_version)) for kind in _OPTIONAL]
    listed = [observation.listed(_listing(observation, kind)) for kind in (*_BUILT_IN, *_served(observation))]
    return FAILED not in (*answers, *listed)


def refused(observation: Observation) -> tuple[Resource, ...]:
    """Return the kinds that the controller may not read in the namespace."""
    kinds = (*_BUILT_IN, *_served(observation))
    return tuple(kind for kind in kinds if observation.listed(_listing(observation, kind)) is REFUSED)


def is_without_rights(observation: Observation) -> bool:
    """Return whether it may not even read what its own role always includes, so that its RoleBinding has no effect."""
    if not observation.answers:
        return False
    return all(observation.listed(_listing(observation, kind)) is REFUSED for kind in _BUILT_IN)


def found(observation: Observation) -> tuple[PreviewURL, ...]:
    """Return the URLs that this reconcile has found in the namespace."""
    lists = {}
    for kind in (*_BUILT_IN, *_served(observation)):
        answer = observation.listed(_listing(observation, kind))
        lists[kind] = () if isinstance(answer, Unknown) else answer
    return urls.found(lists, release=ownership.sole_release(observation))


def _served(observation: Observation) -> tuple[Resource, ...]:
    answers = ((kind, observation.served(GroupVersion(kind.api_version))) for kind in _OPTIONAL)
    return tuple(kind for kind, answer in answers if not isinstance(answer, Unknown) and kind in answer)


def _listing(observation: Observation, resource: Resource) -> Listing:
    return Listing(resource, observation.environment.namespace_name, limit=LIMIT)


def _seconds_deployed(observation: Observation) -> float:
    ready = conditions.find(observation.environment.conditions, "Ready") or {}
    since = from_time(ready.get("lastTransitionTime"))
    return WINDOW if since is None else (observation.now - since).total_seconds()
