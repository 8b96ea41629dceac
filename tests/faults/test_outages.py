"""The API server was away: when it answers again, so does the controller, at once.

The back-off is the one of production (up to a minute): a controller that sleeps it out is late.
"""

from __future__ import annotations

import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from controller.api.environment import ENVIRONMENTS
from controller.app.options import Options
from controller.environment.watches import WATCHES
from hack.faultproxy.faults import Answer, Match, Rule
from hack.localcluster import LocalCluster
from hack.localcluster.process import ClusterProcess
from hack.serviceaccounts import write_kubeconfig
from tests.faults.support.bed import Bed, bed
from tests.faults.support.fleet import Fleet
from tests.integration.support.clusters import Cluster, environment_definition, helm_release_definition
from tests.integration.support.controllers import ThreadedController
from tests.integration.support.engines import Engine
from tests.integration.support.environments import Environments, is_current
from tests.integration.support.fixtures import StartController
from tests.integration.support.ports import free_address
from tests.integration.support.requests import Requests
from tests.integration.support.variables import REAL_KUBECONFIG
from tests.integration.support.waiting import eventually, throughout

pytestmark = pytest.mark.slow

PRODUCTION = {"max_backoff": 60.0}
# From the first answer of the server: seconds to the first reconcile of an environment that waits, and until all caches
# are current.
BACK_WITHIN = 5.0
ENVIRONMENTS_AT_ALL = 50
# Seconds after which a back-off that is slept out ends too late.
OUTAGE = 4.0
# Everything but watches, whose streams stay open; the probe too.
REQUESTS = Match(watch=False)


def lists(bed: Bed, since: int) -> int:
    return sum(entry.verb == "list" for entry in bed.requests.all(since))


def reconciled(bed: Bed, name: str, since: int) -> float:
    """Wait until the controller writes something for this environment; when that was, on the monotonic clock."""
    eventually(lambda: bed.requests.writes(since, environment=name), f"{name} is reconciled", deadline=60)
    return time.monotonic()


@pytest.mark.promise("outages")
def test_requests_made_during_an_outage_are_done_at_once_afterwards(tmp_path: Path) -> None:
    with bed(tmp_path, options=PRODUCTION, streams=False, hooks=True) as running:
        running.fleet.create(range(ENVIRONMENTS_AT_ALL), "one")
        running.fleet.settled(60)
        running.proxy.refuse()
        running.fleet.create([ENVIRONMENTS_AT_ALL], "one")
        running.fleet.update(range(0, ENVIRONMENTS_AT_ALL, 2), "two")
        waiting = running.fleet.name(ENVIRONMENTS_AT_ALL)
        # Long enough for back-offs that end late, and the history is gone as well: watches lead to a 410.
        throughout(OUTAGE, lambda: running.requests.writes(environment=waiting) == [], "the server is away")
        running.local.compact()

        mark = running.requests.mark()
        back = time.monotonic()
        running.proxy.accept()
        assert reconciled(running, waiting, mark) - back < BACK_WITHIN
        assert reconciled(running, running.fleet.name(0), mark) - back < BACK_WITHIN
        assert lists(running, mark) <= 2 * len(WATCHES), "no storm"
        running.fleet.settled(60)


@pytest.mark.promise("outages")
def test_a_failure_during_the_servers_start_does_not_wait_for_its_back_off(tmp_path: Path) -> None:
    with bed(tmp_path, options=PRODUCTION) as running:
        running.fleet.create([0], "one")
        running.fleet.settled(30)
        running.proxy.set_rules(Rule(fault=Answer(code=503), match=REQUESTS))
        running.fleet.create([1], "one")
        # Tried again after 5 ms doubled each time, the next attempt would follow some ten seconds after this.
        running.proxy.wait_for("answer-503", 1)
        throughout(
            10.5, lambda: running.requests.writes(environment=running.fleet.name(1)) == [], "it cannot be reconciled"
        )

        mark = running.requests.mark()
        back = time.monotonic()
        running.proxy.set_rules()
        assert reconciled(running, running.fleet.name(1), mark) - back < BACK_WITHIN
        running.fleet.settled(30)


@pytest.mark.promise("outages")
def test_a_throttling_server_is_listed_as_soon_as_its_storage_is_ready(tmp_path: Path) -> None:
    with bed(tmp_path, options=PRODUCTION) as running:
        running.proxy.refuse()
        running.fleet.create([0], "one")
        throughout(
            OUTAGE, lambda: running.requests.writes(environment=running.fleet.name(0)) == [], "the server is away"
        )
        throttled = Rule(fault=Answer(code=429, retry_after=1), match=Match(path="/apis/"))
        running.proxy.set_rules(throttled)
        running.proxy.accept()
        running.proxy.wait_for("answer-429", 5)
        mark = running.requests.mark()
        back = time.monotonic()
        running.proxy.set_rules()
        assert reconciled(running, running.fleet.name(0), mark) - back < BACK_WITHIN


