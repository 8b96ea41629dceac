"""`python -m hack.monitoring` writes `manifests/monitoring/dashboard.json` and the table in `docs/monitoring.md`."""

from __future__ import annotations

from hack.monitoring import dashboard, metrics
from hack.monitoring.files import DASHBOARD, PAGE

if __name__ == "__main__":
    DASHBOARD.write_text(dashboard.text())
    PAGE.write_text(metrics.with_table(PAGE.read_text()))
