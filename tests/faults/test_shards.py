"""Two shards of one installation side by side: nothing is done twice, nothing is left, and neither needs the other."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from itertools import groupby
from pathlib import Path

import pytest

from controller.api.environment import ENVIRONMENTS, SHARD_LABEL
from controller.api.tronador_config import CONFIG_NAME, TRONADOR_CONFIGS
from controller.apimachinery.errors import NotFound
from controller.apimachinery.resources import CONFIG_MAPS, LEASES, NAMESPACES, Resource
from controller.app import sharding
from hack.localcluster.audit import AuditEntry
from tests.faults.support import ledger
from tests.faults.support.bed import ready_cluster
from tests.faults.support.fleet import Fleet
from tests.faults.support.replicas import ELECTION, NAMESPACE, leader, out_of_turn, token_of_its_own
from tests.integration.support.clusters import Cluster, config_definition, proxied
from tests.integration.support.controllers import ControllerProcess, ThreadedController
from tests.integration.support.engines import Engine
from tests.integration.support.environments import is_deployed
from tests.integration.support.requests import Requests, summary
from tests.integration.support.shared_config import SharedConfig
from tests.integration.support.waiting import DEADLINE, eventually
from tests.manifests.kustomize import rendered

MAIN, A = sharding.MAIN, f"{SHARD_LABEL}=a"
IN_A = {SHARD_LABEL: "a"}
# With a thousand environments the machine is so busy that a leader renews its lease late.
PATIENT = {**ELECTION, "lease_duration": 10.0, "lease_renew_deadline": 8.0}
_RIGHTS = {
    kind: Resource("rbac.authorization.k8s.io", "v1", plural, kind, namespaced=True)
    for kind, plural in (("Role", "roles"), ("RoleBinding", "rolebindings"))
}


class Bed:
    """A cluster with what `manifests/shards` grants. Each replica of a shard has a token of its own."""

    def __init__(self, *, cluster: Cluster, engine: Engine, folder: Path, stack: ExitStack) -> None:
        self.cluster = cluster
        self.engine = engine
        self.fleet = Fleet(cluster)
        self.requests = Requests(cluster.audit)
        # The credentials of each shard's replicas, by its selector.
        self.credentials: dict[str, list[str]] = defaultdict(list)
        self._folder = folder
        self._stack = stack
        for obj in rendered("shards"):
            if obj["kind"] in _RIGHTS and obj["metadata"]["name"].endswith("-a"):
                cluster.put(_RIGHTS[obj["kind"]], obj)

    def thread(self, selector: str) -> ThreadedController:
        """Start a replica of a shard in threads, and wait until it leads."""
        controller = ThreadedController(
            self._kubeconfig(selector),
            **{**ELECTION, "lease_retry_period": 0.02, "watch_label_selector": selector, "namespace": NAMESPACE},
        )
        self._stack.callback(controller.stop)
        controller.start()
        return controller

    def process(self, selector: str) -> ControllerProcess:
        """Start a replica of a shard as a program, and wait until it competes for its lease or has it."""
        kubeconfig = self._kubeconfig(selector)
        credential = self.credentials[selector][-1]
        flags = {**PATIENT, "watch_label_selector": selector, "namespace": NAMESPACE, "log_level": "warning"}
        process = ControllerProcess(kubeconfig, kubeconfig.with_suffix(".log"), **flags)
        self._stack.callback(process.stop)
        process.start()
        eventually(
            lambda: any(e.resource == "leases" and e.credential == credential for e in self.requests.all()),
            lambda: f"it competes for the lease; it printed {process.output()}",
        )
        return process

    def leader(self, selector: str) -> str:
        """The credential that leads a shard."""
        return leader(e for e in self.requests.all() if e.credential in self.credentials[selector])

    def move(self, number: int, shard: str | None) -> None:
        """Give an environment to another shard; None is the main one."""
        body = {"metadata": {"labels": {SHARD_LABEL: shard}}}
        self.cluster.client.patch(ENVIRONMENTS, self.fleet.name(number), body)

    def writes(self, number: int, since: int = 0) -> list[str]:
        """What was written of an environment, each with the shard that did it."""
        shards = {credential: shard for shard, found in self.credentials.items() for credential in found}
        found = self.requests.writes(since, environment=self.fleet.name(number))
        return [f"{summary(entry)} by {shards[entry.credential]}" for entry in found]

    def right(self, deadline: float = 30.0) -> None:
        """Wait until every environment is as it was asked for, and see that each effect was done once, by a leader."""
        self.fleet.settled(deadline)
        ledger.check(self.requests, lives=self.fleet.lives, living=self.fleet.living)
        for credentials in self.credentials.values():
            assert out_of_turn(e for e in self.requests.all() if e.credential in credentials) == []

    def _kubeconfig(self, selector: str) -> Path:
        number = sum(map(len, self.credentials.values()))
        credential, path = token_of_its_own(self.cluster, f"replica-{number}", self._folder)
        self.credentials[selector].append(credential)
        if witness := self.cluster.witness(credential):
            _, path = self._stack.enter_context(proxied(path, self._folder, witness=witness))
        return path


@pytest.fixture
def bed(tmp_path: Path) -> Iterator[Bed]:
    with ExitStack() as stack:
        cluster = stack.enter_context(ready_cluster())
        engine = stack.enter_context(Engine(cluster))
        yield Bed(cluster=cluster, engine=engine, folder=tmp_path, stack=stack)


def _shards_of(bed: Bed, number: int) -> set[str]:
    return {line.rpartition(" by ")[2] for line in bed.writes(number)}


def test_each_shard_manages_only_its_own_environments(bed: Bed) -> None:
    bed.thread(MAIN)
    bed.thread(A)
    bed.fleet.create([0, 1], "one")
    bed.fleet.create([2, 3], "one", **IN_A)
    bed.right()

    assert [_shards_of(bed, number) for number in range(4)] == [{MAIN}, {MAIN}, {A}, {A}]
    leases = {lease["metadata"]["name"] for lease in bed.cluster.list(LEASES, NAMESPACE)}
    assert leases == {"tronador-controller", "tronador-controller-a"}


@pytest.mark.slow
def test_moving_a_deployed_environment_to_another_shard_changes_nothing(bed: Bed) -> None:
    bed.thread(MAIN)
    bed.thread(A)
    bed.fleet.create([0, 1], "one", **IN_A)
    bed.right()
    mark = bed.requests.mark()

    bed.move(0, None)
    bed.fleet.update([0, 1], "two")
    bed.right()

    # What the moved one needed is what the other one needed too.
    assert {*bed.writes(0, mark)} == {line.replace("pr-1", "pr-0").replace(A, MAIN) for line in bed.writes(1, mark)}


@pytest.mark.slow
def test_an_environment_that_no_shard_selects_is_left_as_it_is(bed: Bed) -> None:
    main = bed.thread(MAIN)
    bed.thread(A)
    bed.fleet.create([0], "one", **IN_A)
    bed.right()
    main.stop()
    mark = bed.requests.mark()

    bed.move(0, "missing")
    bed.fleet.create([1], "one", **IN_A)
    eventually(lambda: is_deployed(bed.fleet.environment(1)), "the shard has seen what came after the move")
    assert bed.writes(0, mark) == []
    bed.fleet.delete([0])
    bed.fleet.update([1], "two")
    eventually(lambda: is_deployed(bed.fleet.environment(1)), "the shard has seen what came after the deletion")
    assert bed.writes(0, mark) == []
    assert bed.cluster.get(NAMESPACES, bed.fleet.name(0)) is not None

    bed.move(0, "a")
    bed.right()


@pytest.mark.slow
def test_an_environment_that_moves_while_it_changes_is_created_and_deleted_once(bed: Bed) -> None:
    bed.thread(MAIN)
    bed.thread(A)
    bed.fleet.create(range(8), "one", **IN_A)
    for turn in range(5):
        for number in range(8):
            bed.move(number, None if (turn + number) % 2 else "a")
    bed.right()

    bed.fleet.delete(range(4))
    for turn in range(5):
        for number in range(4, 8):
            bed.move(number, None if (turn + number) % 2 else "a")
        for number in range(4):
            with suppress(NotFound):
                bed.move(number, None if (turn + number) % 2 else "a")
    bed.fleet.settled(30.0)

    # Both shards may ask for the same deletion, while the move reaches them. Nothing comes of the second request.
    acts = ledger.acts_of([entry for entry in bed.requests.writes() if ledger.accepted(entry)])
    for number in range(8):
        once = [act for act, _ in groupby(acts[bed.fleet.name(number)])]
        assert once == [*ledger.LIFE, *(ledger.DEATH if number < 4 else ())]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_thousand_environments_are_created_once_even_if_a_leader_is_killed(bed: Bed) -> None:
    processes = {bed.credentials[shard][-1]: process for shard in (MAIN, A, A) for process in (bed.process(shard),)}
    first = eventually(lambda: bed.leader(A), "shard a has a leader")
    eventually(lambda: bed.leader(MAIN), "the main shard has a leader")

    def create(numbers: range, **labels: str) -> threading.Thread:
        thread = threading.Thread(target=bed.fleet.create, args=(numbers, "one"), kwargs=labels)
        thread.start()
        return thread

    creators = (create(range(500)), create(range(500, 1000), **IN_A))
    eventually(lambda: len(_written_by(bed, first)) > 500, "shard a is at work", deadline=2 * DEADLINE)
    processes[first].kill()
    mark = bed.requests.mark()
    second = eventually(lambda: bed.leader(A) not in (first, "") and bed.leader(A), "the other replica leads shard a")
    meanwhile = {entry.credential for entry in bed.requests.writes(mark)}
    assert bed.credentials[MAIN][0] in meanwhile, "the main shard stood still"
    for creator in creators:
        creator.join()

    bed.right(deadline=400.0)
    for number in range(1000):
        assert _shards_of(bed, number) == {MAIN if number < 500 else A}
    assert {first, second} == set(bed.credentials[A])


def _written_by(bed: Bed, credential: str) -> list[AuditEntry]:
    return [entry for entry in bed.requests.writes() if entry.credential == credential]


@pytest.mark.slow
def test_only_the_main_shard_writes_the_status_of_the_shared_configuration(bed: Bed) -> None:
    bed.cluster.install(config_definition())
    shared = SharedConfig(bed.cluster)
    content = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "shared"}, "data": {"a": "1"}}
    bed.thread(MAIN)
    bed.thread(A)
    bed.fleet.create([0], "one")
    bed.fleet.create([1, 2], "one", **IN_A)
    bed.fleet.settled(30.0)
    shared.apply([content])
    shared.ready("True", "Accepted")
    for number in range(3):
        eventually(
            lambda number=number: bed.cluster.get(CONFIG_MAPS, "shared", bed.fleet.name(number)),
            "every environment has what is shared",
        )
    eventually(
        lambda: (bed.cluster.get(TRONADOR_CONFIGS, CONFIG_NAME, NAMESPACE) or {})["status"].get("environments") == 1,
        "the main shard counts its own environment",
    )
    writers = {e.credential for e in bed.requests.writes() if e.resource == TRONADOR_CONFIGS.plural}
    assert writers == set(bed.credentials[MAIN])
