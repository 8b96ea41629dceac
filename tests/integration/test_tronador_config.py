"""TronadorConfig: what is shared reaches the environments that it is for, follows every change, and is taken back."""

from __future__ import annotations

import json
import urllib.request

import pytest

from controller.api import flux as flux_api
from controller.api.rbac import RBAC_GROUP, ROLE_BINDINGS
from controller.apimachinery.resources import CORE_EVENTS, SECRETS, SERVICE_ACCOUNTS, Resource
from controller.app.options import Options
from hack.localcluster import LocalCluster
from hack.standins import crds
from tests.integration.support import real_flux
from tests.integration.support.clusters import Cluster
from tests.integration.support.controllers import ThreadedController
from tests.integration.support.engines import DOUBLES, Engine
from tests.integration.support.environments import RELEASE, Environments, tag
from tests.integration.support.fixtures import StartController, StartProcess
from tests.integration.support.ports import free_address
from tests.integration.support.requests import Requests
from tests.integration.support.shared_config import OWN, SharedConfig, config_map, secret
from tests.integration.support.waiting import eventually

OTHER = {"git": "https://github.com/elsewhere/thing", "path": "deploy"}
ROLES = Resource(RBAC_GROUP, "v1", "roles", "Role", namespaced=True)
# Credentials are only for https.
LOCATION = "github.com/stakater-lab/stakater-nordmart-inventory"
MAPPED = {"git": f"https://{LOCATION}", "path": "deploy", "ref": RELEASE}


@pytest.fixture
def shared(cluster: Cluster) -> SharedConfig:
    return SharedConfig(cluster)


def _holds(shared: SharedConfig, namespace: str, name: str, content: object, *, kind: str = "ConfigMap") -> None:
    def expectation() -> str:
        return f"{namespace} holds {kind} {name}: {content}; it holds {shared.held(namespace, name, kind=kind)}"

    eventually(lambda: shared.held(namespace, name, kind=kind) == content, expectation)


def test_manifests_are_applied_updated_and_pruned_in_every_environment(
    environments: Environments, engine: Engine, controller: ThreadedController, shared: SharedConfig
) -> None:
    before = environments.create("before")
    before.deployed()
    shared.apply([config_map("proxy", url="one"), config_map("extra", a="b")])
    after = environments.create("after")
    after.deployed()
    for environment in (before, after):
        _holds(shared, environment.name, "proxy", {"url": "one"})
    shared.carried_by(2)
    assert shared.ready("True", "Accepted")

    shared.apply([config_map("proxy", url="two")])
    for environment in (before, after):
        _holds(shared, environment.name, "proxy", {"url": "two"})
        _holds(shared, environment.name, "extra", None)
    shared.remove()
    for environment in (before, after):
        _holds(shared, environment.name, "proxy", None)
        environment.deployed()


def test_resources_mapped_to_a_repository_reach_only_its_environments(
    cluster: Cluster, environments: Environments, engine: Engine, controller: ThreadedController, shared: SharedConfig
) -> None:
    shared.apply(
        mappings=[{"repos": [LOCATION], "authSecret": "git", "imagePullSecret": "registry"}],
        orgLevelSecrets={"imagePullSecret": "common"},
        secrets=[
            secret("git", username="bot", password="one"),
            secret("registry", token="two"),
            secret("common", token="three"),
        ],
    )
    mapped, other = environments.create("mapped", chart=MAPPED), environments.create("other", chart=OTHER)
    mapped.deployed()
    other.deployed()

    _holds(shared, mapped.name, "git", {"username": "bot", "password": "one"}, kind="Secret")
    release = mapped.helm_release()
    assert release is not None
    assert release["spec"]["chart"]["secretRef"] == {"name": "git"}
    account = cluster.client.get(SERVICE_ACCOUNTS, "default", namespace=mapped.name)
    assert {"name": "registry"} in account["imagePullSecrets"]

    _holds(shared, other.name, "common", {"token": "three"}, kind="Secret")
    assert [shared.held(other.name, name, kind="Secret") for name in ("git", "registry")] == [None, None]
    release = other.helm_release()
    assert release is not None
    assert "secretRef" not in release["spec"]["chart"]


def test_the_bare_name_of_a_mapped_repository_grants_nothing_on_another_host(
    environments: Environments, engine: Engine, controller: ThreadedController, shared: SharedConfig
) -> None:
    name = LOCATION.rpartition("/")[2]
    shared.apply(
        mappings=[{"repos": [name], "authSecret": "git"}], secrets=[secret("git", username="bot", password="one")]
    )
    thief = environments.create("thief", chart={"git": f"https://evil.example/{name}", "path": "deploy"})
    thief.deployed()

    assert shared.held(thief.name, "git", kind="Secret") is None
    assert "'git'" in thief.condition("ResourcesReady")["message"]
    release = thief.helm_release()
    assert release is not None
    assert "secretRef" not in release["spec"]["chart"]


