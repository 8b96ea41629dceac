"""manifests/policies as a real API server enforces them: what they are against is refused, and all else passes.

Nothing is written where a dry run shows the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from controller.api import flux
from controller.api.environment import ADOPT_ANNOTATION, ADOPTED_ANNOTATION, ENVIRONMENT_LABEL
from controller.api.helm_operator import HELM_RELEASES
from controller.api.rbac import ENVIRONMENT_BINDING, ENVIRONMENT_ROLE, RBAC_GROUP, ROLE_BINDINGS
from controller.apimachinery.errors import Forbidden
from controller.apimachinery.resources import NAMESPACES, Resource
from controller.client import Client, PatchType
from hack.paths import MANIFESTS
from hack.yamlfiles import documents
from tests.integration.support.clusters import CONFIG_MAPS, Cluster
from tests.integration.support.waiting import eventually
from tests.real.support.accounts import as_user, binding, make_account

CLUSTER_ROLE_BINDINGS = Resource(RBAC_GROUP, "v1", "clusterrolebindings", "ClusterRoleBinding", namespaced=False)
OBJECTS_OF_ENGINES = (HELM_RELEASES, flux.HELM_RELEASES, flux.GIT_REPOSITORIES)


def messages(policy: str) -> list[str]:
    """What a policy of manifests/policies says to those whom it refuses."""
    files = sorted((MANIFESTS / "policies").glob("*.yaml"))
    found = [document for file in files for document in documents(file) if document.get("metadata")]
    spec = next(d["spec"] for d in found if d["metadata"]["name"] == policy and "validations" in d["spec"])
    return [validation["message"].strip() for validation in spec["validations"]]


def refused(policy: str, write: Callable[[], object], *, why: int = 0) -> bool:
    """Whether the policy refuses a write with its message number `why`. Raises for a refusal by anybody else."""
    try:
        write()
    except Forbidden as error:
        if error.by_admission and policy in error.message and messages(policy)[why] in error.message:
            return True
        raise
    return False


def tried(
    client: Client, resource: Resource, name: str, body: Mapping[str, Any], namespace: str = ""
) -> Callable[[], object]:
    """A change without consequences: server-side apply, which also creates, as a dry run."""
    whole = {"apiVersion": resource.api_version, "kind": resource.kind, **body}
    whole["metadata"] = {"name": name, **({"namespace": namespace} if namespace else {}), **body.get("metadata", {})}
    return partial(
        client.patch, resource, name, whole, namespace=namespace, patch_type=PatchType.APPLY, force=True, dry_run=True
    )


def ours(namespace: str) -> dict[str, Any]:
    """The controller's own RoleBinding in a namespace."""
    account = {"account": "tronador-controller", "account_namespace": "tronador-system"}
    return binding(namespace, ENVIRONMENT_BINDING, role=ENVIRONMENT_ROLE, **account)


def bind(client: Client, namespace: str) -> Callable[[], object]:
    """The attempt to make the controller's own RoleBinding in a namespace."""
    return tried(client, ROLE_BINDINGS, ENVIRONMENT_BINDING, ours(namespace), namespace)


def relabel(client: Client, namespace: str, **metadata: Any) -> Callable[[], object]:
    """The attempt to change the metadata of a namespace."""
    return partial(client.patch, NAMESPACES, namespace, {"metadata": metadata}, dry_run=True)


@pytest.fixture
def theirs(cluster: Cluster) -> str:
    """A namespace of another team."""
    name = cluster.name("theirs")
    cluster.create_namespace(name, labels={"owner": "somebody"})
    return name


@pytest.fixture
def environment(cluster: Cluster) -> str:
    """A namespace that the controller made."""
    name = cluster.name("ours")
    cluster.create_namespace(name, labels={ENVIRONMENT_LABEL: name})
    return name


@pytest.fixture
def chart(both_engines: Cluster, environment: str, tmp_path: Path) -> Iterator[Client]:
    """The account of a chart, to which somebody gave all rights in its environment."""
    kubeconfig = make_account(both_engines, environment, "chart", role="cluster-admin", folder=tmp_path)
    with as_user(kubeconfig) as client:
        ready = tried(client, CONFIG_MAPS, "anything", {}, environment)
        eventually(lambda: passes(ready), "the account has its rights")
        yield client


