"""A GitOps repository, a project and an Application in a namespace of a local cluster, for black-box tests."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml

from controller.apimachinery.errors import NotFound
from controller.apimachinery.resources import NAMESPACES
from controller.client import Client
from hack.samples import Repo
from hack.standins.argocd.argocd import ArgoCD, Options
from hack.standins.argocd.resources import APP_PROJECTS, APPLICATIONS, SETTINGS
from tests.standins.cluster_bed import CONFIG_MAPS, DEADLINE, until

URL = "https://git.example.com/platform/environments"
FOLDER = "environments"
KEPT = f"{FOLDER}/.gitkeep"
EVERYTHING = {
    "sourceRepos": ["*"],
    "destinations": [{"server": "*", "namespace": "*"}],
    "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
}
AUTOMATED = {"prune": True, "selfHeal": True, "allowEmpty": True}


class ArgoCDBed:
    """One Application, named like its namespace, whose folder is empty at first."""

    def __init__(self, client: Client, namespace: str, folder: Path) -> None:
        self.client = client
        self.namespace = namespace
        self.folder = folder
        path = folder / "gitops"
        path.mkdir()
        subprocess.run(["git", "init", "--quiet", "--initial-branch=main", str(path)], check=True)
        self.repo = Repo(path)
        self.commit({KEPT: "", "README.md": "Environments of pull requests"})
        client.create(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        self.project(EVERYTHING)
        self.application()

    def project(self, spec: dict[str, Any]) -> None:
        """Make the project, or change it."""
        obj = _object(APP_PROJECTS.api_version, "AppProject", "project", spec=spec)
        try:
            self.client.replace(
                APP_PROJECTS,
                "project",
                obj | {"metadata": self.client.get(APP_PROJECTS, "project", namespace=self.namespace)["metadata"]},
                namespace=self.namespace,
            )
        except NotFound:
            self.client.create(APP_PROJECTS, obj, namespace=self.namespace)

    def application(self, *, finalizers: list[str] | None = None, **policy: Any) -> None:
        """Create the Application again; `policy` overrides parts of a syncPolicy that enables everything."""
        spec = {
            "project": "project",
            "source": {"repoURL": URL, "targetRevision": "main", "path": FOLDER, "directory": {"recurse": True}},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": self.namespace},
            "syncPolicy": {"automated": AUTOMATED, **policy},
        }
        obj = _object(APPLICATIONS.api_version, "Application", self.namespace, spec=spec)
        obj["metadata"]["finalizers"] = finalizers or []
        with suppress(NotFound):
            self.client.delete(APPLICATIONS, self.namespace, namespace=self.namespace)
        self.client.create(APPLICATIONS, obj, namespace=self.namespace)

    def create_settings(self, data: dict[str, str]) -> None:
        """Make the ConfigMap argocd-cm."""
        settings = _object("v1", "ConfigMap", SETTINGS, data=data)
        self.client.create(CONFIG_MAPS, settings, namespace=self.namespace)

    def commit(self, files: dict[str, Any]) -> str:
        """Commit files (an object is written as YAML, None removes); gives the revision."""
        texts = {name: yaml.safe_dump(value) if isinstance(value, dict) else value for name, value in files.items()}
        return self.repo.commit("Change", texts)

    @contextmanager
    def running(self, **changes: Any) -> Iterator[ArgoCD]:
        """Argo CD, running while inside."""
        folder = self.folder / "argocd"
        folder.mkdir(exist_ok=True)
        options: dict[str, Any] = {
            "folder": folder,
            "namespace": self.namespace,
            "git_rewrites": [(URL, str(self.repo.path))],
            "refresh": 0.05,
            "heal": 0.0,
            "longest_backoff": 0.05,
            "grace": 0.0,
        }
        argocd = ArgoCD(client=self.client, options=Options(**{**options, **changes}))
        argocd.start()
        try:
            until(argocd.has_synced, "Argo CD has seen what is there")
            yield argocd
        finally:
            argocd.stop(DEADLINE)

    def status(self) -> dict[str, Any]:
        """The Application's status."""
        return self.client.get(APPLICATIONS, self.namespace, namespace=self.namespace).get("status") or {}

    def synced(self, revision: str) -> dict[str, Any]:
        """Wait until a revision is synced; the status."""

        def found() -> dict[str, Any] | None:
            status = self.status()
            done = (status.get("operationState") or {}).get("phase") == "Succeeded"
            return status if done and status["sync"] == {"status": "Synced", "revision": revision} else None

        return until(found, f"{revision} is synced")

    def said(self, kind: str, words: str) -> dict[str, Any]:
        """Wait for a condition of the Application that contains these words. Returns the status."""

        def found() -> dict[str, Any] | None:
            status = self.status()
            messages = [one["message"] for one in status.get("conditions") or () if one["type"] == kind]
            return status if any(words in message for message in messages) else None

        return until(found, f"a condition {kind}: {words}")

    def operation(self, phase: str, words: str) -> dict[str, Any]:
        """Wait until the last operation is in a phase, with these words; its state."""

        def found() -> dict[str, Any] | None:
            state = self.status().get("operationState") or {}
            return state if state.get("phase") == phase and words in state.get("message", "") else None

        return until(found, f"an operation {phase}: {words}")

    def get(self, name: str) -> dict[str, Any] | None:
        """A ConfigMap, or None."""
        try:
            return self.client.get(CONFIG_MAPS, name, namespace=self.namespace)
        except NotFound:
            return None


def config_map(name: str, text: str = "one", **metadata: Any) -> dict[str, Any]:
    """Return the manifest of a ConfigMap for a repository."""
    return _object("v1", "ConfigMap", name, data={"text": text}, **metadata)


def _object(api_version: str, kind: str, name: str, *, annotations: Any = None, **fields: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, **({"annotations": annotations} if annotations else {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}
