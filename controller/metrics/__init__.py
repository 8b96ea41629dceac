"""Every metric of the process: names, labels and buckets as controller-runtime and client-go have them, and our own.

`Metrics` owns one registry, made in the composition root: nothing registers itself by being imported. Its parts
implement the interfaces that the measured rooms declare (`controller.client.metrics`, `controller.workqueue.metrics`
and so on); those rooms know nothing of Prometheus.
"""

from controller.metrics.registry import Metrics

__all__ = ["Metrics"]