def passes(write: Callable[[], object]) -> bool:
    """Whether a write is not forbidden."""
    try:
        write()
    except Forbidden:
        return False
    return True


def test_the_controller_may_write_bindings_only_in_environments(
    cluster: Cluster, us: Client, theirs: str, environment: str
) -> None:
    eventually(lambda: refused("tronador-rolebindings", bind(us, theirs)), "the policy is enforced")
    bind(us, environment)()
    bind(cluster.client, theirs)()


def test_a_label_with_the_name_of_another_environment_gives_no_right_to_bind(
    cluster: Cluster, us: Client, environment: str, theirs: str
) -> None:
    cluster.client.patch(NAMESPACES, theirs, {"metadata": {"labels": {ENVIRONMENT_LABEL: environment}}})
    eventually(lambda: refused("tronador-rolebindings", bind(us, theirs)), "the policy is enforced")
    cluster.client.patch(NAMESPACES, theirs, {"metadata": {"labels": {ENVIRONMENT_LABEL: theirs}}})
    eventually(lambda: passes(bind(us, theirs)), "the right label is enough")


def test_the_controller_may_not_delete_bindings_of_other_namespaces(
    cluster: Cluster, us: Client, theirs: str, environment: str
) -> None:
    for namespace in (theirs, environment):
        cluster.client.create(ROLE_BINDINGS, ours(namespace), namespace=namespace)
    eventually(lambda: refused("tronador-rolebindings", bind(us, theirs)), "the policy is enforced")
    delete = partial(us.delete, ROLE_BINDINGS, ENVIRONMENT_BINDING)
    assert refused("tronador-rolebindings", partial(delete, namespace=theirs))
    delete(namespace=environment)
    assert cluster.get(ROLE_BINDINGS, ENVIRONMENT_BINDING, environment) is None


def test_the_controller_may_change_only_environments_and_offered_namespaces(
    cluster: Cluster, us: Client, theirs: str, environment: str
) -> None:
    takes = relabel(us, theirs, labels={ENVIRONMENT_LABEL: theirs})
    eventually(lambda: refused("tronador-namespaces", takes), "the policy is enforced")
    assert refused("tronador-namespaces", relabel(us, theirs, annotations={ADOPT_ANNOTATION: theirs}))
    relabel(us, environment, labels={"team": "gabbar"})()
    relabel(cluster.client, theirs, labels={"team": "gabbar"})()

    offer = {"metadata": {"annotations": {ADOPT_ANNOTATION: environment}}}
    cluster.client.patch(NAMESPACES, theirs, offer)
    assert refused("tronador-namespaces", takes)
    offer["metadata"]["annotations"][ADOPT_ANNOTATION] = theirs
    cluster.client.patch(NAMESPACES, theirs, offer)
    takes()


@pytest.mark.parametrize("annotation", [ADOPT_ANNOTATION, ADOPTED_ANNOTATION])
def test_the_controller_may_not_delete_an_adopted_namespace(
    cluster: Cluster, us: Client, theirs: str, environment: str, annotation: str
) -> None:
    eventually(lambda: refused("tronador-namespaces", relabel(us, theirs, labels={})), "the policy is enforced")
    cluster.client.patch(NAMESPACES, environment, {"metadata": {"annotations": {annotation: environment}}})
    delete = partial(us.delete, NAMESPACES, environment)
    assert refused("tronador-namespaces", delete, why=1)
    cluster.client.patch(NAMESPACES, environment, {"metadata": {"annotations": {annotation: None}}})
    delete()
    eventually(lambda: cluster.get(NAMESPACES, environment) is None, "it is gone")


def test_the_controller_may_not_delete_a_namespace_of_others(cluster: Cluster, us: Client, theirs: str) -> None:
    eventually(lambda: refused("tronador-namespaces", relabel(us, theirs, labels={})), "the policy is enforced")
    assert refused("tronador-namespaces", partial(us.delete, NAMESPACES, theirs), why=1)
    cluster.client.delete(NAMESPACES, theirs)


