"""What variables of the environment say about the cluster that the tests run against."""

from __future__ import annotations

import os

# Leads to a real cluster. By default each test has a local cluster of its own.
REAL_KUBECONFIG = os.environ.get("TRONADOR_TEST_KUBECONFIG", "")
# A real Flux runs in that cluster, and reaches this machine at this address. By default a stand-in takes its place.
FLUX_ADDRESS = os.environ.get("TRONADOR_TEST_FLUX", "")
# Every crash point of a journey is tried. By default some of them are.
EVERY_POINT = bool(os.environ.get("TRONADOR_TEST_EVERY_POINT"))
