"""The API server comes back from a backup: its versions are older than the caches, and some of it has never been."""

from __future__ import annotations

import pytest

from hack.localcluster import LocalCluster
from tests.integration.support.engines import Engine
from tests.integration.support.environments import Environments, tag
from tests.integration.support.fixtures import StartController


@pytest.mark.promise("listing")
def test_the_caches_follow_a_restored_server_and_everything_recovers(
    local: LocalCluster,
    environments: Environments,
    stopped_engine: Engine,
    start_controller: StartController,
) -> None:
    start_controller(watch_read_timeout=1.0)
    stopped_engine.start()
    kept = environments.create("kept", values=tag("one"))
    kept.deployed()
    backup = local.back_up()
    kept.patch_release(values=tag("two"))
    kept.deployed()
    lost = environments.create("lost")
    lost.deployed()
    # Its own caches would hold up everything that follows; what is tried here are the controller's.
    stopped_engine.stop()

    local.restore(backup)
    stopped_engine.start()

    assert not lost.exists()
    kept.patch_release(values=tag("three"))
    kept.deployed()
    release = kept.helm_release()
    assert release is not None
    assert release["spec"]["values"] == tag("three")
    again = environments.create("lost", values=tag("four"))
    again.deployed()
