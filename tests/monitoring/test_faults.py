"""Each fault of a running controller makes its alert fire in the real Prometheus, and nothing fires in a clean run.

The rules are the real ones with shorter times (`quickened`). Where many faults can stand side by side they do, so that
they share one cluster.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from controller.api.environment import ENVIRONMENTS
from controller.app.caches import Enqueue
from hack.faultproxy.faults import Answer, Latency, Match, Rule
from hack.faultproxy.proxy import FaultProxy
from hack.localcluster import LocalCluster
from hack.standins.scm.exchange import Answer as ForgeAnswer
from hack.standins.scm.faults import FOR_EVER
from hack.standins.scm.faults import Fault as ForgeFault
from hack.standins.scm.forge import Forge
from hack.standins.scm.server import ForgeServer
from tests.faults.support.bed import proxied
from tests.integration.support import texts
from tests.integration.support.clusters import CONFIG_MAPS, Cluster
from tests.integration.support.controllers import ThreadedController
from tests.integration.support.engines import Engine
from tests.integration.support.environments import Environment, Environments, condition, manifest, tag
from tests.integration.support.fixtures import StartController, StartProcess
from tests.integration.support.opponent import opposing
from tests.integration.support.reporters import ThreadedReporter, credentials
from tests.integration.support.shared_config import SharedConfig
from tests.integration.support.texts import nested
from tests.integration.support.waiting import eventually
from tests.monitoring.prometheus import Prometheus, address
from tests.monitoring.support import CONTROLLER, REPORTER, alerts, panels

pytestmark = pytest.mark.slow

ELECTION = {"leader_elect": True, "lease_duration": 4.0, "lease_renew_deadline": 3.0, "lease_retry_period": 0.3}
WRITES = ("POST", "PATCH", "PUT", "DELETE")
# Far more levels than the controller reads.
TOO_DEEP = 500
HOLDER = "example.com/holder"
PROCESS = ("TronadorDown", "TronadorNoLeader", "TronadorSeveralLeaders", "TronadorRestarting")
BUGS = ("TronadorHandlerFailures", "TronadorReconcilePanics")
WAITING = (
    *("TronadorEnvironmentsFailed", "TronadorEnvironmentStuck", "TronadorEnvironmentsLackResources"),
    "TronadorUnreadableObjects",
)
HELD = ("TronadorEnvironmentsContested", "TronadorTeardownBlocked", "TronadorTeardownStuck")
API = ("TronadorAPIThrottling", "TronadorAPIErrors", "TronadorReconcileErrors", "TronadorCacheOutOfDate")
SLOW = ("TronadorQueueLong", "TronadorQueueSlow", "TronadorReconcileStuck")
LATE = ("TronadorProvisioningSlow",)
REPORT = ("TronadorReportUnreachable", "TronadorReportUnauthorized", "TronadorReportLate")
REPORT_PROCESS = ("TronadorReportDown", "TronadorReportNoLeader")


def test_every_alert_has_a_fault_in_these_tests() -> None:
    assert {*PROCESS, *BUGS, *WAITING, *HELD, *API, *SLOW, *LATE, *REPORT, *REPORT_PROCESS} == {
        alert["alert"] for alert in alerts()
    }


def leads(prometheus: Prometheus, pod: str) -> None:
    """Wait until Prometheus knows that this pod leads."""
    query = f'leader_election_master_status{{pod="{pod}"}} == 1'
    eventually(lambda: prometheus.query(query), f"{pod} leads")


def is_scraped(prometheus: Prometheus, job: str = CONTROLLER) -> None:
    eventually(lambda: prometheus.query(f'up{{job="{job}"}} == 1'), f"{job} is scraped")


def test_a_clean_run_fires_no_alert_and_fills_every_panel(
    local: LocalCluster,
    cluster: Cluster,
    environments: Environments,
    engine: Engine,
    start_controller: StartController,
    prometheus: Prometheus,
) -> None:
    addresses = [address(), address()]
    start_controller(metrics_address=addresses[0], lease_identity="leader", **ELECTION)
    start_controller(metrics_address=addresses[1], lease_identity="standby", wait=False, **ELECTION)
    began = time.time()
    prometheus.start(addresses)
    leads(prometheus, "pod-0")
    made = [environments.create(f"pr-{number}") for number in range(6)]
    for environment in made:
        environment.deployed()
    for environment in made:
        environment.patch_release(values=tag("two"))
        environment.deployed()
    for environment in made[:3]:
        environment.delete()
    for environment in made[:3]:
        environment.gone()
    # An open watch has no duration and no events yet; some end, as the API server ends them now and then.
    local.drop_watches()

    def missing() -> list[str]:
        return [title for title, queries in panels() for query in queries if not has_data(prometheus, query, began)]

    eventually(lambda: not missing(), lambda: f"data in {missing()}", deadline=60)
    assert prometheus.ever_fired() == []


def has_data(prometheus: Prometheus, query: str, began: float) -> bool:
    """Whether a panel would show a number at any time since then."""
    expression = query.replace("$__rate_interval", "8s").replace("$namespace", ".*")
    found = prometheus.curves(expression, start=began, end=time.time())
    return any(not math.isnan(float(value)) for series in found for _, value in series["values"])


def test_faults_of_the_process_fire_their_alerts(
    cluster: Cluster,
    start_process: StartProcess,
    start_controller: StartController,
    prometheus: Prometheus,
    tmp_path: Path,
) -> None:
    addresses = [address(), address()]
    # An election that the API server disturbs: both run, and neither gets the lease.
    with proxied(cluster.controller_kubeconfig, tmp_path) as (proxy, through):
        proxy.set_rules(Rule(fault=Answer(code=503), match=Match(path="/leases")))
        first = start_process(kubeconfig=through, metrics_address=addresses[0], **ELECTION)
        prometheus.start(addresses)
        prometheus.fires("TronadorNoLeader")
        assert "TronadorDown" not in prometheus.firing()
        proxy.set_rules()
        leads(prometheus, "pod-0")
        prometheus.is_silent("TronadorNoLeader")

        # A second installation, with a lease of its own, that is scraped as if it were of the first.
        cluster.create_namespace("other")
        second = ThreadedController(
            cluster.kubeconfig, metrics_address=addresses[1], namespace="other", service_account="", **ELECTION
        )
        second.start()
        try:
            prometheus.fires("TronadorSeveralLeaders")
        finally:
            second.stop()
        prometheus.is_silent("TronadorSeveralLeaders")

        for _ in range(3):
            first.kill()
            eventually(lambda: not prometheus.query('up{pod="pod-0"} == 1'), "the process is gone")
            first.start()
            eventually(lambda: prometheus.query('up{pod="pod-0"} == 1'), "the process is back")
        prometheus.fires("TronadorRestarting")
        first.stop()
        prometheus.fires("TronadorDown")


def test_bugs_fire_their_alerts(
    environments: Environments,
    start_controller: StartController,
    prometheus: Prometheus,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    served = address()
    start_controller(metrics_address=served)
    prometheus.start([served])
    is_scraped(prometheus)
    # The handler does its work, and then fails.
    queue = Enqueue._queue

    def fail_afterwards(self: Enqueue, *args: Any, **kwargs: Any) -> None:
        queue(self, *args, **kwargs)
        raise RuntimeError("a bug")

    def fail(*_: object) -> None:
        raise RuntimeError("another bug")

    monkeypatch.setattr(Enqueue, "_queue", fail_afterwards)
    monkeypatch.setattr("controller.environment.reconciler.decide", fail)
    environments.create()
    prometheus.fires(*BUGS)


def test_failed_and_waiting_environments_fire_their_alerts(
    cluster: Cluster,
    environments: Environments,
    stopped_engine: Engine,
    start_controller: StartController,
    prometheus: Prometheus,
) -> None:
    served, shared = address(), SharedConfig(cluster)
    start_controller(metrics_address=served)
    prometheus.start([served])
    is_scraped(prometheus)
    for number in range(3):
        environments.create(f"kube-{number}").stalled("NamespaceProtected")
    # No engine runs, so nothing is ever deployed. Later it waits no more, for TronadorConfig makes it fail.
    environments.create("waiting")
    prometheus.fires("TronadorEnvironmentStuck")
    document = json.dumps(manifest(environments.named(cluster.name("deep")).name, values="VALUES"))
    texts.create(cluster, ENVIRONMENTS, document.replace('"VALUES"', nested(TOO_DEEP)))
    shared.apply([{"apiVersion": "example.com/v1", "kind": "Unheard", "metadata": {"name": "x"}}])
    prometheus.fires(*(name for name in WAITING if name != "TronadorEnvironmentStuck"))
    assert not {*HELD, *API, *SLOW, *BUGS} & prometheus.firing().keys()


def test_interference_with_environments_fires_its_alerts(
    cluster: Cluster,
    environments: Environments,
    engine: Engine,
    start_controller: StartController,
    prometheus: Prometheus,
) -> None:
    served = address()
    start_controller(metrics_address=served)
    prometheus.start([served])
    contested = environments.create("contested", spec={"namespaceLabels": {"team": "gabbar"}})
    held = environments.create("held")
    for environment in (contested, held):
        environment.deployed()
    with holding(cluster, held):
        held.delete()
        with opposing(cluster, contested.name):
            prometheus.fires(*HELD)
    held.gone()
    prometheus.is_silent("TronadorTeardownBlocked", "TronadorTeardownStuck")
    assert not {*WAITING, *API, *SLOW, *BUGS} & set(prometheus.ever_fired())


@contextmanager
def holding(cluster: Cluster, environment: Environment) -> Iterator[None]:
    """A ConfigMap in its namespace that somebody's finalizer holds."""
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "held", "finalizers": [HOLDER]}}
    cluster.client.create(CONFIG_MAPS, body, namespace=environment.name)
    try:
        yield
        assert condition(environment.get(), "TeardownBlocked")
    finally:
        cluster.client.patch(CONFIG_MAPS, "held", {"metadata": {"finalizers": None}}, namespace=environment.name)