def test_a_copy_follows_its_source_into_every_environment(
    environments: Environments, engine: Engine, controller: ThreadedController, shared: SharedConfig
) -> None:
    shared.apply(copySecrets=[{"name": "pull"}])
    first, second = environments.create("first"), environments.create("second")
    first.until(
        lambda obj: [c for c in obj["status"]["conditions"] if c["reason"] == "SecretMissing"], "the source is missed"
    )
    shared.put_secret("pull", token="one")
    for environment in (first, second):
        environment.deployed()
        _holds(shared, environment.name, "pull", {"token": "one"}, kind="Secret")
    shared.put_secret("pull", token="two")
    for environment in (first, second):
        _holds(shared, environment.name, "pull", {"token": "two"}, kind="Secret")


def test_a_change_touches_only_the_environments_that_it_concerns(
    environments: Environments,
    engine: Engine,
    controller: ThreadedController,
    shared: SharedConfig,
    requests: Requests,
) -> None:
    shared.apply(
        mappings=[{"repos": [LOCATION], "imagePullSecret": "registry"}], secrets=[secret("registry", token="one")]
    )
    mapped, other = environments.create("mapped", chart=MAPPED), environments.create("other", chart=OTHER)
    mapped.deployed()
    other.deployed()
    mark = requests.mark()

    shared.apply(
        mappings=[{"repos": [LOCATION], "imagePullSecret": "registry"}], secrets=[secret("registry", token="two")]
    )

    _holds(shared, mapped.name, "registry", {"token": "two"}, kind="Secret")
    assert [entry for entry in requests.all(mark) if entry.namespace == other.name] == []


def test_the_steady_state_causes_no_writes(
    environments: Environments,
    engine: Engine,
    start_controller: StartController,
    shared: SharedConfig,
    requests: Requests,
) -> None:
    shared.put_secret("pull", token="one")
    shared.apply(
        [config_map("proxy", url="one"), secret("shared", password="two")],
        copySecrets=[{"name": "pull"}],
        orgLevelSecrets={"imagePullSecret": "pull"},
    )
    first = start_controller()
    environment = environments.create()
    environment.deployed()
    shared.carried_by(1)
    first.stop()
    mark = requests.mark()

    start_controller(resync_period=0.2)
    eventually(lambda: requests.count("get", "configmaps", mark) >= 3, "it is looked at again and again")

    assert requests.order(mark) == []


def test_drift_is_repaired_at_the_next_reconcile(
    cluster: Cluster, environments: Environments, engine: Engine, controller: ThreadedController, shared: SharedConfig
) -> None:
    shared.apply([secret("shared", password="two")])
    shared.known()
    environment = environments.create()
    environment.deployed()
    cluster.client.patch(SECRETS, "shared", {"stringData": {"password": "theirs"}}, namespace=environment.name)

    environment.patch_release(values=tag("next"))

    _holds(shared, environment.name, "shared", {"password": "two"}, kind="Secret")


BAD = {
    "ClusterScopedKind": {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "mine"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": "pr-74"}],
    },
    "UnknownKind": {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "x"}},
    "InvalidSecretData": {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "plain"},
        "data": {"password": "hunter2!"},
    },
}


@pytest.mark.parametrize("reason", BAD)
def test_a_bad_manifest_is_reported_everywhere_and_nothing_is_applied(
    cluster: Cluster,
    environments: Environments,
    engine: Engine,
    controller: ThreadedController,
    shared: SharedConfig,
    requests: Requests,
    reason: str,
) -> None:
    shared.apply([config_map("good", a="b"), BAD[reason]])
    # Before: an environment that is deployed already would stay so.
    assert "resources.manifests[1]" in shared.ready("False", reason)["message"]
    environment = environments.create()
    assert "resources.manifests[1]" in environment.stalled(reason)["message"]
    assert shared.held(environment.name, "good") is None
    assert [line for line in requests.order() if "clusterrolebindings" in line] == []
    assert "hunter2" not in json.dumps([environment.get(), shared.read()["status"]])

    shared.apply([config_map("good", a="b")])

    environment.deployed()
    shared.ready("True", "Accepted")


@pytest.mark.slow
def test_an_unknown_kind_is_applied_once_it_is_installed(
    cluster: Cluster,
    environments: Environments,
    engine: Engine,
    start_controller: StartController,
    shared: SharedConfig,
) -> None:
    start_controller(recheck_interval=0.2)
    shared.apply([{"apiVersion": "example.com/v1", "kind": "Bucket", "metadata": {"name": "x"}}])
    shared.ready("False", "UnknownKind")
    environment = environments.create()
    environment.stalled("UnknownKind")

    cluster.install(
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": "buckets.example.com"},
            "spec": {
                "group": "example.com",
                "scope": "Namespaced",
                "names": {"plural": "buckets", "singular": "bucket", "kind": "Bucket", "listKind": "BucketList"},
                "versions": [
                    {
                        "name": "v1",
                        "served": True,
                        "storage": True,
                        "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
                    }
                ],
            },
        }
    )

    # Known now, it takes a right that the platform team has to give.
    assert "aggregate-to-environment" in environment.stalled("Forbidden")["message"]


