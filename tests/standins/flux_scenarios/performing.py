"""Performs a scenario on a cluster where Flux runs, or its stand-in."""

from __future__ import annotations

from pathlib import Path

from controller.client import Client
from tests.standins.flux_scenarios import recording
from tests.standins.flux_scenarios.recording import State
from tests.standins.flux_scenarios.scenario import Scenario, Step
from tests.standins.flux_scenarios.shape import Names
from tests.standins.flux_scenarios.watching import Watching
from tests.standins.flux_scenarios.world import World

# Real Flux looks at a HelmRelease whose chart is missing again after 30 seconds.
STEP_SECONDS = 100.0


def perform(
    scenario: Scenario, *, client: Client, namespace: str, folder: Path, url: str
) -> list[tuple[Step, list[State]]]:
    """Return each step with the states that were seen in it, without those that Flux wrote before it saw the step.

    Args:
        namespace: new.
        folder, url: where to make the repository, and where Flux finds it.
    """
    world = World(scenario.setup, client=client, namespace=namespace, folder=folder, url=url)
    watching = Watching(client=client, namespace=namespace)
    try:
        performed = []
        for step in scenario.steps:
            step.do(world)
            generations = world.generations()
            sights = watching.until(step.until, STEP_SECONDS) if step.until else []
            sights = [sight for sight in sights if sight.generation >= generations.get(sight.kind, 0)]
            names = Names(namespace, world.url, world.commits)
            performed.append((step, recording.states(sights, names)))
        return performed
    finally:
        watching.stop()
        world.close()
