"""What a TronadorConfig must not lead to: objects outside of environments, credentials for who only looks alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from controller.api import flux
from controller.api.rbac import RBAC_GROUP
from controller.api.tronador_config import CONFIG_NAME, TRONADOR_CONFIGS
from controller.apimachinery.resources import CONFIG_MAPS, SECRETS, Resource
from controller.app.options import Options
from tests.integration.support.clusters import DEFINITIONS, Cluster
from tests.integration.support.engines import DOUBLES, Engine
from tests.integration.support.environments import Environment, Environments, condition
from tests.integration.support.fixtures import StartController
from tests.integration.support.installers import RELEASES
from tests.integration.support.requests import Requests
from tests.integration.support.waiting import eventually

OURS = Options().namespace
BINDINGS = Resource(RBAC_GROUP, "v1", "clusterrolebindings", "ClusterRoleBinding", namespaced=False)
WIDGETS = Resource("tests.example.com", "v1", "clusterwidgets", "ClusterWidget", namespaced=False)
TO_CLUSTER_ADMIN = {
    "apiVersion": BINDINGS.api_version,
    "kind": BINDINGS.kind,
    "metadata": {"name": "loot"},
    "roleRef": {"apiGroup": RBAC_GROUP, "kind": "ClusterRole", "name": "cluster-admin"},
    "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": "pr-74"}],
}
# A kind that only discovery reports as cluster-scoped.
WIDGET = {"apiVersion": WIDGETS.api_version, "kind": WIDGETS.kind, "metadata": {"name": "loot", "namespace": "pr-74"}}
HARMLESS = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "harmless"}}


@pytest.fixture(params=DOUBLES)
def answering(request: pytest.FixtureRequest, both_engines: Cluster) -> Iterator[str]:
    """Each of the two engines in turn, answering at once."""
    engine = Engine(both_engines, double=DOUBLES[request.param])
    engine.start()
    yield request.param
    engine.close()


def configure(cluster: Cluster, **body: Any) -> None:
    """Create the TronadorConfig."""
    document = {
        "apiVersion": TRONADOR_CONFIGS.api_version,
        "kind": TRONADOR_CONFIGS.kind,
        "metadata": {"name": CONFIG_NAME, "namespace": OURS},
        **body,
    }
    cluster.client.create(TRONADOR_CONFIGS, document, namespace=OURS)


@pytest.mark.parametrize(("resource", "loot"), [(BINDINGS, TO_CLUSTER_ADMIN), (WIDGETS, WIDGET)])
def test_a_cluster_scoped_kind_is_an_error_and_prevents_the_whole_config(
    both_engines: Cluster,
    environments: Environments,
    answering: str,
    start_controller: StartController,
    requests: Requests,
    resource: Resource,
    loot: dict[str, Any],
) -> None:
    cluster = both_engines
    cluster.install(_widgets())
    cluster.will_remove(resource, "loot")
    configure(cluster, resources={"manifests": [HARMLESS, loot]})
    start_controller(release_engine=answering)
    environment = environments.create("pr-74")

    message = environment.stalled("ClusterScopedKind")["message"]
    assert loot["kind"] in message
    assert "resources.manifests[1]" in message

    def config_says() -> bool:
        found = cluster.client.get(TRONADOR_CONFIGS, CONFIG_NAME, namespace=OURS)
        return condition(found, "Ready").get("reason") == "ClusterScopedKind"

    eventually(config_says, "the TronadorConfig says so too")
    assert cluster.get(resource, "loot") is None
    assert cluster.get(CONFIG_MAPS, "harmless", environment.name) is None
    tried = {(entry.resource, entry.name) for entry in requests.writes()}
    assert not tried & {(resource.plural, "loot"), ("configmaps", "harmless")}

    body = {"resources": {"manifests": [HARMLESS]}}
    cluster.client.patch(TRONADOR_CONFIGS, CONFIG_NAME, body, namespace=OURS)
    environment.deployed()
    assert cluster.get(CONFIG_MAPS, "harmless", environment.name) is not None


# The repository that the credential is meant for, and those that would like to be taken for it.
PRIVATE = "https://github.com/stakater-lab/private-repo"
ALIKE = {
    "same-bare-name": "https://evil.example/private-repo",
    "same-path": "https://evil.example/stakater-lab/private-repo",
    "host-begins-alike": "https://github.com.evil.example/stakater-lab/private-repo",
    "another-port": "https://github.com:8443/stakater-lab/private-repo",
    "organisation-begins-alike": "https://github.com/stakater-labs/private-repo",
    "path-ends-alike": "https://github.com/evil/stakater-lab/private-repo",
    "by-ssh-elsewhere": "git@evil.example:stakater-lab/private-repo.git",
    "in-the-clear": "http://github.com/stakater-lab/private-repo",
}
MAPPED = {
    "mappings": [{"repos": ["private-repo"], "authSecret": "git-token"}],
    "secrets": [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "git-token"},
            "stringData": {"username": "bot", "password": "hunter2"},
        }
    ],
}
ORG_LEVEL = {**MAPPED, "mappings": [], "orgLevelSecrets": {"authSecret": "git-token"}}


@pytest.mark.parametrize("spec", [MAPPED, ORG_LEVEL], ids=["mapped by its bare name", "of every repository"])
def test_a_credential_is_only_for_its_repository_and_not_for_similar_names(
    both_engines: Cluster,
    environments: Environments,
    answering: str,
    start_controller: StartController,
    spec: dict[str, Any],
) -> None:
    cluster = both_engines
    configure(cluster, spec=spec)
    start_controller(release_engine=answering, credential_git_prefixes=("github.com/stakater-lab",))
    made = {name: _environment(environments, name, url) for name, url in {"private": PRIVATE, **ALIKE}.items()}
    for environment in made.values():
        _has_release(cluster, answering, environment)

    holders = {name for name, environment in made.items() if _has_token(cluster, environment)}
    assert holders == {"private"}
    named = {
        name
        for name, environment in made.items()
        if "git-token" in str(_objects_of(cluster, answering, environment.name))
    }
    assert named == {"private"}


def test_a_bare_name_without_prefixes_grants_no_access(
    both_engines: Cluster, environments: Environments, answering: str, start_controller: StartController
) -> None:
    configure(both_engines, spec=MAPPED)
    start_controller(release_engine=answering)
    environment = _environment(environments, "private", PRIVATE)
    _has_release(both_engines, answering, environment)

    assert not _has_token(both_engines, environment)


def _environment(environments: Environments, name: str, url: str) -> Environment:
    return environments.create(name, chart={"git": url, "path": "deploy", "ref": "main"})


def _has_release(cluster: Cluster, engine: str, environment: Environment) -> None:
    """Wait until it has its release, and what is shared with it. A real Flux never deploys these charts."""
    eventually(lambda: _objects_of(cluster, engine, environment.name), "the release is created")
    environment.resources("True", "Applied")


def _has_token(cluster: Cluster, environment: Environment) -> bool:
    return cluster.get(SECRETS, "git-token", environment.name) is not None


def _objects_of(cluster: Cluster, engine: str, namespace: str) -> list[dict[str, Any]]:
    resources = [RELEASES[engine], *([flux.GIT_REPOSITORIES] if engine == "flux" else [])]
    return [obj for resource in resources for obj in cluster.list(resource, namespace)]


def _widgets() -> dict[str, Any]:
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return {
        "apiVersion": DEFINITIONS.api_version,
        "kind": DEFINITIONS.kind,
        "metadata": {"name": f"{WIDGETS.plural}.{WIDGETS.group}"},
        "spec": {
            "group": WIDGETS.group,
            "names": {"kind": WIDGETS.kind, "plural": WIDGETS.plural, "singular": "clusterwidget"},
            "scope": "Cluster",
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }
