"""The documents of the users' own description of the system, where it lies beside the project; else our sample.

TRONADOR_FIXTURES names the folder of fixtures (default: `../shared/fixtures`); the guide stands beside that folder.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import yaml

from tests.integration.support.clusters import ROOT

GUIDE = Path(os.environ.get("TRONADOR_FIXTURES") or ROOT.parent / "shared" / "fixtures").parent / "workflow-guide.md"
SAMPLE = ROOT / "manifests" / "samples" / "environmentprovisioner.yaml"


def from_guide(kind: str) -> dict[str, Any] | None:
    """The guide's document of that kind, or None where the guide is not there."""
    if not GUIDE.is_file():
        return None
    blocks = re.findall(r"^```yaml\n(.*?)^```", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
    documents = [yaml.safe_load(block) for block in blocks if f"\nkind: {kind}\n" in block]
    assert len(documents) == 1, f"{GUIDE} has {len(documents)} documents of kind {kind}"
    return documents[0]


def environment() -> dict[str, Any]:
    """The guide's EnvironmentProvisioner, or our sample of it."""
    return from_guide("EnvironmentProvisioner") or yaml.safe_load(SAMPLE.read_text())
