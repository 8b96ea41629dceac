"""`python -m hack.soak`: random life for some minutes or hours; ends with 1 when a rule was broken or a figure grew."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from controller.apimachinery.errors import ApiError
from controller.environment.engines import ENGINES
from hack.bench.bed import BenchError
from hack.demo.programs import ProgramError
from hack.soak import report
from hack.soak.bed import Settings, opened
from hack.soak.samples import verdicts
from hack.soak.soak import Soak
from hack.soak.witness import Witness


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0, 1 when something is wrong or nothing could be tried, 2 for bad arguments."""
    parser = argparse.ArgumentParser(prog="python -m hack.soak", description=__doc__, allow_abbrev=False)
    parser.add_argument("--minutes", type=float, default=10.0, help="default %(default)g")
    parser.add_argument("--environments", type=int, default=20, help="about how many (default %(default)s)")
    parser.add_argument("--engine", choices=sorted(ENGINES), default="helm-operator", help="default %(default)s")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000, help="of the moves; default: any")
    parser.add_argument("--rest", type=float, default=2.0, help="seconds between two moves (default %(default)g)")
    parser.add_argument(
        "--kubeconfig", default=os.environ.get("KUBECONFIG", ""), help="default $KUBECONFIG, else a local cluster"
    )
    parser.add_argument("--output", type=Path, default=Path("build/soak"), help="folder (default %(default)s)")
    given = parser.parse_args(arguments)
    # Handle SIGTERM like Ctrl-C, so that the programs end with the soak.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    settings = Settings(given.minutes, given.environments, given.engine, given.seed, given.rest)
    output = given.output.absolute()
    output.mkdir(parents=True, exist_ok=True)
    print(f"seed {settings.seed}, {settings.minutes:g} minutes, {settings.engine}; output: {output}", flush=True)
    try:
        return _run(settings, given.kubeconfig, output)
    except (BenchError, ProgramError, ApiError) as error:
        print(f"hack.soak: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 1


def _run(settings: Settings, kubeconfig: str, output: Path) -> int:
    with opened(settings, kubeconfig, output) as bed:
        witness = Witness(bed)
        witness.start()
        soak = Soak(bed, witness)
        try:
            soak.run()
        finally:
            witness.stop()
            print(report.write(output, bed, witness, soak.outcome), flush=True)
        soak.clean()
    growing = any(verdict.grows for verdict in verdicts(soak.outcome.samples))
    return 1 if witness.violations or growing else 0


if __name__ == "__main__":
    sys.exit(main())
