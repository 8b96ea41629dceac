"""The cluster that a test talks to: a local one of its own, or the real one that TRONADOR_TEST_KUBECONFIG names.

Tests use nothing but the Kubernetes API, so that they run against both. On a real cluster names carry a random ending
and everything that was made is removed after the test, whatever state a failure left it in.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from controller.api.environment import ENVIRONMENTS
from controller.api.helm_operator import HELM_RELEASES
from controller.api.tronador_config import TRONADOR_CONFIGS
from controller.apimachinery.errors import NotFound, TooManyRequests
from controller.apimachinery.resources import NAMESPACES, Resource
from controller.client import Client, PatchType
from controller.client.config import load
from hack.faultproxy import kubeconfig as kubeconfigs
from hack.faultproxy.exchange import Witness, ignore
from hack.faultproxy.proxy import FaultProxy
from hack.localcluster import LocalCluster, Options
from hack.localcluster.audit import AuditLog
from hack.standins import crds
from hack.yamlfiles import documents
from tests.integration.support import accounts, real_flux
from tests.integration.support.leftovers import Leftovers
from tests.integration.support.real_flux import RealFlux
from tests.integration.support.recorder import recording
from tests.integration.support.variables import FLUX_ADDRESS, REAL_KUBECONFIG
from tests.integration.support.waiting import eventually

ROOT = Path(__file__).parents[3]
DEFINITIONS = crds.CRDS
DEPLOYMENTS = Resource("apps", "v1", "deployments", "Deployment", namespaced=True)
CONFIG_MAPS = Resource("", "v1", "configmaps", "ConfigMap", namespaced=True)
# In seconds. A real API server learns of new roles and bindings some milliseconds after they are written.
RIGHTS_DELAY = 0.02


class Cluster:
    """A running cluster.

    Args:
        kubeconfig: leads to it with the rights of an administrator.
        local: the local cluster, or None for a real one.
        stack: closes what is opened.
        has_flux: whether a real Flux runs in it.

    Attributes:
        kubeconfig: as given.
        controller_kubeconfig: leads to it as the controller's own service account, with what manifests/rbac grants.
        client: the test's own hands.
        local: the local cluster with its hooks, or None for a real one.
        audit: every request so far; of a real cluster those of the controller alone.
        real_flux: the real Flux, or None where a stand-in takes its place.
        beginning, ending: of the names that a test makes up. Empty on a local cluster, random on a real one.
    """

    def __init__(
        self, *, kubeconfig: Path, local: LocalCluster | None, stack: ExitStack, has_flux: bool = False
    ) -> None:
        self.kubeconfig = kubeconfig
        self.local = local
        self.client = self.connect("tests")
        stack.callback(self.client.close)
        self._leftovers: Leftovers | None = None
        if local is None:
            self._leftovers = Leftovers(self.client)
            stack.callback(self._leftovers.remove)
        self.real_flux = RealFlux(self.client, stack) if has_flux else None
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="cluster-")))
        self.controller_kubeconfig = accounts.install(self.put, self.client, admin=kubeconfig, folder=folder)
        self.audit = AuditLog() if local is None else local.audit
        self._proxy: FaultProxy | None = None
        if local is None:
            way = proxied(self.controller_kubeconfig, folder, witness=self.witness())
            self._proxy, self.controller_kubeconfig = stack.enter_context(way)
        token = "" if local else secrets.token_hex(3)
        self.beginning, self.ending = (f"t{token}-", f"-{token}") if token else ("", "")

    def hang_up(self) -> None:
        """Close idle connections: a server closes them too, and a later test would see the new one as left behind."""
        self.client._transport.close()

    def witness(self, credential: str = "") -> Witness | None:
        """What a proxy must call to have its requests in the audit log; None where the server itself keeps that."""
        return recording(self.audit, credential=credential) if self.local is None else None

    @property
    def way(self) -> LocalCluster | FaultProxy:
        """What can end the controller's watches: the server itself, or the proxy before a real one."""
        found = self.local or self._proxy
        assert found is not None
        return found

    @property
    def address(self) -> str:
        """Where the API server is for the controller, as `host:port`."""
        return self.way.url.partition("://")[2]

    def go_away(self) -> None:
        """Cannot be reached any more: a local cluster by anybody, a real one by the controller."""
        if self.local is not None:
            self.local.stop()
        elif self._proxy is not None:
            self._proxy.refuse()

    def come_back(self) -> None:
        """Can be reached again."""
        if self.local is not None:
            self.local.start()
        elif self._proxy is not None:
            self._proxy.accept()

    def connect(self, user_agent: str) -> Client:
        """Another client, for another program; the caller closes it."""
        return Client(connection=load(kubeconfig=str(self.kubeconfig)), user_agent=user_agent, field_manager=user_agent)

    def name(self, text: str) -> str:
        """A name that no other test uses; what bears it is removed after the test."""
        name = f"{text}{self.ending}"
        self.track(name)
        return name

    def track(self, name: str) -> None:
        """Remove the environment and the namespace of this name after the test; to be called before they exist."""
        if self._leftovers is not None:
            self._leftovers.environment(name)

    def will_remove(self, resource: Resource, name: str, namespace: str = "") -> None:
        """Remove this object after the test, if it is not there yet and something makes it."""
        if self._leftovers is not None:
            self._leftovers.note(resource, name, namespace)

    def put(self, resource: Resource, document: Mapping[str, Any]) -> None:
        """Apply an object; if it was not there before, it is removed after the test."""
        metadata = document["metadata"]
        name, namespace = metadata["name"], metadata.get("namespace", "")
        self.will_remove(resource, name, namespace)
        self.client.patch(resource, name, document, namespace=namespace, patch_type=PatchType.APPLY, force=True)

    def get(self, resource: Resource, name: str, namespace: str = "") -> dict[str, Any] | None:
        """The live object, or None."""
        try:
            return self.client.get(resource, name, namespace=namespace)
        except NotFound:
            return None

    def list(self, resource: Resource, namespace: str = "", *, label_selector: str = "") -> list[dict[str, Any]]:
        """All live objects."""
        try:
            return list(self.client.list(resource, namespace=namespace, label_selector=label_selector)["items"])
        except NotFound:
            return []

    def create_namespace(self, name: str, **metadata: Any) -> dict[str, Any]:
        """A namespace that belongs to another team."""
        self.track(name)
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, **metadata}}
        return self.client.create(NAMESPACES, body)

    def install(self, definition: dict[str, Any]) -> None:
        """Apply a CustomResourceDefinition, unless it is a real Flux's, and wait until its cache is served."""
        name = definition["metadata"]["name"]
        if self.real_flux is None or not real_flux.is_its(definition):
            self.put(DEFINITIONS, definition)
        group, names = definition["spec"]["group"], definition["spec"]["names"]
        for version in definition["spec"]["versions"]:
            resource = Resource(group, version["name"], names["plural"], names["kind"], namespaced=True)
            eventually(lambda resource=resource: self._serves(resource), f"{name} is served")

    def _serves(self, resource: Resource) -> bool:
        if not self.client.has_resource(resource):
            return False
        try:
            # Version "0" is answered from the server's cache, which is made a moment later than the resource.
            self.client.list(resource, limit=1, resource_version="0")
        except (NotFound, TooManyRequests):
            return False
        return True

    def uninstall(self, definition: dict[str, Any]) -> None:
        """Remove a CustomResourceDefinition with all its objects, and wait until it is gone."""
        name = definition["metadata"]["name"]
        if self.real_flux is not None and real_flux.is_its(definition):
            real_flux.cannot("remove its CustomResourceDefinitions")
        with suppress(NotFound):
            self.client.delete(DEFINITIONS, name)
        eventually(lambda: self.get(DEFINITIONS, name) is None, f"{name} is gone")