@pytest.mark.parametrize("engine_name", ["helm-operator", "flux"])
def test_no_log_line_event_status_or_metric_shows_a_secret(
    cluster: Cluster,
    environments: Environments,
    start_process: StartProcess,
    shared: SharedConfig,
    engine_name: str,
) -> None:
    for definition in crds.definitions():
        cluster.install(definition)
    if engine_name == "flux" and cluster.real_flux is not None:
        real_flux.cannot("serve it charts over https, and credentials are only for https")
    engine = Engine(cluster, double=DOUBLES[engine_name])
    engine.start()
    address = free_address()
    process = start_process("--log-level=debug", release_engine=engine_name, metrics_address=address)
    shared.put_secret("pull", token="hunter2-copy")
    shared.apply(
        [secret("shared", password="hunter2-manifest"), config_map("proxy", url="one")],
        mappings=[{"repos": [LOCATION], "authSecret": "git"}],
        secrets=[secret("git", username="bot", password="hunter2-git")],
        copySecrets=[{"name": "pull"}],
        orgLevelSecrets={"imagePullSecret": "pull"},
    )
    environment = environments.create(chart=MAPPED)
    environment.deployed()
    _holds(shared, environment.name, "git", {"username": "bot", "password": "hunter2-git"}, kind="Secret")
    # Refused by the API server, whose words repeat what was sent.
    shared.apply([secret("shared", password="hunter2-manifest") | {"type": "kubernetes.io/tls"}])
    environment.resources("False", "Rejected")
    shared.apply([{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}, "data": {"password": "hunter2!"}}])
    environment.resources("False", "InvalidSecretData")
    shown = [environment.get(), environment.namespace(), environment.helm_release(), environment.events()]

    def metrics_that_count_it() -> str | None:
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
            text: str = answer.read().decode()
        return text if "tronador_environments_lacking_resources 1.0" in text else None

    metrics = eventually(metrics_that_count_it, "the environment is counted as one that lacks something")
    environment.delete()
    environment.gone()
    engine.close()

    shown += [cluster.list(CORE_EVENTS, "default"), shared.read()["status"]]
    assert "hunter2" not in process.output() + metrics + json.dumps(shown)


def _let_read(cluster: Cluster, namespace: str) -> None:
    """What the platform team grants in a namespace that releases may refer to."""
    metadata = {"name": "tronador-references", "namespace": namespace}
    rules = [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]
    account = {"kind": "ServiceAccount", "name": Options().environment.service_account, "namespace": OWN}
    role = {"apiGroup": RBAC_GROUP, "kind": "Role", "name": metadata["name"]}
    cluster.client.create(ROLES, {"metadata": metadata, "rules": rules}, namespace=namespace)
    cluster.client.create(
        ROLE_BINDINGS, {"metadata": metadata, "roleRef": role, "subjects": [account]}, namespace=namespace
    )


def test_flux_gets_a_current_copy_of_what_a_release_refers_to_elsewhere(
    both_engines: Cluster, environments: Environments, start_controller: StartController, shared: SharedConfig
) -> None:
    engine = Engine(both_engines, double=DOUBLES["flux"])
    engine.start()
    start_controller(release_engine="flux", allowed_reference_namespaces=("shared-*",), recheck_interval=0.2)
    elsewhere = both_engines.name("shared-values")
    both_engines.create_namespace(elsewhere)
    shared.put_secret("values", namespace=elsewhere, **{"values.yaml": "a: 1"})
    reference = {"secretKeyRef": {"name": "values", "namespace": elsewhere}}
    environment = environments.create(valuesFrom=[reference])
    assert elsewhere in environment.stalled("ReferenceForbidden")["message"]

    _let_read(both_engines, elsewhere)

    environment.deployed()
    release = both_engines.client.get(flux_api.HELM_RELEASES, RELEASE, namespace=environment.name)
    [source] = release["spec"]["valuesFrom"]
    _holds(shared, environment.name, source["name"], {"values.yaml": "a: 1"}, kind="Secret")
    shared.put_secret("values", namespace=elsewhere, **{"values.yaml": "a: 2"})
    _holds(shared, environment.name, source["name"], {"values.yaml": "a: 2"}, kind="Secret")
    engine.close()


@pytest.mark.slow
def test_a_change_is_applied_to_five_hundred_environments_in_turn(
    local: LocalCluster,
    environments: Environments,
    engine: Engine,
    controller: ThreadedController,
    shared: SharedConfig,
    requests: Requests,
) -> None:
    made = [environments.create(f"pr-{number}") for number in range(500)]
    for environment in made:
        environment.deployed(120)
    mark = requests.mark()
    shared.apply([config_map("proxy", url="one")])
    # An environment that changes meanwhile does not wait behind all of them.
    late = environments.create("late")
    late.deployed()
    assert sum(entry.resource == "configmaps" and entry.is_write for entry in requests.all(mark)) < len(made)
    for environment in made:
        _holds(shared, environment.name, "proxy", {"url": "one"})
    applied = [entry.time for entry in requests.all(mark) if entry.resource == "configmaps" and entry.is_write]
    assert max(applied) - min(applied) > 5, "they all came at once"
