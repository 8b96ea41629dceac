"""`python -m hack.monitoring` writes `manifests/monitoring/dashboard.json`."""

from __future__ import annotations

from hack.monitoring import dashboard

if __name__ == "__main__":
    dashboard.FILE.write_text(dashboard.text())