@pytest.mark.parametrize("resource", OBJECTS_OF_ENGINES, ids=str)
def test_an_account_of_an_environment_writes_no_object_of_an_engine(
    both_engines: Cluster, us: Client, chart: Client, environment: str, resource: Resource
) -> None:
    body = {"spec": _SPECS[resource]}
    nested = tried(chart, resource, "nested", body, environment)
    eventually(lambda: refused("tronador-no-nested-flux", nested), "the policy is enforced")
    tried(both_engines.client, resource, "nested", body, environment)()
    tried(us, resource, "nested", body, environment)()

    both_engines.client.create(resource, _object(resource, body), namespace=environment)
    changed = partial(chart.patch, resource, "nested", namespace=environment, dry_run=True)
    assert refused("tronador-no-nested-flux", partial(changed, {"metadata": {"labels": {"a": "b"}}}))
    assert refused("tronador-no-nested-flux", partial(changed, {"status": {}}, subresource="status"))
    assert refused("tronador-no-nested-flux", partial(chart.delete, resource, "nested", namespace=environment))
    us.delete(resource, "nested", namespace=environment)


def test_the_accounts_of_other_namespaces_may_write_objects_of_flux(
    both_engines: Cluster, chart: Client, environment: str, theirs: str, tmp_path: Path
) -> None:
    nested = tried(chart, flux.HELM_RELEASES, "nested", {"spec": _SPECS[flux.HELM_RELEASES]}, environment)
    eventually(lambda: refused("tronador-no-nested-flux", nested), "the policy is enforced")
    kubeconfig = make_account(both_engines, theirs, "chart", role="cluster-admin", folder=tmp_path)
    with as_user(kubeconfig) as client:
        own = tried(client, flux.HELM_RELEASES, "nested", {"spec": _SPECS[flux.HELM_RELEASES]}, theirs)
        eventually(lambda: passes(own), "it may in its own namespace, because that belongs to another team")


@pytest.mark.parametrize(
    ("resource", "name", "namespace"),
    [
        (CLUSTER_ROLE_BINDINGS, "tronador-controller", ""),
        (ROLE_BINDINGS, "tronador-controller-events", "default"),
    ],
)
def test_a_second_installation_cannot_take_the_bindings_of_the_first(
    cluster: Cluster, theirs: str, resource: Resource, name: str, namespace: str
) -> None:
    there = cluster.client.get(resource, name, namespace=namespace)
    [subject] = there["subjects"]
    change = partial(cluster.client.patch, resource, name, namespace=namespace, dry_run=True)
    takes = partial(change, {"subjects": [{**subject, "namespace": theirs}]})
    eventually(lambda: refused("tronador-installations", takes), "the policy is enforced")
    assert refused("tronador-installations", partial(change, {"subjects": [subject, {**subject, "namespace": theirs}]}))
    assert refused("tronador-installations", partial(change, {"subjects": []}))
    change({"subjects": [subject], "metadata": {"labels": {"a": "b"}}})


def test_bindings_of_the_same_name_elsewhere_may_change(cluster: Cluster, theirs: str) -> None:
    name = "tronador-controller-events"
    made = binding(theirs, name, role="view", account="default")
    cluster.client.create(ROLE_BINDINGS, made, namespace=theirs)
    made["subjects"][0]["namespace"] = "default"
    cluster.client.patch(ROLE_BINDINGS, name, {"subjects": made["subjects"]}, namespace=theirs)


_SOURCE = {"kind": "GitRepository", "name": "nested"}
_SPECS: dict[Resource, dict[str, Any]] = {
    HELM_RELEASES: {"chart": {"git": "https://example.com/nested", "ref": "main", "path": "deploy"}},
    flux.HELM_RELEASES: {"interval": "1m", "chart": {"spec": {"chart": "deploy", "sourceRef": _SOURCE}}},
    flux.GIT_REPOSITORIES: {"interval": "1m", "url": "https://example.com/nested"},
}


def _object(resource: Resource, body: Mapping[str, Any]) -> dict[str, Any]:
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": {"name": "nested"}, **body}
