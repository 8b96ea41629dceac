"""Deleting HelmReleases: what their uninstall needs, what holds it up, and by which doors a release escapes it."""

from __future__ import annotations

import json

import pytest

from controller.apimachinery.resources import NAMESPACES, Resource
from hack.standins.flux.resources import GIT_REPOSITORIES, HELM_RELEASES, SERVICE_ACCOUNTS
from hack.standins.plays import DELAY, FAIL
from tests.standins.cluster_bed import CONFIG_MAPS, tag, until
from tests.standins.flux_bed import FluxBed, condition

V1 = "sh.helm.release.v1.run.v1"
ROLE_BINDINGS = Resource("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding", namespaced=True)
CLUSTER_ROLES = Resource("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", namespaced=False)


def test_the_finalizer_holds_a_release_until_it_is_uninstalled(flux_bed: FluxBed) -> None:
    flux_bed.create_source()
    flux_bed.create_release(annotations={DELAY: "uninstall=0.3"})
    with flux_bed.flux():
        flux_bed.ready()
        flux_bed.delete(HELM_RELEASES)
        until(lambda: flux_bed.storage() == {V1: "uninstalling"}, "the uninstall has begun")
        assert flux_bed.get(HELM_RELEASES)["metadata"]["deletionTimestamp"]
        flux_bed.gone(HELM_RELEASES)
        assert flux_bed.storage() == {}


def test_a_release_deleted_during_downtime_is_uninstalled_later(flux_bed: FluxBed) -> None:
    flux_bed.create_source()
    flux_bed.create_release()
    with flux_bed.flux():
        flux_bed.ready()
    flux_bed.delete(HELM_RELEASES)
    assert flux_bed.storage() == {V1: "deployed"}
    with flux_bed.flux():
        flux_bed.gone(HELM_RELEASES)
        assert flux_bed.storage() == {}


def test_deleted_while_it_is_installed_it_waits_for_the_end(flux_bed: FluxBed) -> None:
    flux_bed.create_source()
    flux_bed.create_release(annotations={DELAY: "install=0.5"})
    with flux_bed.flux():
        until(lambda: flux_bed.storage() == {V1: "pending-install"}, "the installation has begun")
        flux_bed.delete(HELM_RELEASES)
        flux_bed.gone(HELM_RELEASES)
        assert flux_bed.storage() == {}
        assert flux_bed.image() == ""


def test_a_helm_release_without_a_release_is_deleted_at_once(flux_bed: FluxBed) -> None:
    flux_bed.create_release()
    with flux_bed.flux():
        flux_bed.condition(HELM_RELEASES, "Ready", "False", "SourceNotReady")
        flux_bed.delete(HELM_RELEASES)
        flux_bed.gone(HELM_RELEASES)


def test_deleted_while_suspended_the_release_stays(flux_bed: FluxBed) -> None:
    flux_bed.create_source()
    flux_bed.create_release()
    with flux_bed.flux():
        flux_bed.ready()
        flux_bed.patch(HELM_RELEASES, suspend=True)
        flux_bed.delete(HELM_RELEASES)
        flux_bed.gone(HELM_RELEASES)
        assert flux_bed.storage() == {V1: "deployed"}
        assert flux_bed.image().endswith(":one")


def test_an_uninstall_that_fails_says_why_and_is_tried_for_ever(flux_bed: FluxBed) -> None:
    flux_bed.create_source()
    flux_bed.create_release(annotations={FAIL: "uninstall"})
    with flux_bed.flux():
        flux_bed.ready()
        flux_bed.delete(HELM_RELEASES)
        obj = flux_bed.condition(HELM_RELEASES, "Released", "False", "UninstallFailed")
        said = f"Helm uninstall failed for release {flux_bed.namespace}/run.v1 with chart sample-application@"
        assert condition(obj, "Ready")["message"].startswith(said)
        flux_bed.until(HELM_RELEASES, lambda o: o["status"]["failures"] > 1, "tried again")
        flux_bed.patch(HELM_RELEASES, annotations={FAIL: None})
        flux_bed.gone(HELM_RELEASES)
        assert flux_bed.storage() == {}


def test_a_namespace_that_goes_first_takes_everything_with_it(flux_bed: FluxBed) -> None:
    flux_bed.create_source()
    flux_bed.create_release()
    with flux_bed.flux():
        flux_bed.ready()
        flux_bed.client.delete(NAMESPACES, flux_bed.namespace)
        flux_bed.namespace_gone()


class Account:
    """A service account with the rights of the built-in role `edit`, as whom releases are made."""

    def __init__(self, bed: FluxBed) -> None:
        self.bed = bed
        account = {"metadata": {"name": "deployer"}}
        bed.client.create(SERVICE_ACCOUNTS, {**kind(SERVICE_ACCOUNTS), **account}, namespace=bed.namespace)
        self.bind()

    def bind(self) -> None:
        binding = {
            "metadata": {"name": "deployer"},
            "roleRef": {"apiGroup": ROLE_BINDINGS.group, "kind": "ClusterRole", "name": "edit"},
            "subjects": [{"kind": "ServiceAccount", "name": "deployer", "namespace": self.bed.namespace}],
        }
        self.bed.client.create(ROLE_BINDINGS, {**kind(ROLE_BINDINGS), **binding}, namespace=self.bed.namespace)

    def unbind(self) -> None:
        self.bed.client.delete(ROLE_BINDINGS, "deployer", namespace=self.bed.namespace)

    def remove(self) -> None:
        self.bed.client.delete(SERVICE_ACCOUNTS, "deployer", namespace=self.bed.namespace)


