"""`kill -9` at any moment and a restart: the same end, and no memory of labels is lost.

The kill comes when the API server has done a request and has not answered it: the controller never learns of it.
"""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Sequence

import pytest

from controller.api.environment import APPLIED_LABELS_ANNOTATION, ENVIRONMENTS
from hack.localcluster import LocalCluster
from hack.localcluster.audit import AuditEntry
from tests.integration.support.controllers import ControllerProcess
from tests.integration.support.engines import Engine
from tests.integration.support.environments import Environment, Environments, is_deployed, tag
from tests.integration.support.fixtures import StartProcess
from tests.integration.support.requests import after_each_request
from tests.integration.support.waiting import eventually

THEIRS = {"owner": "somebody"}


class Killer:
    """Kills a controller with the n-th request that it makes from now on."""

    def __init__(self, local: LocalCluster) -> None:
        self._lock = threading.Lock()
        self._process: ControllerProcess | None = None
        self._writes_only = False
        self._left = 0
        self._done = threading.Event()
        after_each_request(local, self._tell)

    def aim(self, process: ControllerProcess, number: int, *, writes_only: bool = False) -> None:
        """Kill this one when it has made so many requests (or writes)."""
        with self._lock:
            self._done.clear()
            self._left, self._writes_only, self._process = number, writes_only, process

    def has_killed(self) -> bool:
        """Whether it has happened since `aim`."""
        return self._done.is_set()

    def lower(self) -> bool:
        """From now on it does not happen any more; whether it has."""
        with self._lock:
            self._process = None
            return self._done.is_set()

    def _tell(self, entry: AuditEntry) -> None:
        with self._lock:
            if self._process is None or (self._writes_only and not entry.is_write):
                return
            self._left -= 1
            if self._left <= 0:
                self._process.kill()
                self._process = None
                self._done.set()


def update(environment: Environment) -> None:
    """Change labels and release; somebody else has set a label beside ours."""
    environment.label_namespace(**THEIRS)
    environment.patch({"namespaceLabels": {"team": None, "kind": "changed", "new": "yes"}})
    environment.patch_release(values=tag("two"))


def rename(environment: Environment) -> None:
    environment.patch_release(releaseName="renamed")


def delete(environment: Environment) -> None:
    environment.delete()


def right_after_creation(environment: Environment) -> None:
    environment.deployed()
    labels = environment.labels()
    assert (labels["team"], labels["kind"]) == ("gabbar", "pr")


def right_after_update(environment: Environment) -> None:
    environment.deployed()
    labels = environment.labels()
    assert "team" not in labels, "the memory of a label was lost"
    assert (labels["kind"], labels["new"], labels["owner"]) == ("changed", "yes", "somebody")
    namespace = environment.namespace()
    assert namespace is not None
    memory = json.loads(namespace["metadata"]["annotations"][APPLIED_LABELS_ANNOTATION])
    assert memory.items() <= labels.items()
    assert not {"team", "owner"} & memory.keys()
    release = environment.helm_release()
    assert release is not None
    assert release["spec"]["values"] == tag("two")


def right_after_renaming(environment: Environment) -> None:
    environment.deployed()
    assert environment.helm_release() is None
    assert environment.storage() == []
    assert environment.helm_release("renamed") is not None


def right_after_deletion(environment: Environment) -> None:
    environment.gone()
    assert environment.namespace() is None


def is_over(environment: Environment) -> bool:
    """Whether the controller has nothing left to do in this stage."""
    obj = environment.cluster.get(ENVIRONMENTS, environment.name)
    return obj is None or is_deployed(obj)


STAGES = (
    (None, right_after_creation),
    (update, right_after_update),
    (rename, right_after_renaming),
    (delete, right_after_deletion),
)


def journey(
    environments: Environments, killer: Killer, start_process: StartProcess, moments: Sequence[int], **how: bool
) -> int:
    """Create, update, rename, delete; in each the controller is killed at its moment and started again.

    Returns how often it was killed: a moment may lie beyond the end of its stage.
    """
    process = start_process()
    killer.aim(process, moments[0], **how)
    environment = environments.create(values=tag("one"), spec={"namespaceLabels": {"team": "gabbar", "kind": "pr"}})
    kills = 0
    for moment, (step, right) in zip(moments, STAGES, strict=True):
        if step is not None:
            killer.aim(process, moment, **how)
            step(environment)
        eventually(lambda: killer.has_killed() or is_over(environment), "the stage ends, or the controller does")
        if killer.lower():
            kills += 1
            process = start_process()
        right(environment)
    return kills


@pytest.fixture
def killer(local: LocalCluster) -> Killer:
    return Killer(local)


def test_killed_at_random_moments_it_ends_in_the_same_state(
    environments: Environments, engine: Engine, killer: Killer, start_process: StartProcess
) -> None:
    random_moments(0, environments, killer, start_process)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 20))
def test_killed_at_nineteen_more_random_moments_it_ends_in_the_same_state(
    environments: Environments, engine: Engine, killer: Killer, start_process: StartProcess, seed: int
) -> None:
    random_moments(seed, environments, killer, start_process)


def random_moments(seed: int, environments: Environments, killer: Killer, start_process: StartProcess) -> None:
    """Any request counts here, reads and watches too."""
    chance = random.Random(seed)
    moments = [chance.randint(1, most) for most in (10, 5, 6, 6)]
    assert journey(environments, killer, start_process, moments) >= 2


@pytest.mark.parametrize("write", [2, *(pytest.param(write, marks=pytest.mark.slow) for write in (1, 3))])
def test_killed_after_this_write_of_each_stage_it_ends_in_the_same_state(
    environments: Environments, engine: Engine, killer: Killer, start_process: StartProcess, write: int
) -> None:
    assert journey(environments, killer, start_process, (write,) * 4, writes_only=True) == 4
