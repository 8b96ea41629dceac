"""What the rooms declare their metrics with: the registry and the buckets.

Each room declares its own metrics in its module `metrics`. Where controller-runtime or client-go has a metric, name and
labels are theirs.
"""

from controller.metrics.registry import Registry, of_process

__all__ = ["Registry", "of_process"]
