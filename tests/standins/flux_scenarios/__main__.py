"""`python -m tests.standins.flux_scenarios [NAME ...]`: records scenarios with the real Flux into tests/fixtures/flux.

TRONADOR_TEST_KUBECONFIG names a cluster with the rights of an administrator. Flux must run there, with its git over
HTTP from this machine, beside `python -m hack.standins kubelet` or real nodes.

`scenario` says what a scenario is, and `catalogue` has all of them. `performing` and `world` perform one in a namespace
of any cluster, `watching` sees what Flux writes meanwhile, `shape` leaves out what differs from run to run, and
`recording` keeps the result in a file.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from controller.client import Client
from controller.client.config import load
from hack.standins.git.server import GitServer
from tests.standins.flux_scenarios import recording
from tests.standins.flux_scenarios.catalogue import SCENARIOS
from tests.standins.flux_scenarios.performing import perform


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 once everything is recorded."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.standins.flux_scenarios", description="Records scenarios with the real Flux."
    )
    parser.add_argument("names", metavar="NAME", nargs="*", choices=[[], *SCENARIOS], help="default: all")
    parser.add_argument("--helm-controller", metavar="VERSION", required=True, help="the version that runs")
    parser.add_argument("--source-controller", metavar="VERSION", required=True, help="the version that runs")
    parser.add_argument("--kubernetes", metavar="VERSION", help="default: what the API server says")
    options = parser.parse_args(arguments)
    client = Client(connection=load(kubeconfig=os.environ["TRONADOR_TEST_KUBECONFIG"]), field_manager="tronador")
    source = {
        "helm-controller": options.helm_controller,
        "source-controller": options.source_controller,
        "kubernetes": options.kubernetes or client.server_version()["gitVersion"].removeprefix("v"),
        "date": datetime.now(UTC).date(),
    }
    with tempfile.TemporaryDirectory() as folder, GitServer(root=Path(folder)) as server:
        for name in options.names or SCENARIOS:
            _record(name, source, client=client, folder=Path(folder), server=server)
    client.close()
    return 0


def _record(name: str, source: dict[str, object], *, client: Client, folder: Path, server: GitServer) -> None:
    began = time.monotonic()
    namespace = f"flux-scenario-{name}-{time.time_ns():x}"
    performed = perform(
        SCENARIOS[name], client=client, namespace=namespace, folder=folder / namespace, url=f"{server.url}/{namespace}"
    )
    steps = recording.recorded(performed)
    try:
        before = recording.read(name)["steps"]
    except FileNotFoundError:
        before = []
    judged = recording.with_judgements(steps, before)
    recording.write(name, {"about": SCENARIOS[name].about, "recorded": source, "steps": judged})
    print(f"{name}: {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    sys.exit(main())
