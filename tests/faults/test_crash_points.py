"""`kill -9` at every write of the controller, in everything that happens to an environment, with both engines.

Whatever the moment, a new process brings about the same as one that was never killed, and does nothing besides.
`make faults` tries every point; otherwise some of them are tried, of each journey and at each position in a write.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from hack.localcluster import LocalCluster
from tests.faults.support import oracles
from tests.faults.support.crashes import Crash, Position
from tests.faults.support.journeys import JOURNEYS, Journey
from tests.faults.support.laboratory import Laboratory, laboratory
from tests.faults.support.travel import Travelled, travel
from tests.integration.support.clusters import Cluster
from tests.integration.support.engines import DOUBLES
from tests.integration.support.variables import EVERY_POINT

# No multiple of the number of positions, so that each is met.
STEP = 1 if EVERY_POINT else 5
# The writes of a journey are not always quite the same. How often a journey may be repeated to meet a point.
TRIES = 3


@pytest.mark.parametrize(
    ("name", "engine", "step"),
    [
        pytest.param("update", "helm-operator", 5, id="a few"),
        *(
            pytest.param(name, engine, STEP, id=f"{name}, {engine}", marks=pytest.mark.slow)
            for name in JOURNEYS
            for engine in DOUBLES
        ),
    ],
)
@pytest.mark.timeout(600)
def test_a_controller_killed_at_a_write_brings_about_the_same_after_a_restart(
    local: LocalCluster, both_engines: Cluster, tmp_path: Path, name: str, engine: str, step: int
) -> None:
    journey = JOURNEYS[name]
    with laboratory(both_engines, tmp_path, engine=engine) as lab:
        lab.set_up(journey.options, neighbour=journey.has_neighbour)
        reference = travel(lab, journey)
        assert not reference.touched
        points = [(number, position) for number in range(1, reference.points + 1) for position in Position][::step]
        missed = [point for point in points if not _is_met(lab, journey, reference, point)]
        # The first journey may have had a write that the others do not need.
        assert len(missed) <= max(1, len(points) // 5), f"the controller was not killed at {missed}"
        print(
            f"right: {name}, {engine}: {reference.points} writes, {len(points) - len(missed)} crash points, "
            f"{len(missed)} missed, {lab.starts} starts"
        )


def _is_met(lab: Laboratory, journey: Journey, reference: Travelled, point: tuple[int, Position]) -> bool:
    """Whether the controller was killed there, in one of a few tries; all must end right."""
    for _ in range(TRIES):
        crash = Crash(*point)
        try:
            oracles.check(reference, travel(lab, journey, crash, wanted=reference.ours))
        except AssertionError as error:
            error.add_note(str(crash))
            raise
        if crash.struck:
            return True
    return False