def environment_definition() -> dict[str, Any]:
    """Our CustomResourceDefinition of environments."""
    return _definition(ENVIRONMENTS)


def config_definition() -> dict[str, Any]:
    """Our CustomResourceDefinition of the shared configuration."""
    return _definition(TRONADOR_CONFIGS)


def _definition(resource: Resource) -> dict[str, Any]:
    [definition] = documents(ROOT / "manifests" / "crds" / f"{resource.group}_{resource.plural}.yaml")
    return definition


def helm_release_definition() -> dict[str, Any]:
    """The Helm Operator's."""
    return next(d for d in crds.definitions() if d["spec"]["group"] == HELM_RELEASES.group)


def short_options(**changes: Any) -> Options:
    """Of a local cluster on which new rights take effect as late as on a real one."""
    return Options(**{"rights_delay": RIGHTS_DELAY, **changes})


@contextmanager
def running_cluster(options: Options | None = None) -> Iterator[Cluster]:
    """A cluster without any CustomResourceDefinition of ours if it is a local one, else as it is."""
    with ExitStack() as stack:
        if REAL_KUBECONFIG:
            kubeconfig = Path(REAL_KUBECONFIG).expanduser()
            yield Cluster(kubeconfig=kubeconfig, local=None, stack=stack, has_flux=bool(FLUX_ADDRESS))
            return
        local = stack.enter_context(LocalCluster(options or short_options()))
        yield Cluster(kubeconfig=local.kubeconfig, local=local, stack=stack)


@contextmanager
def proxied(target: Path, folder: Path, *, witness: Witness | None = None) -> Iterator[tuple[FaultProxy, Path]]:
    """A proxy in front of what the kubeconfig `target` leads to, and the kubeconfig that leads through it."""
    with FaultProxy(target=kubeconfigs.read(target), witness=witness or ignore) as proxy:
        through = folder / f"{target.name}-through-proxy"
        kubeconfigs.write(through, proxy.kubeconfig())
        yield proxy, through
