"""Takes an environment down that was deleted. The finalizer stays for as long as a namespace of ours exists."""

from __future__ import annotations

from controller.api.environment import FINALIZER
from controller.apimachinery import objects
from controller.apimachinery.resources import LEASES
from controller.environment import removal
from controller.environment.decision import Continue, Decision, Wait
from controller.environment.effects import Effect, Emit, EventType, RemoveFinalizer, Target
from controller.environment.engines.engine import State
from controller.environment.observation import Observation
from controller.environment.options import EnvironmentOptions


def decide(observation: Observation, options: EnvironmentOptions) -> Decision:
    """Return the next step of the teardown of an environment that our finalizer holds."""
    outcome = removal.decide(observation, options, announce=_announcement)
    return outcome if isinstance(outcome, Wait) else _finish(observation, *outcome.effects)


def _finish(observation: Observation, *before: Effect) -> Decision:
    environment = observation.environment
    remove = RemoveFinalizer(
        target=observation.environment_target,
        finalizers=tuple(name for name in objects.finalizers(environment.obj) if name != FINALIZER),
        resource_version=objects.resource_version(environment.obj),
    )
    end = f"held by finalizers of others: {', '.join(sorted(remove.finalizers))}" if remove.finalizers else "gone"
    finished = Emit(EventType.NORMAL, "TeardownFinished", "Teardown", f"Environment {environment.name} is {end}.")
    return Continue(effects=(*before, remove, finished))


def _announcement(observation: Observation) -> tuple[Emit, ...]:
    environment = observation.environment
    # Before the first round of a teardown, only the Lease of another installation may have been read.
    is_later = any(not isinstance(asked, Target) or asked.resource != LEASES for asked in observation.answers)
    if is_later or environment.status.get("applicationStatus") == State.UNINSTALLING or removal.has_begun(observation):
        return ()
    note = f"Taking down environment {environment.name}."
    return (Emit(EventType.NORMAL, "TeardownStarted", "Teardown", note),)
