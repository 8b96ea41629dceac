"""API priority and fairness: a real server rejects the controller's requests with 429, and nothing is lost by that.

A FlowSchema gives the controller's account a priority level of its own, which rejects at once what has no seat. Without
any share it has one seat: the server never rejects the only request.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pytest

from controller.apimachinery.errors import ServerError, TooManyRequests
from controller.apimachinery.resources import NAMESPACES, Resource
from controller.app.options import Options
from controller.client import Client
from controller.client.config import load
from hack.localcluster.audit import AuditEntry
from tests.integration.support.clusters import Cluster
from tests.integration.support.engines import Engine
from tests.integration.support.environments import Environments, tag
from tests.integration.support.fixtures import StartController
from tests.integration.support.requests import Requests
from tests.integration.support.waiting import eventually
from tests.real.support.releases import values_of
from tests.real.support.versions import FUTURE

_GROUP = "flowcontrol.apiserver.k8s.io"
FLOW_SCHEMAS = Resource(_GROUP, "v1", "flowschemas", "FlowSchema", namespaced=False)
LEVELS = Resource(_GROUP, "v1", "prioritylevelconfigurations", "PriorityLevelConfiguration", namespaced=False)
LEVEL = "tronador-tests"
# In seconds. The server asks for pauses that grow.
LONG = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bed:
    """A running controller with its engine."""

    cluster: Cluster
    environments: Environments
    requests: Requests

    def leave_one_seat(self) -> None:
        """Leave the controller's account one seat of the server, and no queue, until the end of the test."""
        _limit(self.cluster)


@pytest.fixture
def bed(
    cluster: Cluster,
    environments: Environments,
    engine: Engine,
    start_controller: StartController,
    requests: Requests,
) -> Iterator[Bed]:
    start_controller()
    yield Bed(cluster=cluster, environments=environments, requests=requests)
    _lift(cluster)


def _limit(cluster: Cluster) -> None:
    limited = {
        "nominalConcurrencyShares": 0,
        "lendablePercent": 0,
        "borrowingLimitPercent": 0,
        "limitResponse": {"type": "Reject"},
    }
    cluster.put(LEVELS, _object(LEVELS, {"type": "Limited", "limited": limited}))
    options = Options()
    account = {"name": options.environment.service_account, "namespace": options.namespace}
    everything = {
        "resourceRules": [
            {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "clusterScope": True, "namespaces": ["*"]}
        ],
        "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
        "subjects": [{"kind": "ServiceAccount", "serviceAccount": account}],
    }
    schema = {
        "matchingPrecedence": 2,
        "priorityLevelConfiguration": {"name": LEVEL},
        "distinguisherMethod": {"type": "ByUser"},
        "rules": [everything],
    }
    cluster.put(FLOW_SCHEMAS, _object(FLOW_SCHEMAS, schema))


def _lift(cluster: Cluster) -> None:
    for resource in (FLOW_SCHEMAS, LEVELS):
        if cluster.get(resource, LEVEL):
            cluster.client.delete(resource, LEVEL)


def _object(resource: Resource, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": {"name": LEVEL}, "spec": spec}


@contextmanager
def occupied_seat(cluster: Cluster) -> Iterator[Client]:
    """Occupies the seat nearly all the time, and yields a client of the same account that repeats nothing.

    A list from a version of the future takes the server three seconds.
    """
    connection = load(kubeconfig=str(cluster.controller_kubeconfig))
    client = Client(connection=connection, user_agent="tests-impatient", max_retries=0)
    stop = threading.Event()

    def occupy() -> None:
        while not stop.is_set():
            with suppress(TooManyRequests, ServerError):
                client.list(NAMESPACES, resource_version=FUTURE, resource_version_match="NotOlderThan")
            stop.wait(0.02)

    threads = [threading.Thread(target=occupy, name=f"occupy-{number}") for number in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield client
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        client.close()


def refusal(client: Client) -> TooManyRequests | None:
    """The server's refusal, if there is one."""
    try:
        client.list(NAMESPACES, limit=1)
    except TooManyRequests as error:
        return error
    return None


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_nothing_is_lost_while_the_server_rejects_nearly_every_request(bed: Bed) -> None:
    changed, deleted = bed.environments.create("pr-74"), bed.environments.create("pr-75")
    for environment in (changed, deleted):
        environment.deployed()
    bed.leave_one_seat()
    with occupied_seat(bed.cluster) as client:
        refused = eventually(lambda: refusal(client), "the server rejects")
        assert ((refused and refused.retry_after) or 0) >= 1
        mark = bed.requests.mark()
        changed.patch_release(values=tag("two"))
        deleted.delete()
        created = bed.environments.create("pr-76")
        eventually(lambda: rejected(bed.requests, mark), "the controller is rejected")

    changed.deployed(LONG)
    created.deployed(LONG)
    deleted.gone(LONG)
    assert values_of(changed) == tag("two")


def rejected(requests: Requests, since: int) -> list[AuditEntry]:
    """The controller's requests that the server rejected."""
    return [entry for entry in requests.all(since) if entry.code == 429]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_rejected_write_is_repeated_only_after_the_pause_that_was_asked_for(bed: Bed) -> None:
    bed.leave_one_seat()
    with occupied_seat(bed.cluster) as client:
        eventually(lambda: refusal(client), "the server rejects")
        made = [bed.environments.create(f"pr-{number}") for number in range(6)]
        eventually(lambda: [entry for entry in rejected(bed.requests, 0) if entry.is_write], "a write is rejected")
    for environment in made:
        environment.deployed(LONG)
    for environment in made:
        environment.delete()
    for environment in made:
        environment.gone(LONG)

    for entry in rejected(bed.requests, 0):
        pauses = [other.time - entry.time for other in bed.requests.all() if _is_repetition(other, entry)]
        assert min(pauses, default=1.0) >= 1.0, f"{entry.verb} {entry.path} was repeated after {min(pauses)} s"


def _is_repetition(later: AuditEntry, earlier: AuditEntry) -> bool:
    same = (later.verb, later.path, later.body) == (earlier.verb, earlier.path, earlier.body)
    return earlier.is_write and same and later.time > earlier.time
