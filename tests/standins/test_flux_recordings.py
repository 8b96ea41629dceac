"""The stand-in for Flux goes through what the real Flux was recorded to go through."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.client import Client
from controller.client.config import load
from hack.localcluster import LocalCluster
from hack.standins.flux.flux import Flux, Options
from hack.standins.flux.loop import Pace
from hack.standins.plays import Plays
from tests.standins.cluster_bed import DEADLINE
from tests.standins.flux_scenarios import recording
from tests.standins.flux_scenarios.catalogue import SCENARIOS
from tests.standins.flux_scenarios.comparison import differences
from tests.standins.flux_scenarios.performing import perform

REPOSITORIES = "http://git.example.com/"
QUICK = ("install", "rights-gone")

# The others wait, retry, or build charts for seconds.
NAMES = [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in SCENARIOS]


@pytest.mark.parametrize("name", NAMES)
def test_the_stand_in_does_what_flux_did(name: str, cluster: LocalCluster, tmp_path: Path) -> None:
    recorded = recording.read(name)
    connection = load(kubeconfig=str(cluster.kubeconfig))
    client = Client(connection=connection, field_manager="flux")
    namespace = f"flux-scenario-{name}"
    flux = Flux(
        client=client,
        connection=connection,
        options=Options(
            folder=tmp_path,
            namespace=namespace,
            git_rewrites=[(REPOSITORIES, f"{tmp_path}/")],
            requeue_dependency=SCENARIOS[name].requeue_dependency,
            pace=Pace(first_retry=0.5, last_retry=5.0, workers=2),
            plays=Plays(seconds={}, failing=[]),
        ),
    )
    flux.start()
    try:
        performed = perform(
            SCENARIOS[name],
            client=client,
            namespace=namespace,
            folder=tmp_path / "application",
            url=f"{REPOSITORIES}application",
        )
    finally:
        flux.stop(DEADLINE)
        client.close()
    assert [step.what for step, _ in performed] == [step["do"] for step in recorded["steps"]]
    found = [
        f"{step.what}: {difference}"
        for (step, seen), real in zip(performed, recorded["steps"], strict=True)
        for difference in differences([recording.unjudged(each) for each in real["seen"]], seen)
    ]
    assert not found, "\n".join(found)


def test_every_recording_is_of_a_scenario() -> None:
    assert {file.stem for file in recording.FOLDER.glob("*.yaml")} == set(SCENARIOS)
