"""The TronadorConfigs that users of the original wrote, where they are at hand."""

import os
from pathlib import Path

import pytest

from hack.paths import ROOT

FOLDER = Path(os.environ.get("TRONADOR_FIXTURES") or ROOT.parent / "shared/fixtures") / "tronador"
FIXTURES = sorted(FOLDER.glob("*TronadorConfig*.yaml")) or [FOLDER / "docs.TronadorConfig.yaml"]


def fixture(file):
    """The text of one of them; skips the test where they are absent."""
    if not file.exists():
        pytest.skip(f"{FOLDER} is absent")
    return file.read_text()
