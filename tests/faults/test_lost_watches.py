"""Watches end, history is compacted, the API server is restarted: the controller finds its way by itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hack.localcluster import LocalCluster
from tests.integration.support.controllers import ThreadedController
from tests.integration.support.engines import Engine
from tests.integration.support.environments import Environments, tag
from tests.integration.support.requests import Requests


def compact_and_drop(local: LocalCluster) -> None:
    """Whoever comes back to watch from where they were is told that this is gone."""
    local.compact()
    local.drop_watches()


TROUBLES: dict[str, Callable[[LocalCluster], None]] = {
    "watches dropped": lambda local: local.drop_watches(),
    "history compacted": lambda local: local.compact(),
    "history compacted under dropped watches": compact_and_drop,
    "restarted with its state": lambda local: local.restart(),
    "restarted without its history": lambda local: local.restart(keep_history=False),
}
# The quick tests ask the first question of every trouble, and the other two of the hardest only.
HARDEST = "history compacted under dropped watches"
MOSTLY_SLOW = [pytest.param(name, marks=[] if name == HARDEST else pytest.mark.slow) for name in TROUBLES]


@pytest.mark.parametrize("trouble", TROUBLES)
def test_updates_made_during_the_trouble_arrive(
    local: LocalCluster,
    environments: Environments,
    engine: Engine,
    controller: ThreadedController,
    trouble: str,
) -> None:
    environment = environments.create(values=tag("one"))
    environment.deployed()
    TROUBLES[trouble](local)
    environment.patch_release(values=tag("two"))
    environment.deployed()
    release = environment.helm_release()
    assert release is not None
    assert release["spec"]["values"] == tag("two")


@pytest.mark.parametrize("trouble", MOSTLY_SLOW)
def test_deletions_made_during_the_trouble_are_noticed(
    local: LocalCluster,
    environments: Environments,
    engine: Engine,
    controller: ThreadedController,
    trouble: str,
) -> None:
    environment = environments.create("pr-1")
    environment.deployed()
    other = environments.create("pr-2")
    other.deployed()
    TROUBLES[trouble](local)
    environment.delete()
    environment.gone()
    assert environment.namespace() is None
    other.deployed()
    assert other.helm_release() is not None


@pytest.mark.parametrize("trouble", MOSTLY_SLOW)
def test_it_causes_no_writes_where_nothing_changed(
    local: LocalCluster,
    environments: Environments,
    engine: Engine,
    controller: ThreadedController,
    requests: Requests,
    trouble: str,
) -> None:
    made = [environments.create(f"pr-{number}") for number in range(5)]
    for environment in made:
        environment.deployed()
    mark = requests.mark()
    TROUBLES[trouble](local)
    last = environments.create("last")
    last.deployed()
    assert [line for line in requests.order(mark) if "pr-" in line] == []


def test_watches_that_end_all_the_time_are_borne(
    local: LocalCluster,
    environments: Environments,
    engine: Engine,
    controller: ThreadedController,
) -> None:
    environment = environments.create(values=tag("0"))
    for number in range(1, 15):
        local.drop_watches()
        environment.patch_release(values=tag(str(number)))
        if number % 5 == 0:
            local.compact()
    environment.deployed()
    release = environment.helm_release()
    assert release is not None
    assert release["spec"]["values"] == tag("14")
    environment.delete()
    environment.gone()
    assert environment.namespace() is None