def kind(resource: Resource) -> dict[str, str]:
    return {"apiVersion": resource.api_version, "kind": resource.kind}


@pytest.fixture
def account(flux_bed: FluxBed) -> Account:
    return Account(flux_bed)


def test_a_release_is_made_with_the_rights_of_its_account_alone(flux_bed: FluxBed, account: Account) -> None:
    role = {**kind(CLUSTER_ROLES), "metadata": {"name": f"{flux_bed.namespace}-evil"}, "rules": []}
    flux_bed.create_source()
    flux_bed.create_release(serviceAccountName="deployer")
    with flux_bed.flux(longest_interval=0.1):
        flux_bed.ready()
        flux_bed.repo.commit("Reach out", {"deploy/templates/role.yaml": json.dumps(role)})
        obj = flux_bed.condition(HELM_RELEASES, "Released", "False", "UpgradeFailed")
        message = condition(obj, "Released")["message"]
        assert f'User "system:serviceaccount:{flux_bed.namespace}:deployer" cannot' in message
        assert 'resource "clusterroles"' in message


def test_a_chart_s_helm_release_without_an_account_is_refused_by_rbac(flux_bed: FluxBed, account: Account) -> None:
    nested = {
        **kind(HELM_RELEASES),
        "metadata": {"name": "nested"},
        "spec": {"interval": "1m", "chartRef": {"kind": "HelmChart", "name": "any"}},
    }
    flux_bed.repo.commit("Reach out", {"deploy/templates/nested.yaml": json.dumps(nested)})
    flux_bed.create_source()
    flux_bed.create_release(serviceAccountName="deployer")
    with flux_bed.flux():
        obj = flux_bed.condition(HELM_RELEASES, "Ready", "False", "InstallFailed")
        assert 'resource "helmreleases" in API group "helm.toolkit.fluxcd.io"' in condition(obj, "Ready")["message"]
        assert flux_bed.names(HELM_RELEASES) == ["run"]


def test_a_delete_hook_that_cannot_be_made_is_stuck_until_hooks_are_switched_off(
    flux_bed: FluxBed, account: Account
) -> None:
    hook = {"metadata": {"name": "hook", "annotations": {"helm.sh/hook": "pre-delete"}}, "rules": []}
    template = json.dumps({**kind(CLUSTER_ROLES), **hook})
    flux_bed.repo.commit("Add a hook", {"deploy/templates/hook.yaml": template})
    flux_bed.create_source()
    flux_bed.create_release(serviceAccountName="deployer")
    with flux_bed.flux():
        flux_bed.ready()
        flux_bed.delete(HELM_RELEASES)
        obj = flux_bed.until(HELM_RELEASES, lambda o: o["status"].get("failures", 0) > 1, "tried again and again")
        assert 'resource "clusterroles"' in condition(obj, "Released")["message"]
        assert flux_bed.image()
        flux_bed.patch(HELM_RELEASES, uninstall={"disableHooks": True})
        flux_bed.gone(HELM_RELEASES)
        assert flux_bed.storage() == {}


def test_without_its_account_s_binding_nothing_is_uninstalled_until_it_is_back(
    flux_bed: FluxBed, account: Account
) -> None:
    flux_bed.create_source()
    flux_bed.create_release(serviceAccountName="deployer")
    with flux_bed.flux():
        flux_bed.ready()
        account.unbind()
        flux_bed.delete(HELM_RELEASES)
        obj = flux_bed.condition(HELM_RELEASES, "Released", "False", "UninstallFailed")
        assert 'cannot list resource "secrets"' in condition(obj, "Released")["message"]
        account.bind()
        flux_bed.gone(HELM_RELEASES)
        assert flux_bed.storage() == {}


def test_without_its_account_a_release_is_left_behind(flux_bed: FluxBed, account: Account) -> None:
    flux_bed.create_source()
    flux_bed.create_release(serviceAccountName="deployer")
    with flux_bed.flux():
        flux_bed.ready()
        account.remove()
        flux_bed.delete(HELM_RELEASES)
        flux_bed.gone(HELM_RELEASES)
        assert flux_bed.storage() == {V1: "deployed"}


def test_a_release_whose_account_has_no_rights_has_no_known_state(flux_bed: FluxBed, account: Account) -> None:
    account.unbind()
    flux_bed.create_source()
    flux_bed.create_release(serviceAccountName="deployer")
    with flux_bed.flux():
        obj = flux_bed.condition(HELM_RELEASES, "Ready", "False", "StateError")
        assert condition(obj, "Ready")["message"].startswith("Could not determine release state: ")
        account.bind()
        flux_bed.ready()


def test_a_release_whose_storage_is_gone_counts_as_uninstalled(flux_bed: FluxBed) -> None:
    flux_bed.create_source()
    flux_bed.create_release()
    with flux_bed.flux():
        flux_bed.ready()
        flux_bed.delete_secret(V1)
        flux_bed.delete(HELM_RELEASES)
        flux_bed.gone(HELM_RELEASES)


def test_sources_and_releases_without_a_controller_hold_their_namespace(flux_bed: FluxBed) -> None:
    flux_bed.create_source()
    flux_bed.create_release(values=tag("one"))
    with flux_bed.flux():
        flux_bed.ready()
    flux_bed.client.delete(NAMESPACES, flux_bed.namespace)
    until(lambda: flux_bed.names(CONFIG_MAPS) == [], "everything else is gone")
    assert flux_bed.names(HELM_RELEASES) == flux_bed.names(GIT_REPOSITORIES) == ["run"]
    with flux_bed.flux():
        flux_bed.namespace_gone()
