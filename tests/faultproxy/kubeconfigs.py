"""Kubeconfig files for the fault proxy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


def written(path: Path, *, server: str, user: dict[str, Any] | None = None, **cluster: Any) -> Path:
    """A kubeconfig file."""
    document = {
        "clusters": [{"name": "c", "cluster": {"server": server, **cluster}}],
        "users": [{"name": "u", "user": user or {}}],
        "contexts": [
            {"name": "x", "context": {"cluster": "c", "user": "u", "namespace": "team"}},
            {"name": "anonymous", "context": {"cluster": "c"}},
        ],
        "current-context": "x",
    }
    path.write_text(yaml.safe_dump(document))
    return path
