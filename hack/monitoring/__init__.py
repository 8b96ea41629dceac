"""The source of Grafana's dashboard: `python -m hack.monitoring` writes it.

`panels` says what a panel is, and `dashboard` which ones there are.
"""
