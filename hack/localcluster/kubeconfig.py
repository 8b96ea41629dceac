"""The kubeconfig that leads to a cluster."""

from __future__ import annotations

from pathlib import Path

import yaml


def write_kubeconfig(path: Path, *, url: str, token: str, namespace: str = "default") -> None:
    """Write a kubeconfig with one context, readable by its owner only."""
    name = "localcluster"
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": url}}],
        "users": [{"name": "admin", "user": {"token": token}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": "admin", "namespace": namespace}}],
        "current-context": name,
    }
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
