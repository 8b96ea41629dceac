"""What do very many environments cost at rest? Starts the controller in a cluster that has them already.

One environment is made in the ordinary way. Its objects are then copied in the state of the local cluster, so that
10 000 environments need no hours. Nothing is left to do for the controller, except to see that.
"""

from __future__ import annotations

import argparse
import json
import time
import uuid
from pathlib import Path
from typing import Any

from controller.api.environment import ENVIRONMENTS, LEASE_NAME
from controller.apimachinery.errors import NotFound
from controller.apimachinery.resources import LEASES
from controller.app.options import Options
from hack.bench import process
from hack.bench.bed import Bed, environment, running
from hack.bench.lifecycle import values

_NAME = "scale-0"
_QUIET_SECONDS = 3.0
# CPU seconds within them.
_QUIET_CPU = 0.03


def add_to(benchmarks: Any) -> None:
    """Add the command to argparse's `benchmarks`."""
    parser = benchmarks.add_parser("scale", help="start, memory and idling with many environments", description=__doc__)
    parser.add_argument("--environments", type=int, default=10_000, help="default %(default)s")
    parser.add_argument("--values-bytes", type=int, default=2048, help="size of a release's values (default 2048)")
    parser.add_argument("--idle-seconds", type=float, default=30.0, help="default %(default)s")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> bool:
    """Print the figures. Returns True always: it has no limit."""
    with running() as bed:
        _make_one(bed, options.values_bytes)
        bed.stop_cluster()
        multiply(bed.state_file, options.environments)
        bed.start_cluster()
        renewals = _Renewals(bed)
        began = time.monotonic()
        # The environments were deployed a moment ago, and nothing leads to a URL. So all of them would be looked at.
        bed.start_controller("--leader-elect", "true", "--discover-urls=false")
        settled = _await_quiet(bed, renewals)
        usage = process.usage(bed.controller_pid)
        print(f"{options.environments} environments: settled after {settled - began:.1f} s", end=", ")
        print(f"{usage.cpu_seconds:.2f} s of CPU, {_writes(bed):.0f} writes, with those that make its lease")
        print(f"resident memory: {usage.resident_bytes / 2**20:.0f} MiB, peak {usage.peak_bytes / 2**20:.0f} MiB")
        print(f"longest time between two renewals of the lease: {renewals.longest:.1f} s")
        before = process.usage(bed.controller_pid).cpu_seconds
        end = time.monotonic() + options.idle_seconds
        bed.wait_until(lambda: time.monotonic() > end, "the time of idling is over")
        idle = process.usage(bed.controller_pid).cpu_seconds - before
        print(f"idle: {100 * idle / options.idle_seconds:.2f} % of a core")
        before = process.usage(bed.controller_pid).cpu_seconds
        bed.version_seen()
        print(f"one scrape of the metrics: {process.usage(bed.controller_pid).cpu_seconds - before:.2f} s of CPU")
    return True


def multiply(state: Path, count: int) -> None:
    """Copy what belongs to the environment in a state file of the local cluster, until there are `count` of it."""
    document = json.loads(state.read_text(encoding="utf-8"))
    version = int(document["version"])
    own = [item for entry in document["resources"] for item in entry["items"] if _is_own(item)]
    uids = [item["metadata"]["uid"] for item in own]
    for entry in document["resources"]:
        texts = [json.dumps(item) for item in entry["items"] if _is_own(item)]
        for number in range(1, count):
            for text in texts:
                copy = text.replace(_NAME, f"scale-{number}")
                for uid in uids:
                    copy = copy.replace(uid, str(uuid.uuid5(uuid.UUID(uid), str(number))))
                item = json.loads(copy)
                version += 1
                item["metadata"]["resourceVersion"] = str(version)
                entry["items"].append(item)
    document["version"] = version
    state.write_text(json.dumps(document), encoding="utf-8")


def _is_own(item: dict[str, Any]) -> bool:
    return _NAME in (item["metadata"]["name"], item["metadata"].get("namespace"))


def _make_one(bed: Bed, values_bytes: int) -> None:
    bed.start_engine("helm-operator")
    bed.start_controller()
    bed.client.create(ENVIRONMENTS, environment(_NAME, values(values_bytes)))

    def is_settled() -> bool:
        status = bed.client.get(ENVIRONMENTS, _NAME).get("status") or {}
        return status.get("applicationStatus") == "deployed" and not bed.metric("workqueue_depth")

    bed.wait_until(is_settled, "the first environment is deployed")
    _await_quiet(bed)
    bed.stop_engine()
    bed.stop_controller()


def _writes(bed: Bed) -> float:
    """Return how many requests the controller has sent that change something; it renews its lease with PUT."""
    return sum(bed.metric("rest_client_requests_total", f'method="{method}"') for method in ("POST", "PATCH", "DELETE"))


class _Renewals:
    """Looks at the lease and remembers the longest time between two renewals, in seconds."""

    def __init__(self, bed: Bed) -> None:
        self.longest = 0.0
        self._bed = bed
        self._last = ("", time.monotonic())

    def look(self) -> None:
        """Look now."""
        try:
            lease = self._bed.client.get(LEASES, LEASE_NAME, namespace=Options().namespace)
        except NotFound:
            return
        renewed = str(lease["spec"].get("renewTime"))
        if renewed != self._last[0]:
            if self._last[0]:
                self.longest = max(self.longest, time.monotonic() - self._last[1])
            self._last = (renewed, time.monotonic())


def _await_quiet(bed: Bed, renewals: _Renewals | None = None) -> float:
    """Return since when the controller has done nothing, in monotonic seconds."""
    since, spent = time.monotonic(), 0.0

    def is_quiet() -> bool:
        nonlocal since, spent
        if renewals is not None:
            renewals.look()
        now = process.usage(bed.controller_pid).cpu_seconds
        if now - spent > _QUIET_CPU:
            since, spent = time.monotonic(), now
        return time.monotonic() - since > _QUIET_SECONDS

    bed.wait_until(is_quiet, "the controller is quiet")
    return since
