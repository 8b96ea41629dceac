"""Charts that try to leave their environment through Flux. The API server refuses them, and the status says so.

Flux's own roles are installed: with them, an account that may edit a namespace may write Flux's kinds in it.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from controller.api import flux
from controller.api.rbac import RBAC_GROUP, ROLE_BINDINGS
from controller.apimachinery.resources import NAMESPACES, Resource
from hack.samples import Repo
from tests.integration.support.clusters import CONFIG_MAPS, DEFINITIONS, Cluster
from tests.integration.support.environments import GIT_URL, Environments
from tests.integration.support.fixtures import MakeInstaller, StartController
from tests.integration.support.history import History

CLUSTER_ROLES = Resource(RBAC_GROUP, "v1", "clusterroles", "ClusterRole", namespaced=False)
CLUSTER_ROLE_BINDINGS = Resource(RBAC_GROUP, "v1", "clusterrolebindings", "ClusterRoleBinding", namespaced=False)
ROLES = Resource(RBAC_GROUP, "v1", "roles", "Role", namespaced=True)
KUSTOMIZATIONS = Resource("kustomize.toolkit.fluxcd.io", "v1", "kustomizations", "Kustomization", namespaced=True)


@dataclass(frozen=True, slots=True)
class Loot:
    """What a chart tries to make: an object of `resource` called "loot", in its own namespace or `elsewhere`."""

    resource: Resource
    body: str = ""
    elsewhere: bool = False

    def template(self, victim: str) -> str:
        """Its manifest; `victim` is the namespace of another team."""
        where = f"\n  namespace: {victim}" if self.elsewhere else ""
        head = f"apiVersion: {self.resource.api_version}\nkind: {self.resource.kind}\nmetadata:\n  name: loot{where}\n"
        return head + textwrap.dedent(self.body)


_TO_CLUSTER_ADMIN = """\
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
    subjects: [{kind: ServiceAccount, name: tronador-release, namespace: default}]
    """
_OF_GIT = "{kind: GitRepository, name: loot}"
CHARTS: Mapping[str, Loot] = {
    "cluster-role": Loot(CLUSTER_ROLES, 'rules: [{apiGroups: [""], resources: [secrets], verbs: [get]}]'),
    "cluster-role-binding": Loot(CLUSTER_ROLE_BINDINGS, _TO_CLUSTER_ADMIN),
    "binding-to-cluster-admin": Loot(ROLE_BINDINGS, _TO_CLUSTER_ADMIN),
    "role-with-more": Loot(
        ROLES, f"rules: [{{apiGroups: [{flux.HELM_RELEASES.group}], resources: ['*'], verbs: ['*']}}]"
    ),
    "namespace": Loot(NAMESPACES),
    "in-another-namespace": Loot(CONFIG_MAPS, elsewhere=True),
    "helm-release": Loot(
        flux.HELM_RELEASES, f"spec: {{interval: 1m, chart: {{spec: {{chart: deploy, sourceRef: {_OF_GIT}}}}}}}"
    ),
    "git-repository": Loot(flux.GIT_REPOSITORIES, f"spec: {{interval: 1m, url: {GIT_URL}}}"),
    "kustomization": Loot(KUSTOMIZATIONS, f"spec: {{interval: 1m, prune: true, path: ./, sourceRef: {_OF_GIT}}}"),
}


@pytest.fixture
def history(both_engines: Cluster) -> Iterator[History]:
    """Every version of Flux's HelmReleases from now on."""
    client = both_engines.connect("tests-history")
    with History(client, flux.HELM_RELEASES) as history:
        yield history
    client.close()


@pytest.fixture
def cluster_with_flux(both_engines: Cluster) -> Cluster:
    """Both engines' kinds and Flux's own roles."""
    both_engines.install(_kustomizations())
    for role in _roles_of_flux():
        both_engines.put(CLUSTER_ROLES, role)
    for loot in CHARTS.values():
        if not loot.resource.namespaced:
            both_engines.will_remove(loot.resource, "loot")
    return both_engines


@pytest.mark.slow
def test_a_chart_cannot_create_anything_that_leaves_its_environment(
    cluster_with_flux: Cluster,
    environments: Environments,
    make_installer: MakeInstaller,
    repository: Repo,
    start_controller: StartController,
    history: History,
) -> None:
    make_installer("flux").start()
    # Helm cannot delete either what it was not allowed to make, so such a release is given up after a while.
    start_controller(release_engine="flux", teardown_timeout=1.0)
    main = repository.branch()
    victim = cluster_with_flux.name("another-team")
    cluster_with_flux.create_namespace(victim)
    made = {}
    for name, loot in CHARTS.items():
        files = {f"deploy/templates/{other}.yaml": None for other in [*made][-1:]}
        repository.commit(f"Try {name}", {**files, f"deploy/templates/{name}.yaml": loot.template(victim)}, branch=name)
        made[name] = environments.create(name, chart={"git": GIT_URL, "path": "deploy", "ref": name})
    harmless = environments.create("harmless", chart={"git": GIT_URL, "path": "deploy", "ref": main})

    harmless.deployed()
    for name, environment in made.items():
        loot = CHARTS[name]
        environment.failed()
        # Flux says so once, and then that its own uninstall was refused as well.
        said = ("is forbidden", loot.resource.plural, f"system:serviceaccount:{environment.name}:tronador-release")
        history.until(
            flux.HELM_RELEASES,
            lambda version, environment=environment, said=said: (
                version.obj["metadata"]["namespace"] == environment.name
                and all(words in json.dumps(version.status) for words in said)
            ),
            f"{name} was refused as forbidden",
        )
        namespace = victim if loot.elsewhere else environment.name if loot.resource.namespaced else ""
        assert cluster_with_flux.get(loot.resource, "loot", namespace) is None, name
    for environment in (*made.values(), harmless):
        environment.delete()
    for environment in (*made.values(), harmless):
        environment.gone()


def _roles_of_flux() -> list[dict[str, Any]]:
    groups = [flux.HELM_RELEASES.group, flux.GIT_REPOSITORIES.group, KUSTOMIZATIONS.group]
    aggregate = "rbac.authorization.k8s.io/aggregate-to-"
    return [
        {
            "apiVersion": CLUSTER_ROLES.api_version,
            "kind": CLUSTER_ROLES.kind,
            "metadata": {"name": f"flux-{name}", "labels": {f"{aggregate}{role}": "true" for role in roles}},
            "rules": [{"apiGroups": groups, "resources": ["*"], "verbs": verbs}],
        }
        for name, roles, verbs in (("edit", ("admin", "edit"), ["*"]), ("view", ("view",), ["get", "list", "watch"]))
    ]


def _kustomizations() -> dict[str, Any]:
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    group, plural, kind = KUSTOMIZATIONS.group, KUSTOMIZATIONS.plural, KUSTOMIZATIONS.kind
    return {
        "apiVersion": DEFINITIONS.api_version,
        "kind": DEFINITIONS.kind,
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "names": {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"},
            "scope": "Namespaced",
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }
