"""`python -m hack.monitoring` writes `manifests/monitoring/dashboard.json`."""

from __future__ import annotations

from hack.monitoring import dashboard
from hack.monitoring.files import DASHBOARD

if __name__ == "__main__":
    DASHBOARD.write_text(dashboard.text())
