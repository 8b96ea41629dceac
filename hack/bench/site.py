"""The API server that a benchmark uses, one that exists or a local one, with everything that environments need."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from controller.api.environment import ENVIRONMENTS
from controller.apimachinery.errors import ApiError
from controller.apimachinery.resources import NAMESPACES, Resource
from controller.app.options import Options
from controller.client import Client, PatchType, config
from controller.environment.engines import ENGINES
from hack.bench import server
from hack.bench.requests import AuditFile, RequestSource, ServerCounters
from hack.demo.programs import Programs
from hack.paths import MANIFESTS
from hack.serviceaccounts import write_kubeconfig
from hack.standins import crds
from hack.yamlfiles import documents

FOLDERS = ("crds", "rbac", "policies")
_GROUPS = {"helm-operator": crds.HELM_OPERATOR, "flux": crds.FLUX}
_DOUBLES = {"helm-operator": "engine-double", "flux": "flux-double"}
_AUDIT_LOG = "audit.log"
# Of the local cluster, in seconds. Watches of a benchmark see soon how far they have come.
_BOOKMARKS = 2
_SERVED_SECONDS = 60.0
_LOOK_SECONDS = 0.1
_RBAC = "rbac.authorization.k8s.io"
_ADMISSION = "admissionregistration.k8s.io"
_KINDS = {
    resource.kind: resource
    for resource in (
        NAMESPACES,
        crds.CRDS,
        Resource("", "v1", "serviceaccounts", "ServiceAccount", namespaced=True),
        Resource(_RBAC, "v1", "clusterroles", "ClusterRole", namespaced=False),
        Resource(_RBAC, "v1", "clusterrolebindings", "ClusterRoleBinding", namespaced=False),
        Resource(_RBAC, "v1", "roles", "Role", namespaced=True),
        Resource(_RBAC, "v1", "rolebindings", "RoleBinding", namespaced=True),
        Resource(_ADMISSION, "v1", "validatingadmissionpolicies", "ValidatingAdmissionPolicy", namespaced=False),
        Resource(
            _ADMISSION, "v1", "validatingadmissionpolicybindings", "ValidatingAdmissionPolicyBinding", namespaced=False
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Site:
    """A prepared API server.

    Attributes:
        admin: kubeconfig of an administrator.
        account: kubeconfig of the controller's own service account, with what manifests/rbac grants.
        client: the benchmark's own client.
        version: of the API server.
        requests: counts requests.
        programs: runs what the benchmark needs, and the subjects. Their $KUBECONFIG is `admin`.
        folder: for files that are not kept.
        is_local: it is a local cluster, which can be taken away.
    """

    admin: Path
    account: Path
    client: Client
    version: str
    requests: RequestSource
    programs: Programs
    folder: Path
    is_local: bool

    def start_engine(self, engine: str, *flags: str) -> None:
        """Start the stand-in that installs every release, as the program "engine"; at once, unless flags say more."""
        log = self.programs.log_of("engine")
        arguments = ["hack.standins", "--kubeconfig", str(self.admin), _DOUBLES[engine], "--workers", "8", *flags]
        self.programs.start("engine", arguments, ready=lambda: "ready" in log.read_text())

    def stop_cluster(self) -> None:
        """Take the local cluster away; its objects are kept."""
        self.programs.stop("cluster")

    def start_cluster(self) -> None:
        """Bring it back, as an API server whose watch history is gone. It answers a moment later."""
        port = self.client.host.rpartition(":")[2]
        self.programs.start("cluster", [*_cluster(self.folder), "--port", port], ready=lambda: True)


@contextmanager
def opened(kubeconfig: str, audit_log: str, engine: str) -> Iterator[Site]:
    """Prepare the server of a kubeconfig, or a local cluster if `kubeconfig` is empty.

    Args:
        audit_log: the file in which the API server of `kubeconfig` records requests; "" to read its counters instead.
        engine: whose definitions are installed if they are missing.

    All programs end with the block. What was applied stays on a server that existed before.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tronador-bench-")))
        admin = Path(kubeconfig) if kubeconfig else folder / "admin.kubeconfig"
        programs = stack.enter_context(Programs(folder=folder, environ={"KUBECONFIG": str(admin)}))
        if not kubeconfig:
            audit_log = str(folder / _AUDIT_LOG)
            programs.start("cluster", _cluster(folder), ready=admin.exists)
        client = Client(connection=config.load(kubeconfig=str(admin)), user_agent="bench", field_manager="bench")
        stack.callback(client.close)
        _install(client, engine)
        options = Options()
        account = write_kubeconfig(
            folder / "controller.kubeconfig",
            admin=admin,
            namespace=options.namespace,
            name=options.environment.service_account,
        )
        place = server.load(admin, user_agent="bench")
        requests = AuditFile(Path(audit_log)) if audit_log else ServerCounters(lambda: place.text("/metrics"))
        yield Site(admin, account, client, place.version(), requests, programs, folder, is_local=not kubeconfig)


def _cluster(folder: Path) -> list[str]:
    kubeconfig, state, log = folder / "admin.kubeconfig", folder / "state", folder / _AUDIT_LOG
    files = ["--kubeconfig", str(kubeconfig), "--state-file", str(state), "--audit-log", str(log)]
    return ["hack.localcluster", *files, "--bookmark-interval", str(_BOOKMARKS)]


def _install(client: Client, engine: str) -> None:
    crds.install(client, threading.Event(), _GROUPS[engine])
    for document in _manifests():
        metadata = document["metadata"]
        resource, namespace = _KINDS[document["kind"]], metadata.get("namespace", "")
        client.patch(resource, metadata["name"], document, namespace=namespace, patch_type=PatchType.APPLY, force=True)
    for resource in (ENVIRONMENTS, *ENGINES[engine].resources):
        _wait(partial(_is_served, client, resource), f"{resource} is served")
    # The cluster composes these roles from others.
    for role in ("tronador-environment", "tronador-release"):
        _wait(partial(_has_rules, client, role), f"ClusterRole {role} has rules")


def _manifests() -> Iterator[dict[str, Any]]:
    for folder in FOLDERS:
        for name in documents(MANIFESTS / folder / "kustomization.yaml")[0]["resources"]:
            yield from documents(MANIFESTS / folder / name)


def _is_served(client: Client, resource: Resource) -> bool:
    try:
        return client.has_resource(resource)
    except ApiError:
        return False


def _has_rules(client: Client, role: str) -> bool:
    return bool(client.get(_KINDS["ClusterRole"], role).get("rules"))


def _wait(holds: Callable[[], bool], what: str) -> None:
    pause = threading.Event()
    for _ in range(int(_SERVED_SECONDS / _LOOK_SECONDS)):
        if holds():
            return
        pause.wait(_LOOK_SECONDS)
    raise ApiError(f"not within {_SERVED_SECONDS:g} s: {what}")
