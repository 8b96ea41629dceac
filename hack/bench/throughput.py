"""How fast is it? Many environments at once, from their creation until every status says deployed.

The engine answers at once, so the benchmark measures the controller and the cluster.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

from controller.api.environment import ENVIRONMENTS
from hack.bench.bed import Bed, environment, running


def add_to(benchmarks: Any) -> None:
    """Add the command to argparse's `benchmarks`."""
    parser = benchmarks.add_parser("throughput", help="how long many environments take", description=__doc__)
    parser.add_argument("--environments", type=int, default=200, help="default %(default)s")
    parser.add_argument("--workers", type=int, default=4, help="workers of the controller (default %(default)s)")
    parser.add_argument(
        "--engine", choices=("helm-operator", "flux"), default="helm-operator", help="default %(default)s"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> bool:
    """Run the benchmark. Returns True always, because it has no limit."""
    with running(options.engine) as bed:
        bed.start_engine(options.engine)
        bed.start_controller("--workers", str(options.workers))
        before = bed.metric("controller_runtime_reconcile_total")
        began = time.monotonic()
        for number in range(options.environments):
            bed.client.create(ENVIRONMENTS, environment(f"bench-{number}"))
        created = time.monotonic() - began
        bed.wait_until(lambda: _deployed(bed) == options.environments, "everything is deployed")
        seconds = time.monotonic() - began
        reconciles = bed.metric("controller_runtime_reconcile_total") - before
    print(f"{options.environments} environments deployed in {seconds:.1f} s, of which {created:.1f} s to create them")
    print(f"{options.environments / seconds:.1f} environments/s, {reconciles / seconds:.0f} reconciles/s")
    print(f"{reconciles / options.environments:.1f} reconciles for each environment, {options.workers} workers")
    return True


def _deployed(bed: Bed) -> int:
    """Return the controller's count of deployed environments; asking the cluster would slow it down."""
    return int(bed.metric("tronador_environments", 'status="deployed"'))
