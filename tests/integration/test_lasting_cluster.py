"""The tests' own conduct on a cluster that outlives them: nothing stays behind, and its requests can be counted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from controller.api import flux
from controller.api.environment import ENVIRONMENTS
from controller.api.rbac import RBAC_GROUP
from controller.api.tronador_config import TRONADOR_CONFIGS
from controller.apimachinery.errors import NotFound
from controller.apimachinery.resources import CONFIG_MAPS, NAMESPACES, SECRETS, Resource
from controller.app.options import Options
from controller.client import Client, PatchType
from controller.client.config import load
from hack.localcluster import LocalCluster
from hack.standins import crds
from tests.integration.support.clusters import DEFINITIONS, Cluster, config_definition, environment_definition
from tests.integration.support.environments import manifest
from tests.integration.support.waiting import eventually

OWN = Options().namespace
HELD = {"finalizers": ["example.com/holder"]}
CLUSTER_ROLES = Resource(RBAC_GROUP, "v1", "clusterroles", "ClusterRole", namespaced=False)
CLUSTER_BINDINGS = Resource(RBAC_GROUP, "v1", "clusterrolebindings", "ClusterRoleBinding", namespaced=False)
_ADMISSION = "admissionregistration.k8s.io"
POLICIES = Resource(_ADMISSION, "v1", "validatingadmissionpolicies", "ValidatingAdmissionPolicy", namespaced=False)
LASTING = (NAMESPACES, DEFINITIONS, CLUSTER_ROLES, CLUSTER_BINDINGS, POLICIES, SECRETS, CONFIG_MAPS)


@pytest.fixture
def lasting() -> Iterator[LocalCluster]:
    """A cluster that is there before a test and after it, as a real one is."""
    with LocalCluster() as cluster:
        yield cluster


def connect(cluster: LocalCluster, stack: ExitStack) -> Cluster:
    """What tests get who know nothing but a kubeconfig."""
    return Cluster(kubeconfig=cluster.kubeconfig, local=None, stack=stack)


def content(cluster: LocalCluster) -> set[tuple[str, str, str]]:
    """Everything in it that nothing else would remove."""
    client = Client(connection=load(kubeconfig=str(cluster.kubeconfig)))
    found: set[tuple[str, str, str]] = set()
    for resource in (*LASTING, TRONADOR_CONFIGS, ENVIRONMENTS):
        try:
            items = client.list(resource)["items"]
        except NotFound:
            continue
        found |= {(resource.plural, one["metadata"].get("namespace", ""), one["metadata"]["name"]) for one in items}
    client.close()
    return found


def litter(cluster: Cluster) -> None:
    """Leave everything that a test may leave which fails at its worst moment."""
    for definition in (environment_definition(), config_definition(), *crds.definitions(crds.FLUX)):
        cluster.install(definition)
    client, name = cluster.client, cluster.name("pr-74")
    environment = manifest(name)
    environment["metadata"] |= HELD
    client.create(ENVIRONMENTS, environment)
    cluster.create_namespace(name)
    release: dict[str, Any] = {"metadata": {"name": "r", "finalizers": ["finalizers.fluxcd.io"]}, "spec": SPEC}
    client.create(flux.HELM_RELEASES, typed(flux.HELM_RELEASES, release), namespace=name)
    client.create(CONFIG_MAPS, typed(CONFIG_MAPS, {"metadata": {"name": "c", **HELD}}), namespace=name)
    client.patch(NAMESPACES, name, {"metadata": HELD})
    client.create(SECRETS, typed(SECRETS, {"metadata": {"name": "s"}}), namespace=OWN)
    config = typed(TRONADOR_CONFIGS, {"metadata": {"name": "tronador-config"}})
    client.create(TRONADOR_CONFIGS, config, namespace=OWN)
    cluster.put(CLUSTER_ROLES, typed(CLUSTER_ROLES, {"metadata": {"name": "more"}}))


SPEC = {"interval": "1m", "chart": {"spec": {"chart": "x", "sourceRef": {"kind": "GitRepository", "name": "x"}}}}


def typed(resource: Resource, body: dict[str, Any]) -> dict[str, Any]:
    """The body with its kind."""
    return {"apiVersion": resource.api_version, "kind": resource.kind, **body}


def test_everything_that_a_test_creates_is_deleted(lasting: LocalCluster) -> None:
    before = content(lasting)
    with ExitStack() as stack:
        litter(connect(lasting, stack))
        assert content(lasting) > before
    eventually(lambda: content(lasting) == before, lambda: f"left behind: {content(lasting) ^ before}")


def test_objects_from_before_the_test_are_kept(lasting: LocalCluster) -> None:
    with ExitStack() as session:
        first = connect(lasting, session)
        first.install(environment_definition())
        first.client.create(SECRETS, typed(SECRETS, {"metadata": {"name": "theirs"}}), namespace=OWN)
        before = content(lasting)
        with ExitStack() as stack:
            second = connect(lasting, stack)
            litter(second)
            second.track("kube-system")
        eventually(lambda: content(lasting) == before, lambda: f"left behind: {content(lasting) ^ before}")


def test_two_tests_use_different_names(lasting: LocalCluster) -> None:
    with ExitStack() as stack:
        one, other = connect(lasting, stack), connect(lasting, stack)
        assert one.name("pr-74") != other.name("pr-74")
        assert one.beginning != other.beginning


def test_the_requests_of_the_controller_are_recorded_as_the_server_would(lasting: LocalCluster, tmp_path: Path) -> None:
    with ExitStack() as stack:
        cluster = connect(lasting, stack)
        client = Client(connection=load(kubeconfig=str(cluster.controller_kubeconfig)), user_agent="tronador")
        body = typed(NAMESPACES, {"metadata": {"name": cluster.name("pr-74")}})
        client.create(NAMESPACES, body)
        client.patch(NAMESPACES, cluster.name("pr-74"), body, patch_type=PatchType.APPLY, force=True)
        with pytest.raises(NotFound):
            client.get(NAMESPACES, "missing")
        client.list(NAMESPACES)
        client.close()

        def seen(entries: list[Any]) -> list[tuple[Any, ...]]:
            return [
                (e.verb, e.path, e.group, e.resource, e.subresource, e.namespace, e.name, e.code, e.body)
                for e in entries
                if e.user_agent == "tronador"
            ]

        assert len(seen(cluster.audit.entries())) == 4
        assert seen(cluster.audit.entries()) == seen(lasting.audit.entries())