@pytest.mark.promise("outages")
def test_an_outage_shows_in_readiness_and_metrics_and_never_in_liveness(tmp_path: Path) -> None:
    address = free_address()
    served = {"health_address": address, "metrics_address": address, "cache_staleness_limit": 1.0}
    with bed(tmp_path, options={**PRODUCTION, **served}) as running:
        eventually(lambda: get(address, "/readyz")[0] == 200, "it is ready")
        eventually(lambda: max(stale_seconds(address).values()) == 0, "all caches are current")
        running.proxy.refuse()
        for resource in (str(watch.resource) for watch in WATCHES if not watch.may_be_missing):
            eventually(lambda resource=resource: resource in get(address, "/readyz")[1], f"{resource} is named")
        code, problem = get(address, "/readyz")
        assert code == 503
        assert "Connection refused" in problem
        assert get(address, "/healthz") == (200, "ok")
        assert max(stale_seconds(address).values()) > 1

        back = time.monotonic()
        running.proxy.accept()
        eventually(lambda: get(address, "/readyz")[0] == 200, "it is ready again")
        assert time.monotonic() - back < BACK_WITHIN
        # A watch counts once it has lasted a moment.
        eventually(lambda: max(stale_seconds(address).values()) == 0, "all caches are current")


def get(address: str, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://{address}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def stale_seconds(address: str) -> dict[str, float]:
    """`tronador_cache_stale_seconds` by its labels."""
    lines = get(address, "/metrics")[1].splitlines()
    found = [line.rpartition(" ") for line in lines if line.startswith("tronador_cache_stale_seconds{")]
    return {labels: float(value) for labels, _, value in found}


@contextmanager
def cluster_as_a_program(folder: Path) -> Iterator[tuple[ClusterProcess, Cluster]]:
    """A cluster that can be frozen as a whole."""
    if REAL_KUBECONFIG:
        pytest.skip("needs a cluster that may be frozen")
    with ClusterProcess(folder / "kubeconfig") as process, ExitStack() as stack:
        cluster = Cluster(kubeconfig=process.kubeconfig, local=None, stack=stack)
        cluster.install(environment_definition())
        cluster.install(helm_release_definition())
        yield process, cluster


@pytest.mark.promise("outages")
def test_the_controller_resumes_at_once_each_time_the_server_was_frozen(tmp_path: Path) -> None:
    # Longer than a request may take, shorter than the time in which a leader has to renew its lease.
    frozen, options = 2.5, {"request_timeout": 1.0, "leader_elect": True, "lease_duration": 8.0}
    election = {"lease_renew_deadline": 6.0, "lease_retry_period": 0.5}
    with cluster_as_a_program(tmp_path) as (process, cluster):
        engine, pause = Engine(cluster), threading.Event()
        # No proxy may stand before a server that freezes.
        account = {"namespace": Options().namespace, "name": Options().environment.service_account}
        kubeconfig = write_kubeconfig(tmp_path / "controller", admin=cluster.kubeconfig, **account)
        controller = ThreadedController(kubeconfig, **PRODUCTION, **options, **election)
        try:
            engine.start()
            controller.start()
            fleet = Fleet(cluster)
            fleet.create(range(3), "0")
            fleet.settled(30)
            for number in range(1, 11):
                fleet.update([0], f"before-{number}")
                process.freeze()
                try:
                    pause.wait(frozen)
                finally:
                    process.thaw()
                back = time.monotonic()
                fleet.update([number % 3], f"after-{number}")
                name = fleet.name(number % 3)
                eventually(
                    lambda name=name: is_current(cluster.client.get(ENVIRONMENTS, name)), f"{name} is reconciled"
                )
                assert time.monotonic() - back < BACK_WITHIN
            fleet.settled(30)
        finally:
            controller.stop()
            engine.stop()


@pytest.mark.promise("outages")
def test_a_serving_certificate_that_was_rotated_is_trusted_at_once(
    environments: Environments, local: LocalCluster, requests: Requests, start_controller: StartController
) -> None:
    start_controller(**PRODUCTION)
    environment = environments.create()
    environment.until(is_current, "it is reconciled")
    mark = requests.mark()
    local.stop()
    throughout(OUTAGE, lambda: requests.writes(mark) == [], "the server is away")
    local.start()  # with another certificate of the same authority
    back = time.monotonic()
    environment.patch({"namespaceLabels": {"team": "blue"}})
    eventually(lambda: environment.labels().get("team") == "blue", "it is reconciled again")
    assert time.monotonic() - back < BACK_WITHIN


@pytest.mark.promise("outages")
def test_a_certificate_authority_that_was_replaced_is_read_from_its_file(
    cluster: Cluster, environments: Environments, local: LocalCluster, requests: Requests, tmp_path: Path
) -> None:
    authority = tmp_path / "ca.crt"
    authority.write_text(local.authority)
    controller = ThreadedController(_with_authority_in(authority, cluster, tmp_path), **PRODUCTION)
    try:
        controller.start()
        environment = environments.create()
        environment.until(is_current, "it is reconciled")
        local.replace_authority()
        mark = requests.mark()
        throughout(OUTAGE, lambda: requests.all(mark) == [], "it trusts another authority")
        authority.write_text(local.authority)
        back = time.monotonic()
        eventually(lambda: requests.count("watch", ENVIRONMENTS.plural, mark), "it watches again")
        assert time.monotonic() - back < BACK_WITHIN
    finally:
        controller.stop()


def _with_authority_in(authority: Path, cluster: Cluster, folder: Path) -> Path:
    """The controller's kubeconfig, with the certificate authority in a file."""
    document: dict[str, Any] = yaml.safe_load(cluster.controller_kubeconfig.read_text())
    for entry in document["clusters"]:
        del entry["cluster"]["certificate-authority-data"]
        entry["cluster"]["certificate-authority"] = str(authority)
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(document))
    return path