@contextmanager
def behind_proxy(cluster: Cluster, folder: Path, prometheus: Prometheus, **options: Any) -> Iterator[FaultProxy]:
    """A controller that is scraped, and whose way to the API server may be disturbed."""
    served = address()
    with proxied(cluster.controller_kubeconfig, folder) as (proxy, through):
        controller = ThreadedController(through, metrics_address=served, **options)
        controller.start()
        try:
            prometheus.start([served])
            is_scraped(prometheus)
            yield proxy
            proxy.set_rules()
        finally:
            controller.stop()


def test_trouble_with_the_api_server_fires_its_alerts(
    cluster: Cluster, environments: Environments, engine: Engine, prometheus: Prometheus, tmp_path: Path
) -> None:
    with behind_proxy(cluster, tmp_path, prometheus) as proxy:
        for number in range(3):
            environments.create(f"pr-{number}").deployed()
        assert prometheus.ever_fired() == []
        throttled = Rule(fault=Answer(code=429, retry_after=1), percent=50, match=Match(methods=WRITES))
        proxy.set_rules(throttled, Rule(fault=Answer(code=503), percent=50, match=Match(methods=WRITES)))
        for number in range(3, 8):
            environments.create(f"pr-{number}")
        prometheus.fires(*API[:3])
        proxy.set_rules(Rule(fault=Answer(code=503), match=Match(methods=("GET",), path="/namespaces$")))
        proxy.drop_watches(Match(path="/namespaces$"))
        prometheus.fires("TronadorCacheOutOfDate")
        proxy.set_rules()
        prometheus.is_silent(*API)


