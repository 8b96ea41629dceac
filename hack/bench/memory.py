"""Does memory stay flat? Sends many updates of a fixed number of objects, each cached, handled and reconciled.

The environments have invalid names: they are reconciled to the end at once, without a namespace or a
release, so that the time goes into what is measured.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

from controller.api.environment import ENVIRONMENTS
from hack.bench.bed import Bed, environment, running

LIMIT_PERCENT = 5.0
_PREFIX = "bench"


def add_to(benchmarks: Any) -> None:
    """Add the command to argparse's `benchmarks`."""
    parser = benchmarks.add_parser(
        "memory", help="how much the controller's memory grows over many updates", description=__doc__
    )
    parser.add_argument("--objects", type=int, default=1000, help="environments (default %(default)s)")
    parser.add_argument("--updates", type=int, default=100_000, help="measured updates (default %(default)s)")
    parser.add_argument(
        "--warm-up", type=int, default=10_000, help="updates before the measurement (default %(default)s)"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> bool:
    """Whether the controller grew by less than LIMIT_PERCENT."""
    with running() as bed:
        bed.start_controller("--protected-namespaces", f"{_PREFIX}-*", "--status-settle", "0")
        for number in range(options.objects):
            bed.client.create(ENVIRONMENTS, environment(f"{_PREFIX}-{number}"))
        _update(bed, options.warm_up, options.objects)
        before = bed.resident_bytes()
        began = time.monotonic()
        _update(bed, options.updates, options.objects)
        seconds = time.monotonic() - began
        after = bed.resident_bytes()
    growth = 100.0 * (after - before) / before
    print(f"{options.updates} updates over {options.objects} objects in {seconds:.0f} s")
    print(f"resident memory: {_mebibytes(before)} after {options.warm_up} updates, {_mebibytes(after)} at the end")
    print(f"growth: {growth:.1f} % (limit {LIMIT_PERCENT:g} %)")
    return growth < LIMIT_PERCENT


def _update(bed: Bed, count: int, objects: int) -> None:
    """Update the objects in turn, and wait until the controller has worked all of it off."""
    version = 0
    for number in range(count):
        patch = {"metadata": {"annotations": {"example.org/update": f"{time.monotonic_ns()}"}}}
        updated = bed.client.patch(ENVIRONMENTS, f"{_PREFIX}-{number % objects}", patch)
        version = int(updated["metadata"]["resourceVersion"])
    bed.wait_until(lambda: bed.version_seen() >= version, "the controller has seen every update")
    bed.wait_until(lambda: not bed.metric("workqueue_depth"), "the queue is empty")


def _mebibytes(count: int) -> str:
    return f"{count / 2**20:.1f} MiB"
