"""The source of Grafana's dashboard and of the table of metrics: `python -m hack.monitoring` writes both.

`panels` says what a panel is, and `dashboard` which ones there are. `metrics` reads the controller's own registry.
"""
