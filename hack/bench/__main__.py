"""`python -m hack.bench BENCHMARK`: measures, and ends with 1 when a limit is exceeded."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence

from controller.apimachinery.errors import ApiError
from hack.bench import churn, lifecycle, memory, outage, page, scale
from hack.bench.bed import BenchError
from hack.demo.programs import ProgramError


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0, 1 when a limit is exceeded or nothing could be measured, 2 for bad arguments."""
    parser = argparse.ArgumentParser(prog="python -m hack.bench", description=__doc__, allow_abbrev=False)
    benchmarks = parser.add_subparsers(required=True, metavar="BENCHMARK")
    churn.add_to(benchmarks)
    memory.add_to(benchmarks)
    outage.add_to(benchmarks)
    page.add_to(benchmarks)
    lifecycle.add_to(benchmarks)
    scale.add_to(benchmarks)
    options = parser.parse_args(arguments)
    # Handle SIGTERM like Ctrl-C, so that the programs end with the benchmark.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        within_limits: bool | None = options.run(options)
    except (BenchError, ProgramError, ApiError) as error:
        print(f"hack.bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 1
    # A benchmark without a limit returns None.
    return 1 if within_limits is False else 0


if __name__ == "__main__":
    sys.exit(main())
