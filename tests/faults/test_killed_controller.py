"""`kill -9` at any moment and a restart: the same end, and no memory of labels is lost.

The kill comes when the API server has done a request and has not answered it: the controller never learns of it.
"""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import pytest

from controller.api.environment import APPLIED_LABELS_ANNOTATION, ENVIRONMENTS
from controller.apimachinery.resources import Resource
from hack.localcluster.audit import AuditEntry, AuditLog
from hack.standins.engine_double import EngineDouble
from hack.standins.flux.double import FluxDouble
from tests.integration.support.clusters import Cluster
from tests.integration.support.controllers import ControllerProcess
from tests.integration.support.engines import Engine
from tests.integration.support.environments import RELEASE, Environment, Environments, is_deployed, tag
from tests.integration.support.fixtures import StartProcess
from tests.integration.support.installers import RELEASES
from tests.integration.support.requests import after_each_request
from tests.integration.support.waiting import eventually

THEIRS = {"owner": "somebody"}
DOUBLES = {"helm-operator": EngineDouble, "flux": FluxDouble}


class Killer:
    """Kills a controller with the n-th request that it makes from now on."""

    def __init__(self, audit: AuditLog) -> None:
        self._lock = threading.Lock()
        self._process: ControllerProcess | None = None
        self._writes_only = False
        self._left = 0
        self._done = threading.Event()
        after_each_request(audit, self._notice)

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

    def _notice(self, entry: AuditEntry) -> None:
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


def right_after_creation(environment: Environment, _releases: Resource) -> None:
    environment.deployed()
    labels = environment.labels()
    assert (labels["team"], labels["kind"]) == ("gabbar", "pr")


def right_after_update(environment: Environment, releases: Resource) -> None:
    environment.deployed()
    labels = environment.labels()
    assert "team" not in labels, "the memory of a label was lost"
    assert (labels["kind"], labels["new"], labels["owner"]) == ("changed", "yes", "somebody")
    namespace = environment.namespace()
    assert namespace is not None
    memory = json.loads(namespace["metadata"]["annotations"][APPLIED_LABELS_ANNOTATION])
    assert memory.items() <= labels.items()
    assert not {"team", "owner"} & memory.keys()
    release = environment.cluster.get(releases, RELEASE, environment.name)
    assert release is not None
    assert release["spec"]["values"] == tag("two")


def right_after_renaming(environment: Environment, releases: Resource) -> None:
    environment.deployed()
    assert environment.storage() == []
    found = environment.cluster.list(releases, environment.name)
    assert [release["metadata"]["name"] for release in found] == ["renamed"]


def right_after_deletion(environment: Environment, _releases: Resource) -> None:
    environment.gone()
    assert environment.namespace() is None


def is_over(environment: Environment) -> bool:
    """Whether the controller has nothing left to do in this stage."""
    obj = environment.cluster.get(ENVIRONMENTS, environment.name)
    return obj is None or is_deployed(obj)


@dataclass(frozen=True, slots=True)
class Stage:
    """One thing that users do, and how it has to end; the Resource is that of the engine's HelmReleases."""

    do: Callable[[Environment], None] | None
    right: Callable[[Environment, Resource], None]


STAGES = (
    Stage(None, right_after_creation),
    Stage(update, right_after_update),
    Stage(rename, right_after_renaming),
    Stage(delete, right_after_deletion),
)


class Journey:
    """Create, update, rename, delete; in each the controller is killed at its moment and started again."""

    def __init__(self, *, engine: str, environments: Environments, killer: Killer, start_process: StartProcess) -> None:
        self._releases = RELEASES[engine]
        self._environments = environments
        self._killer = killer
        self._start = lambda: start_process(release_engine=engine)

    def go(self, moments: Sequence[int], *, writes_only: bool = False) -> int:
        """How often the controller was killed: a moment may lie beyond the end of its stage."""
        process = self._start()
        self._killer.aim(process, moments[0], writes_only=writes_only)
        labels = {"namespaceLabels": {"team": "gabbar", "kind": "pr"}}
        environment = self._environments.create(values=tag("one"), spec=labels)
        kills = 0
        for moment, stage in zip(moments, STAGES, strict=True):
            if stage.do is not None:
                self._killer.aim(process, moment, writes_only=writes_only)
                stage.do(environment)
            over = partial(is_over, environment)
            eventually(lambda over=over: self._killer.has_killed() or over(), "the stage ends, or the controller does")
            if self._killer.lower():
                kills += 1
                process = self._start()
            stage.right(environment, self._releases)
        return kills


@pytest.fixture
def killer(cluster: Cluster) -> Killer:
    return Killer(cluster.audit)


@pytest.fixture(params=["helm-operator", pytest.param("flux", marks=pytest.mark.slow)])
def journey(
    request: pytest.FixtureRequest,
    both_engines: Cluster,
    environments: Environments,
    killer: Killer,
    start_process: StartProcess,
) -> Iterator[Journey]:
    """With each of the engines in turn, which answers at once."""
    engine = Engine(both_engines, double=DOUBLES[request.param])
    engine.start()
    yield Journey(engine=request.param, environments=environments, killer=killer, start_process=start_process)
    engine.close()


@pytest.mark.slow
# Each starts the program five times, so more of them would take minutes.
@pytest.mark.parametrize("seed", range(8))
def test_a_controller_killed_at_random_moments_reaches_the_same_state(journey: Journey, seed: int) -> None:
    # Any request counts here, reads and watches too.
    chance = random.Random(seed)
    moments = [chance.randint(1, most) for most in (10, 5, 6, 6)]
    assert journey.go(moments) >= 2


@pytest.mark.parametrize("write", [2, *(pytest.param(write, marks=pytest.mark.slow) for write in (1, 3))])
def test_a_controller_killed_after_a_given_write_reaches_the_same_state(journey: Journey, write: int) -> None:
    assert journey.go((write,) * 4, writes_only=True) == 4
