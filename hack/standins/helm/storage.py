"""Helm 3's release storage: one Secret per revision, as Helm's own driver (pkg/storage/driver/secrets.go) writes it.

`helm list` and `helm get` understand what is stored here, and our controller recognises the end of an uninstall by it.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from controller.apimachinery.errors import NotFound
from controller.apimachinery.resources import SECRETS
from controller.apimachinery.timestamps import from_time, to_time
from controller.client import Client

SECRET_TYPE = "helm.sh/release.v1"  # noqa: S105 -- a Secret's type, not a secret

DEPLOYED = "deployed"
SUPERSEDED = "superseded"
FAILED = "failed"
UNINSTALLING = "uninstalling"
PENDING_INSTALL = "pending-install"
PENDING_UPGRADE = "pending-upgrade"
PENDING_ROLLBACK = "pending-rollback"
PENDING = frozenset({PENDING_INSTALL, PENDING_UPGRADE, PENDING_ROLLBACK})


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One revision of a release.

    Attributes:
        version: the revision's number, from 1.
        config: the user's values (the chart's defaults are in `chart`).
        chart: `metadata`, `values` and `templates` (name and text).
        manifest: everything but hooks, as one YAML text.
        hooks: the hook objects' YAML texts.
    """

    name: str
    namespace: str
    version: int
    status: str
    description: str
    config: Mapping[str, Any]
    chart: Mapping[str, Any]
    manifest: str
    hooks: tuple[str, ...]
    first_deployed: datetime
    last_deployed: datetime
    notes: str = ""

    def moved(self, status: str, description: str) -> Release:
        """Return the same revision with another status."""
        return replace(self, status=status, description=description)


def secret_name(release: str, version: int) -> str:
    """The name of the Secret that holds a revision."""
    return f"sh.helm.release.v1.{release}.v{version}"


def encode(release: Release) -> str:
    """`data.release` of the Secret: JSON, gzipped, and base64 twice (once by Helm, once by Kubernetes)."""
    document = {
        "name": release.name,
        "namespace": release.namespace,
        "version": release.version,
        "info": {
            "first_deployed": to_time(release.first_deployed),
            "last_deployed": to_time(release.last_deployed),
            "deleted": "",
            "status": release.status,
            "description": release.description,
            "notes": release.notes,
        },
        "chart": {
            "metadata": release.chart.get("metadata"),
            "values": release.chart.get("values"),
            "templates": [
                {"name": template["name"], "data": base64.b64encode(template["data"].encode()).decode()}
                for template in release.chart.get("templates") or ()
            ],
            "files": [],
            "schema": None,
            "lock": None,
        },
        "config": release.config,
        "manifest": release.manifest,
        "hooks": [{"manifest": hook} for hook in release.hooks],
    }
    packed = gzip.compress(json.dumps(document).encode(), mtime=0)
    return base64.b64encode(base64.b64encode(packed)).decode()


def decode(data: str) -> Release:
    """Decode the release in a Secret's `data.release`. Raises ValueError if it is invalid."""
    try:
        document = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(data))))
    except (OSError, EOFError) as error:
        raise ValueError(f"not a Helm release: {error}") from error
    info = document["info"]
    chart = document.get("chart") or {}
    templates = [
        {"name": template["name"], "data": base64.b64decode(template["data"]).decode()}
        for template in chart.get("templates") or ()
    ]
    epoch = datetime.fromtimestamp(0, UTC)
    return Release(
        name=document["name"],
        namespace=document["namespace"],
        version=document["version"],
        status=info["status"],
        description=info.get("description") or "",
        config=document.get("config") or {},
        chart={"metadata": chart.get("metadata"), "values": chart.get("values"), "templates": templates},
        manifest=document.get("manifest") or "",
        hooks=tuple(hook["manifest"] for hook in document.get("hooks") or ()),
        first_deployed=from_time(info.get("first_deployed")) or epoch,
        last_deployed=from_time(info.get("last_deployed")) or epoch,
        notes=info.get("notes") or "",
    )


def secret_for(release: Release, *, now: datetime, created: bool) -> dict[str, Any]:
    """The Secret of a revision; `created`: for the first time, else as a change of what is there."""
    stamp = "createdAt" if created else "modifiedAt"
    return {
        "apiVersion": SECRETS.api_version,
        "kind": SECRETS.kind,
        "metadata": {
            "name": secret_name(release.name, release.version),
            "namespace": release.namespace,
            "labels": {
                "name": release.name,
                "owner": "helm",
                "status": release.status,
                "version": str(release.version),
                stamp: str(int(now.timestamp())),
            },
        },
        "type": SECRET_TYPE,
        "data": {"release": encode(release)},
    }


class ReleaseStorage:
    """The revisions of releases, in the namespaces that they are released to. Never cached: every call asks the API."""

    def __init__(self, *, client: Client) -> None:
        self._client = client

    def history(self, name: str, namespace: str) -> list[Release]:
        """Return all revisions, oldest first. Like Helm, skips a Secret that does not contain a release."""
        selector = f"name={name},owner=helm"
        answer = self._client.list(SECRETS, namespace=namespace, label_selector=selector)
        found = []
        for secret in answer.get("items") or ():
            try:
                found.append(decode((secret.get("data") or {}).get("release") or ""))
            except (ValueError, KeyError):
                continue
        return sorted(found, key=lambda release: release.version)

    def last(self, name: str, namespace: str) -> Release | None:
        """The newest revision, whatever its status, or None."""
        history = self.history(name, namespace)
        return history[-1] if history else None

    def create(self, release: Release, *, max_history: int = 0) -> None:
        """Store a new revision, first removing the oldest so that at most `max_history` (0: no limit) are kept.

        The one that is deployed is never removed. Raises AlreadyExists when another operation made the revision.
        """
        if max_history > 0:
            self._prune(release.name, release.namespace, keep=max_history - 1)
        secret = secret_for(release, now=datetime.now(UTC), created=True)
        self._client.create(SECRETS, secret, namespace=release.namespace)

    def update(self, release: Release) -> None:
        """Store a changed status of a revision. Raises NotFound if the revision no longer exists."""
        secret = secret_for(release, now=datetime.now(UTC), created=False)
        name = secret_name(release.name, release.version)
        self._client.replace(SECRETS, name, secret, namespace=release.namespace)

    def delete(self, release: Release) -> None:
        """Remove a revision, if it is still there."""
        name = secret_name(release.name, release.version)
        try:
            self._client.delete(SECRETS, name, namespace=release.namespace)
        except NotFound:
            return

    def _prune(self, name: str, namespace: str, *, keep: int) -> None:
        history = self.history(name, namespace)
        deployed = [release for release in history if release.status == DEPLOYED][-1:]
        removable = [release for release in history if release not in deployed]
        for release in removable[: max(0, len(history) - keep)]:
            self.delete(release)
