"""The kubeconfig that leads to a cluster."""

from __future__ import annotations

import base64
import json
import os
import tempfile
from pathlib import Path


def write_kubeconfig(path: Path, *, url: str, authority: str, token: str, namespace: str = "default") -> None:
    """Write a kubeconfig with one context, readable by its owner only.

    The file appears with its whole content, because other programs wait for it.

    Args:
        authority: certificate that verifies the server, as PEM.
    """
    name = "localcluster"
    cluster = {"server": url, "certificate-authority-data": base64.b64encode(authority.encode()).decode()}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": "admin", "user": {"token": token}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": "admin", "namespace": namespace}}],
        "current-context": name,
    }
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        # JSON is YAML too, and is written faster. Each test writes such files.
        json.dump(document, file, indent=2)
    Path(draft).replace(path)
