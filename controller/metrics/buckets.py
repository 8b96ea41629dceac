"""Histogram buckets in seconds or bytes, with the values of the originals."""

from __future__ import annotations

from typing import Final

# controller-runtime pkg/internal/controller/metrics
RECONCILE: Final = (
    *(0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0),
    *(1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60),
)
# controller-runtime pkg/internal/metrics/workqueue.go: twelve, from 10 ns
WORKQUEUE: Final = tuple(float(f"1e{exponent}") for exponent in range(-8, 4))
# component-base metrics/prometheus/restclient
REQUEST: Final = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
SIZE: Final = (64, 256, 512, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216)
# Our own
HANDLER: Final = (0.0001, 0.001, 0.01, 0.1, 1.0, 10.0)
ITEMS: Final = (0, 1, 10, 100, 1000, 10000, 100000)
WATCH: Final = (1, 10, 60, 150, 300, 450, 600)
PHASE: Final = (0.0001, 0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
JOURNEY: Final = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600)
