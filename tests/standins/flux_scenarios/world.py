"""A namespace with an environment's objects for Flux, on any cluster, and the repository that they name."""

from __future__ import annotations

import base64
import gzip
import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controller.api.environment import Environment
from controller.api.flux import GIT_REPOSITORIES, HELM_RELEASES, REQUESTED_AT
from controller.apimachinery import objects
from controller.apimachinery.errors import NotFound
from controller.apimachinery.resources import NAMESPACES, SECRETS, SERVICE_ACCOUNTS, Resource
from controller.client import Client, PatchType
from controller.environment.engines import flux
from controller.environment.engines.engine import ReleaseContext
from hack.samples import make_application_repository
from hack.standins.helm.values import merge

ACCOUNT = "tronador-release"
ROLE_BINDINGS = Resource("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding", namespaced=True)
RELEASE = "web"
BRANCH = "run-pipeline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """How a scenario begins.

    Attributes:
        release: what the environment says in `spec.application.release`, beside the chart's repository.
        files: added to the repository, by path.
        is_missing: whether the environment names a repository that does not exist.
    """

    release: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    is_missing: bool = False


class World:
    """Performs the steps of one setup."""

    def __init__(self, setup: Setup, *, client: Client, namespace: str, folder: Path, url: str) -> None:
        """
        Args:
            namespace: new.
            folder: new; the repository is made there.
            url: where Flux finds that repository.
        """
        self.client = client
        self.namespace = namespace
        self.url = url
        self.repo = make_application_repository(folder)
        if setup.files:
            self.repo.commit("Add what the scenario needs", setup.files)
        self.commits = [self.repo.head()]
        chart = {"git": f"{url}-missing" if setup.is_missing else url, "ref": BRANCH, "path": "deploy"}
        self._release: dict[str, Any] = merge({"chart": chart, "releaseName": RELEASE, "timeout": 60}, setup.release)
        self._requests = itertools.count(1)
        client.create(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})

    def create_account(self) -> None:
        """Create the account that the release runs as, with the rights that it has in an environment."""
        self.client.create(SERVICE_ACCOUNTS, {"metadata": {"name": ACCOUNT}}, namespace=self.namespace)
        self.bind()

    def bind(self) -> None:
        """Give the account its rights."""
        binding = {
            "metadata": {"name": ACCOUNT},
            "roleRef": {"apiGroup": ROLE_BINDINGS.group, "kind": "ClusterRole", "name": "admin"},
            "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": self.namespace}],
        }
        self.client.create(ROLE_BINDINGS, binding, namespace=self.namespace)

    def unbind(self) -> None:
        """Take the account's rights away."""
        self.client.delete(ROLE_BINDINGS, ACCOUNT, namespace=self.namespace)

    def delete_account(self) -> None:
        """Delete the account and its rights."""
        self.unbind()
        self.client.delete(SERVICE_ACCOUNTS, ACCOUNT, namespace=self.namespace)

    def create_release(self) -> None:
        """Create both objects of Flux as our controller does."""
        context = self._context()
        source = flux.desired_source(context)
        self.client.create(GIT_REPOSITORIES, source, namespace=self.namespace)
        self.client.create(HELM_RELEASES, flux.desired(context), namespace=self.namespace)

    def create_again(self) -> None:
        """Create the HelmRelease alone."""
        self.client.create(HELM_RELEASES, flux.desired(self._context()), namespace=self.namespace)

    def update(self, changes: Mapping[str, Any]) -> None:
        """Change what the environment says, and write both objects as our controller does."""
        self._release = merge(self._release, changes)
        self._write(self._context())

    def suspend(self, suspended: bool) -> None:
        """Suspend or resume the environment."""
        self._write(self._context(suspended=suspended))

    def commit(self, files: Mapping[str, str | None]) -> None:
        """Commit to the branch, and ask Flux to look at it now."""
        self.commits.append(self.repo.commit("Change something", files, branch=BRANCH))
        self.request(GIT_REPOSITORIES)

    def delete_branch(self) -> None:
        """Delete the branch, which is not the repository's only one, and ask Flux to look at it now."""
        self.commits.append(self.repo.commit("Merge", {}, branch="main"))
        self.repo.delete_branch(BRANCH)
        self.request(GIT_REPOSITORIES)

    def request(self, resource: Resource) -> None:
        """Ask Flux to reconcile an object now."""
        body = {"metadata": {"annotations": {REQUESTED_AT: f"request {next(self._requests)}"}}}
        self.client.patch(resource, RELEASE, body, namespace=self.namespace)

    def delete(self, *resources: Resource) -> None:
        """Delete the objects of these kinds."""
        for resource in resources:
            self.client.delete(resource, RELEASE, namespace=self.namespace)

    def create_secret(self, name: str, data: Mapping[str, str]) -> None:
        """Create a Secret."""
        self.client.create(SECRETS, {"metadata": {"name": name}, "stringData": data}, namespace=self.namespace)

    def interrupt(self, status: str) -> None:
        """Leave the newest revision as an action leaves it that was killed: everything but its status stays."""
        name = self.stored()[-1]
        secret = self.client.get(SECRETS, name, namespace=self.namespace)
        document = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(secret["data"]["release"]))))
        document["info"]["status"] = status
        packed = base64.b64encode(base64.b64encode(gzip.compress(json.dumps(document).encode()))).decode()
        body = {"metadata": {"labels": {"status": status}}, "data": {"release": packed}}
        self.client.patch(SECRETS, name, body, namespace=self.namespace)

    def generations(self) -> dict[str, int]:
        """Return the generation of each object of Flux that exists, by kind."""
        found = {}
        for resource in (GIT_REPOSITORIES, HELM_RELEASES):
            for item in self.client.list(resource, namespace=self.namespace)["items"]:
                found[resource.kind] = objects.generation(item)
        return found

    def stored(self) -> list[str]:
        """Return the names of Helm's storage Secrets."""
        items = self.client.list(SECRETS, namespace=self.namespace, label_selector="owner=helm")["items"]
        return sorted(item["metadata"]["name"] for item in items)

    def close(self) -> None:
        """Delete what the scenario may have left, the namespace last; nothing is waited for."""
        for resource in (HELM_RELEASES, GIT_REPOSITORIES):
            try:
                self.client.patch(resource, RELEASE, {"spec": {"suspend": True}}, namespace=self.namespace)
                self.client.delete(resource, RELEASE, namespace=self.namespace)
            except NotFound:
                continue
        self.client.delete(NAMESPACES, self.namespace)

    def _context(self, *, suspended: bool = False) -> ReleaseContext:
        metadata = {"name": self.namespace, "uid": "scenario"}
        environment = {"metadata": metadata, "spec": {"application": {"release": self._release}}}
        return ReleaseContext(environment=Environment(environment), service_account=ACCOUNT, suspended=suspended)

    def _write(self, context: ReleaseContext) -> None:
        for resource, wanted in (
            (GIT_REPOSITORIES, flux.desired_source(context)),
            (HELM_RELEASES, flux.desired(context)),
        ):
            change = [{"op": "replace", "path": "/spec", "value": wanted["spec"]}]
            self.client.patch(resource, RELEASE, change, namespace=self.namespace, patch_type=PatchType.JSON)
