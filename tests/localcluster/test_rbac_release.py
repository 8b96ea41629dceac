"""The role that a chart is installed with: all that charts commonly make, and no way out of the environment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from hack.localcluster import LocalCluster
from tests.kubectl import Kubectl
from tests.localcluster.rights import ACCOUNTS, RBAC, binding, cluster_role, made, role, rule
from tests.localcluster.samples import CRDS, NAMESPACES, namespace
from tests.localcluster.support import Api, kubeconfig_for

ROOT = Path(__file__).parents[2]
CHART = {"kind": "ServiceAccount", "name": "tronador-release", "namespace": "pr-74"}
AS_CHART = "--as=system:serviceaccount:pr-74:tronador-release"
FLUX = ("helm.toolkit.fluxcd.io", "kustomize.toolkit.fluxcd.io", "source.toolkit.fluxcd.io")


def with_flux_rights() -> list[dict[str, Any]]:
    """Install the ClusterRoles of Flux that add its kinds to `edit` and `view`."""
    edit = cluster_role("flux-edit", *(rule("*", "*", group) for group in FLUX))
    edit["metadata"]["labels"] = {
        "rbac.authorization.k8s.io/aggregate-to-admin": "true",
        "rbac.authorization.k8s.io/aggregate-to-edit": "true",
    }
    view = cluster_role("flux-view", *(rule("get list watch", "*", group) for group in FLUX))
    view["metadata"]["labels"] = {"rbac.authorization.k8s.io/aggregate-to-view": "true"}
    return [edit, view]


def definition(group: str, plural: str, kind: str) -> dict[str, Any]:
    """Return a CustomResourceDefinition of a kind without a fixed schema."""
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "names": {"kind": kind, "plural": plural},
            "scope": "Namespaced",
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }


KINDS = (
    ("helm.toolkit.fluxcd.io", "helmreleases", "HelmRelease"),
    ("kustomize.toolkit.fluxcd.io", "kustomizations", "Kustomization"),
    ("source.toolkit.fluxcd.io", "gitrepositories", "GitRepository"),
    ("helm.fluxcd.io", "helmreleases", "HelmRelease"),
)


@pytest.fixture
def installed(kubectl: Kubectl, api: Api) -> Kubectl:
    """kubectl on a cluster with our roles and Flux's, and an environment in which a release has its account."""
    kubectl("apply", "-k", str(ROOT / "manifests" / "crds"))
    kubectl("apply", "-k", str(ROOT / "manifests" / "rbac"))
    for group, plural, kind in KINDS:
        made(api.post(CRDS, definition(group, plural, kind)))
        api.until(f"/apis/{group}/v1", lambda answer: answer.code == 200)
    for body in with_flux_rights():
        kubectl("apply", "-f", "-", stdin=json.dumps(body))
    made(api.post(NAMESPACES, namespace("pr-74")))
    made(api.post(NAMESPACES, namespace("pr-75")))
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "tronador-release"}}
    made(api.post(ACCOUNTS.replace("default", "pr-74"), account))
    bound = binding("tronador-release", "ClusterRole/tronador-release", CHART)
    made(api.post(f"{RBAC}/namespaces/pr-74/rolebindings", bound))
    # The roles that Kubernetes composes have Flux's kinds by now; ours had the same time to take them in.
    api.until(f"{RBAC}/clusterroles/edit", lambda answer: FLUX[0] in json.dumps(answer.body["rules"]))
    api.until(f"{RBAC}/clusterroles/tronador-release", lambda answer: answer.body.get("rules"))
    return kubectl


@pytest.fixture
def chart(installed: Kubectl, local_cluster: LocalCluster) -> Iterator[Api]:
    """Requests as the chart's account."""
    kubeconfig = kubeconfig_for(local_cluster, "pr-74", "tronador-release")
    token = yaml.safe_load(kubeconfig.read_text())["users"][0]["user"]["token"]
    with Api(local_cluster, token=token) as caller:
        yield caller


