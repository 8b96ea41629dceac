"""Reads the files of other projects that our fixtures are compared with."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from hack.paths import ROOT
from hack.yamlfiles import documents as read

Json = dict[str, Any]

FOLDER = Path(os.environ.get("TRONADOR_FIXTURES") or ROOT.parent / "shared/fixtures")
ENGINES = {
    "helm.fluxcd.io/v1/HelmRelease": "helm.fluxcd.io_helmreleases",
    "helm.toolkit.fluxcd.io/v2/HelmRelease": "helm.toolkit.fluxcd.io_helmreleases",
    "source.toolkit.fluxcd.io/v1/GitRepository": "source.toolkit.fluxcd.io_gitrepositories",
}


def documents(path: str) -> list[Json]:
    """Return the YAML documents of a file in the folder."""
    return read(FOLDER / path)


def definition(name: str) -> Json:
    """Return the CustomResourceDefinition of this name, such as `tasks.tekton.dev`."""
    plural, _, group = name.partition(".")
    [found] = documents(f"crds/{group}_{plural}.yaml")
    return found


def guide(kind: str = "") -> str:
    """Return the guide's YAML block with an object of this kind, or its config file."""
    blocks = re.findall(
        r"^```yaml\n(.*?)^```", (FOLDER.parent / "workflow-guide.md").read_text(), re.DOTALL | re.MULTILINE
    )
    wanted = f"\nkind: {kind}\n" if kind else "application:\n  chart_path:"
    [found] = [block for block in blocks if wanted in block]
    return str(found)
