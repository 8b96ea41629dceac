"""Environments live and die while the network between the controller and the API server is bad.

A few environments live through the most common troubles in `make test`. In `make test-all` a few, and two hundred, live
through every trouble. However bad it is, everything happens, once, and in order.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.environment.watches import WATCHES
from hack.faultproxy.faults import HalfOpenWatch, Rule
from tests.faults.support import ledger
from tests.faults.support.bed import bed
from tests.faults.support.troubles import TROUBLES, Size, Trouble
from tests.integration.support.waiting import DEADLINE

FEW = Size(environments=5, deaths=2, deadline=2 * DEADLINE, lifetime=1.1, silence=0.5, latency=0.1, delay=0.5)
MANY = Size(environments=200, deaths=10, deadline=600.0, lifetime=2.0, silence=5.0, latency=0.5, delay=10.0)

# The trouble that the quick tests have too; the others take longer.
QUICK = "server restarted"


@pytest.mark.parametrize(
    "trouble", [pytest.param(name, marks=[] if name == QUICK else pytest.mark.slow) for name in TROUBLES]
)
def test_a_few_environments_survive_a_bad_network(tmp_path: Path, trouble: str) -> None:
    live_through(TROUBLES[trouble](FEW), FEW, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("trouble", TROUBLES)
def test_two_hundred_environments_survive_a_bad_network(tmp_path: Path, trouble: str) -> None:
    live_through(TROUBLES[trouble](MANY), MANY, tmp_path)


def test_a_server_with_silent_watches_is_listed_at_the_start(tmp_path: Path) -> None:
    silent = Rule(fault=HalfOpenWatch())
    with bed(tmp_path, silent, options={"watch_read_timeout": FEW.silence}) as running:
        running.proxy.wait_for("watch-half-open", len(WATCHES))
        running.proxy.set_rules()
        running.fleet.create([0], "one")
        running.fleet.settled(FEW.deadline)


@pytest.mark.promise("watching")
@pytest.mark.slow
def test_everything_is_deployed_even_if_all_watches_stay_silent(tmp_path: Path) -> None:
    silent = Rule(fault=HalfOpenWatch())
    with bed(tmp_path, silent, options={"watch_read_timeout": FEW.silence}) as running:
        running.fleet.create([0, 1], "one")
        running.fleet.settled(FEW.deadline)
        running.fleet.update([0], "two")
        running.fleet.delete([1])
        running.fleet.settled(FEW.deadline)


def live_through(trouble: Trouble, size: Size, folder: Path) -> None:
    """Create all environments, change some, delete others, and create the deleted ones again."""
    everyone = range(size.environments)
    dying, changing = everyone[: size.deaths], everyone[size.deaths :: 2]
    how = {"options": trouble.options, "streams": trouble.streams, "hooks": trouble.hooks}
    with bed(folder, *trouble.rules, **how) as running:
        fleet = running.fleet
        with trouble.meanwhile(running):
            fleet.create(everyone, "one")
        fleet.settled(size.deadline)
        with trouble.meanwhile(running):
            fleet.update(changing, "two")
            fleet.delete(dying)
        fleet.settled(size.deadline)
        with trouble.meanwhile(running):
            fleet.create(dying, "three")
        fleet.settled(size.deadline)
        trouble.happened(running)
        ledger.check(running.requests, lives=fleet.lives, living=fleet.living)