def test_a_slow_api_server_fires_its_alerts(
    cluster: Cluster, environments: Environments, engine: Engine, prometheus: Prometheus, tmp_path: Path
) -> None:
    with behind_proxy(cluster, tmp_path, prometheus, workers=1) as proxy:
        proxy.set_rules(Rule(fault=Latency(seconds=3.0), match=Match(methods=WRITES)))
        for number in range(20):
            environments.create(f"pr-{number}")
        prometheus.fires(*SLOW)
        assert not {*API, *BUGS, *HELD} & prometheus.firing().keys()


def test_slow_deployments_fire_their_alerts(
    environments: Environments, stopped_engine: Engine, start_controller: StartController, prometheus: Prometheus
) -> None:
    served = address()
    stopped_engine.start(seconds={"install": 3.0})
    start_controller(metrics_address=served)
    prometheus.start([served])
    is_scraped(prometheus)
    for environment in [environments.create(f"pr-{number}") for number in range(12)]:
        environment.deployed(60)
    prometheus.fires(*LATE)
    severities = {alert["metric"]["severity"] for alert in prometheus.query('ALERTS{alertstate="firing"}')}
    assert severities >= {"critical", "warning"}


def test_faults_of_the_reporter_fire_its_alerts(
    cluster: Cluster, environments: Environments, prometheus: Prometheus, tmp_path: Path
) -> None:
    forge, served = Forge(), address()
    forge.add_repository("acme/shop")
    forge.open_pull("acme/shop", 74, sha="a" * 40)
    forge.add_token("secret")
    with ForgeServer(forge=forge) as server, proxied(cluster.kubeconfig, tmp_path) as (proxy, through):
        folder = credentials(tmp_path / "credentials", token="secret", api=f"{server.url}/api/v3")
        proxy.set_rules(Rule(fault=Answer(code=503), match=Match(path="/leases")))
        options = {"metrics_address": served, **ELECTION}
        reporter = ThreadedReporter(through, prefix="github.com/acme", folder=folder, **options)
        reporter.start(wait=False)
        try:
            prometheus.start([served], job=REPORTER)
            is_scraped(prometheus, REPORTER)
            prometheus.fires("TronadorReportNoLeader")
            proxy.set_rules()
            prometheus.is_silent("TronadorReportNoLeader")
            facts = {"repository": "github.com/acme/shop", "pull-request": "74", "commit": "a" * 40}
            document = manifest("shop-74")
            document["metadata"]["annotations"] = {f"tronador.stakater.com/{key}": facts[key] for key in facts}
            environment = environments.apply(document)
            eventually(lambda: forge.comments("acme/shop", 74), "the pull request shows the environment")
            assert not set(REPORT) & set(prometheus.ever_fired())

            forge.set_faults([ForgeFault(times=FOR_EVER, answer=ForgeAnswer(status=503))])
            environment.patch_release(values=tag("two"))
            environment.delete()
            prometheus.fires("TronadorReportUnreachable", "TronadorReportLate")
            assert "TronadorReportUnauthorized" not in prometheus.ever_fired()
            forge.set_faults([])
            prometheus.is_silent(*REPORT)

            forge.revoke_token("secret")
            environments.apply(document)
            prometheus.fires("TronadorReportUnauthorized")
            forge.add_token("secret")
            prometheus.is_silent(*REPORT)
        finally:
            reporter.stop()
        prometheus.fires("TronadorReportDown")
