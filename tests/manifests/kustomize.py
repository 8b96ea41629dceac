"""What kustomize, as part of the real kubectl, makes of a folder of manifests."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from os.path import relpath
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from hack.paths import MANIFESTS

KUBECTL = Path(sys.executable).parent / "kubectl"


@cache
def rendered(folder: str) -> tuple[dict[str, Any], ...]:
    """Every object of `manifests/FOLDER`, as `kubectl apply -k` would send it."""
    return build(MANIFESTS / folder)


@cache
def with_components(*components: str) -> tuple[dict[str, Any], ...]:
    """Every object of `manifests/default` with components of `manifests`."""
    with TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        # kustomize takes relative paths only.
        wanted = {
            "resources": [relpath(MANIFESTS / "default", root)],
            "components": [relpath(MANIFESTS / name, root) for name in components],
        }
        (root / "kustomization.yaml").write_text(yaml.safe_dump(wanted))
        return build(root)


def build(folder: Path) -> tuple[dict[str, Any], ...]:
    """Every object of any folder with a kustomization."""
    done = subprocess.run([KUBECTL, "kustomize", str(folder)], capture_output=True, text=True, timeout=60, check=True)
    return tuple(yaml.load_all(done.stdout, yaml.CSafeLoader))
