"""Defines every metric of the process. Where controller-runtime or client-go has a metric, name and labels are theirs.

`Metrics` owns one registry and is created when the application is wired, so importing a module registers nothing. Its
parts implement protocols that the measured packages declare (`controller.client.metrics`,
`controller.workqueue.metrics` and others). Those packages do not depend on Prometheus.
"""

from controller.metrics.registry import Metrics

__all__ = ["Metrics"]
