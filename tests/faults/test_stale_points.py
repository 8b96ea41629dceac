"""The controller's view of one kind is not the present one, from any write on, in everything that happens.

The objects of each watched kind are seen late; only in their last state, so that a deletion and a new object are one
change, and an object that came and went was never there; or, by a new process, late or in an older state. What comes
about is the same as if all had been seen at once, and nothing is done besides.

`make faults` tries every point; otherwise some of them are tried, of each journey, kind and view.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.api import flux
from controller.api.environment import ENVIRONMENTS
from controller.api.tronador_config import TRONADOR_CONFIGS
from controller.environment.watches import WATCHES, Watch
from hack.localcluster import LocalCluster
from tests.faults.support import oracles
from tests.faults.support.journeys import JOURNEYS
from tests.faults.support.laboratory import laboratory
from tests.faults.support.staleness import Stale, View, changes
from tests.faults.support.travel import travel
from tests.integration.support.clusters import Cluster
from tests.integration.support.engines import DOUBLES
from tests.integration.support.variables import EVERY_POINT

# No multiple of the number of views, nor of the kinds that change, so that each is met.
STEP = 1 if EVERY_POINT else 23
# A status that is based on an old object is refused, and tried again with longer and longer pauses.
MORE_WRITES = 12


@pytest.mark.slow
@pytest.mark.parametrize("engine", DOUBLES)
@pytest.mark.parametrize("name", JOURNEYS)
@pytest.mark.timeout(1800)
def test_an_outdated_view_leads_to_the_same_as_the_present_one(
    local: LocalCluster, both_engines: Cluster, tmp_path: Path, name: str, engine: str
) -> None:
    journey = JOURNEYS[name]
    with laboratory(both_engines, tmp_path, engine=engine) as lab:
        lab.set_up(journey.options, neighbour=journey.has_neighbour)
        began = local.call(local.hooks.version)
        reference = travel(lab, journey)
        watches = local.call(lambda: [watch for watch in WATCHES if changes(local.hooks, watch, began)])
        numbers = range(1, reference.points + 1)
        views = [(watch, view) for watch in watches for view in View if _is_right(watch, view)]
        points = [(number, *view) for number in numbers for view in views][::STEP]
        met, wrong = 0, []
        for point in points:
            stale = Stale(*point)
            try:
                travelled = travel(lab, journey, stale, wanted=reference.ours)
                oracles.check(reference, travelled, more_writes=MORE_WRITES)
            except AssertionError as error:
                wrong.append(f"{stale}: {error}")
            met += stale.struck
        print(f"seen: {name}, {engine}: {reference.points} writes, {len(watches)} kinds, {met} outdated views")
        assert not wrong, "\n\n".join(wrong)


def _is_right(watch: Watch, view: View) -> bool:
    """Whether the same comes about with this view, in the same order."""
    # What people asked for before is carried out like anything else, and then the present; and a HelmRelease is made
    # before its GitRepository, if that seems to exist. No API server makes a new process begin with such a view, as its
    # first read is consistent.
    lasting = (ENVIRONMENTS, TRONADOR_CONFIGS, flux.GIT_REPOSITORIES)
    return watch.resource not in lasting or view not in (View.OLD, View.FIRST)