QUESTIONS = {
    **dict.fromkeys(
        (
            "create deployments.apps -n pr-74",
            "patch services -n pr-74",
            "delete secrets -n pr-74",
            "create jobs.batch -n pr-74",
            "create ingresses.networking.k8s.io -n pr-74",
            "create persistentvolumeclaims -n pr-74",
            "create horizontalpodautoscalers.autoscaling -n pr-74",
            "create roles.rbac.authorization.k8s.io -n pr-74",
            "delete rolebindings.rbac.authorization.k8s.io -n pr-74",
            "get namespaces/pr-74 -n pr-74",
        ),
        True,
    ),
    **dict.fromkeys(
        (
            "create clusterroles.rbac.authorization.k8s.io -A",
            "create clusterrolebindings.rbac.authorization.k8s.io -A",
            "create customresourcedefinitions.apiextensions.k8s.io -A",
            "create namespaces -A",
            "patch namespaces/pr-74 -n pr-74",
            "list secrets -A",
            "get secrets -n pr-75",
            "create deployments.apps -n pr-75",
            "create helmreleases.helm.toolkit.fluxcd.io -n pr-74",
            "patch helmreleases.helm.toolkit.fluxcd.io -n pr-74",
            "create kustomizations.kustomize.toolkit.fluxcd.io -n pr-74",
            "create gitrepositories.source.toolkit.fluxcd.io -n pr-74",
            "create helmreleases.helm.fluxcd.io -n pr-74",
            "bind clusterroles.rbac.authorization.k8s.io -n pr-74",
            "escalate roles.rbac.authorization.k8s.io -n pr-74",
            "create resourcequotas -n pr-74",
            "create environmentprovisioners.tronador.stakater.com -A",
        ),
        False,
    ),
}


def test_a_chart_may_make_what_charts_make_and_nothing_that_leads_out(installed: Kubectl) -> None:
    answers = {q: installed.run("auth", "can-i", *q.split(), AS_CHART).stdout.startswith("yes") for q in QUESTIONS}

    assert answers == QUESTIONS


def test_accounts_with_the_role_edit_may_make_what_flux_applies(installed: Kubectl, api: Api) -> None:
    # Without this the answers about Flux's kinds would prove nothing.
    bound = binding("editor", "ClusterRole/edit", {**CHART, "name": "editor"})
    made(api.post(f"{RBAC}/namespaces/pr-74/rolebindings", bound))
    for group, plural, _ in KINDS[:3]:
        question = ("create", f"{plural}.{group}", "-n", "pr-74", "--as=system:serviceaccount:pr-74:editor")
        assert installed.run("auth", "can-i", *question).stdout.startswith("yes")


def test_a_chart_that_makes_a_cluster_role_is_refused(chart: Api) -> None:
    answer = chart.post(f"{RBAC}/clusterroles", cluster_role("mine", rule("get", "secrets")))

    assert answer.code == 403
    assert 'cannot create resource "clusterroles"' in answer.body["message"]


def test_a_chart_hands_out_what_it_has_and_no_more(chart: Api) -> None:
    roles, bindings = (f"{RBAC}/namespaces/pr-74/{plural}" for plural in ("roles", "rolebindings"))

    made(chart.post(roles, role("reader", rule("get list", "secrets"))))
    made(chart.post(bindings, binding("reader", "Role/reader", {**CHART, "name": "default"})))
    for group in FLUX:
        assert chart.post(roles, role("more", rule("create", "*", group))).code == 403
    for name in ("cluster-admin", "admin", "edit"):
        assert chart.post(bindings, binding("more", f"ClusterRole/{name}", CHART)).code == 403


def test_the_platform_team_opts_in_to_more_by_a_label(installed: Kubectl, api: Api) -> None:
    extra = cluster_role("charts-make-certificates", rule("create", "certificates", "cert-manager.io"))
    extra["metadata"]["labels"] = {"tronador.stakater.com/aggregate-to-release": "true"}
    installed("apply", "-f", "-", stdin=json.dumps(extra))
    api.until(
        f"{RBAC}/clusterroles/tronador-release", lambda answer: "cert-manager.io" in json.dumps(answer.body["rules"])
    )
    made(api.post(CRDS, definition("cert-manager.io", "certificates", "Certificate")))
    api.until("/apis/cert-manager.io/v1", lambda answer: answer.code == 200)
    for namespace_name, may in {"pr-74": "yes", "pr-75": "no"}.items():
        asked = installed.run("auth", "can-i", "create", "certificates.cert-manager.io", "-n", namespace_name, AS_CHART)
        assert asked.stdout.startswith(may)
