"""Watches end, history is compacted, the API server is restarted: the controller finds its way by itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hack.localcluster import LocalCluster
from tests.integration.support.clusters import Cluster
from tests.integration.support.controllers import ThreadedController
from tests.integration.support.engines import Engine
from tests.integration.support.environments import Environments, tag
from tests.integration.support.requests import Requests
from tests.integration.support.waiting import eventually


def hooks_of(cluster: Cluster) -> LocalCluster:
    """The local cluster; skips the test on a real one."""
    if cluster.local is None:
        pytest.skip("needs the hooks of the local cluster")
    return cluster.local


def drop(cluster: Cluster) -> None:
    cluster.way.drop_watches()


def compact(cluster: Cluster) -> None:
    hooks_of(cluster).compact()


def compact_and_drop(cluster: Cluster) -> None:
    """A client that comes back to watch from where it was learns that this is gone."""
    compact(cluster)
    drop(cluster)


def restart(cluster: Cluster) -> None:
    cluster.go_away()
    cluster.come_back()


def restart_without_history(cluster: Cluster) -> None:
    hooks_of(cluster).restart(keep_history=False)


TROUBLES: dict[str, Callable[[Cluster], None]] = {
    "watches dropped": drop,
    "history compacted": compact,
    "history compacted under dropped watches": compact_and_drop,
    "restarted with its state": restart,
    "restarted without its history": restart_without_history,
}
# The quick tests ask the first question of every trouble, and the other two of the hardest only.
HARDEST = "history compacted under dropped watches"
MOSTLY_SLOW = [pytest.param(name, marks=[] if name == HARDEST else pytest.mark.slow) for name in TROUBLES]


@pytest.mark.parametrize("trouble", TROUBLES)
def test_updates_made_during_the_trouble_arrive(
    cluster: Cluster,
    environments: Environments,
    engine: Engine,
    controller: ThreadedController,
    trouble: str,
) -> None:
    environment = environments.create(values=tag("one"))
    environment.deployed()
    TROUBLES[trouble](cluster)
    environment.patch_release(values=tag("two"))
    environment.deployed()
    release = environment.helm_release()
    assert release is not None
    assert release["spec"]["values"] == tag("two")


@pytest.mark.parametrize("trouble", MOSTLY_SLOW)
def test_deletions_made_during_the_trouble_are_noticed(
    cluster: Cluster,
    environments: Environments,
    engine: Engine,
    controller: ThreadedController,
    trouble: str,
) -> None:
    environment = environments.create("pr-1")
    environment.deployed()
    other = environments.create("pr-2")
    other.deployed()
    TROUBLES[trouble](cluster)
    environment.delete()
    environment.gone()
    assert environment.namespace() is None
    other.deployed()
    assert other.helm_release() is not None


@pytest.mark.parametrize("trouble", MOSTLY_SLOW)
def test_lost_watches_cause_no_writes_if_nothing_changed(
    cluster: Cluster,
    environments: Environments,
    engine: Engine,
    controller: ThreadedController,
    requests: Requests,
    trouble: str,
) -> None:
    made = [environments.create(f"pr-{number}") for number in range(5)]
    for environment in made:
        environment.deployed()
    # The status can be there before its answer. Without the answer, the controller would have to write it again.
    eventually(lambda: controller.is_idle, "it has every answer")
    mark = requests.mark()
    TROUBLES[trouble](cluster)
    last = environments.create("last")
    last.deployed()
    assert [line for line in requests.order(mark) if "pr-" in line] == []


def test_watches_that_always_end_are_tolerated(
    cluster: Cluster,
    environments: Environments,
    engine: Engine,
    controller: ThreadedController,
) -> None:
    environment = environments.create(values=tag("0"))
    for number in range(1, 15):
        drop(cluster)
        environment.patch_release(values=tag(str(number)))
        if number % 5 == 0 and cluster.local is not None:
            compact(cluster)
    environment.deployed()
    release = environment.helm_release()
    assert release is not None
    assert release["spec"]["values"] == tag("14")
    environment.delete()
    environment.gone()
    assert environment.namespace() is None
