"""Where this repository is, for programs that read its files or write them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
MANIFESTS: Final = ROOT / "manifests"
