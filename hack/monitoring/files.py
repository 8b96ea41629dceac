"""Where the generated files are."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
DASHBOARD: Final = ROOT / "manifests/monitoring/dashboard.json"
