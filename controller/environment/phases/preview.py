"""Looks for the URLs of the application once it is deployed.

Nothing depends on this phase. If something cannot be read, its URLs are missing, and the environment is ready all the
same. The author of a pull request chooses the hosts, so nothing is ever sent to a URL.
"""

from __future__ import annotations

from collections.abc import Iterator

from controller.environment import rights
from controller.environment.decision import Continue, Decision
from controller.environment.effects import Effect, Emit, EventType, Target
from controller.environment.engines.engine import State
from controller.environment.observation import Observation
from controller.environment.options import EnvironmentOptions
from controller.environment.previews import discovery, urls


def decide(observation: Observation, options: EnvironmentOptions) -> Decision:
    """Look for URLs, or wait for the next look."""
    if not discovery.is_due(observation, options):
        return _pause(observation)
    if not discovery.has_looked(observation) and not discovery.is_looking(observation, options):
        return _next_pause(observation) if _is_corrected_soon(observation) else Continue()
    if questions := discovery.questions(observation):
        return Continue(effects=questions)
    environment = observation.environment
    events = tuple(_missing_rights(observation))
    if urls.declared(environment, options.url_template) or discovery.found(observation):
        return Continue(effects=events)
    return _next_pause(observation, *events)


def _is_corrected_soon(observation: Observation) -> bool:
    """Return whether the release is deployed, but a correction of it or of its source has to wait.

    The status says then that this generation is deployed. So without a timer, there would be no later look.
    """
    is_deployed = observation.health is not None and observation.health.state is State.DEPLOYED
    return is_deployed and any(attempts.wait > 0 for attempts in observation.attempts.values())


def _next_pause(observation: Observation, *events: Effect) -> Continue:
    running = discovery.running_pause(observation)
    pause = 0 if running is None else running + 1
    if pause == len(discovery.PAUSES):
        return Continue(effects=events)
    timer = discovery.timer(observation.environment, pause)
    return Continue(effects=events, timer=timer, recheck_after=discovery.PAUSES[pause])


def _pause(observation: Observation) -> Decision:
    pause = discovery.running_pause(observation)
    if pause is None:
        return Continue()
    timer = discovery.timer(observation.environment, pause)
    return Continue(timer=timer, recheck_after=discovery.PAUSES[pause] - observation.age(timer))


def _missing_rights(observation: Observation) -> Iterator[Emit]:
    # One Event for each generation. Without any rights, the RoleBinding is repaired, and the next look succeeds.
    if discovery.running_pause(observation) is not None or discovery.is_without_rights(observation):
        return
    namespace = observation.environment.namespace_name
    if kinds := discovery.refused(observation):
        words = rights.missing("list", Target(kinds[0], "", namespace))
        others = f" The same holds for {', '.join(map(str, kinds[1:]))}." if kinds[1:] else ""
        note = f"The URLs of {kinds[0].kind} objects are not shown: {words}.{others}"
        yield Emit(EventType.NORMAL, "URLsNotRead", "Discover", note)
