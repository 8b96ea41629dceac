"""`python -m tests.explore`: goes through all histories up to a size, and prints each broken rule with a story."""

from __future__ import annotations

import argparse
import sys

import structlog

from controller.environment.engines import ENGINES
from tests.explore.explorer import Budget
from tests.explore.scenarios import WORLDS, Scenario


def main() -> int:
    """Return 1 if a rule is broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.explore", description=__doc__, allow_abbrev=False)
    parser.add_argument("--engine", choices=ENGINES, default="helm-operator", help="default %(default)s")
    parser.add_argument("--changes", type=int, default=3, help="of people, in one history (default %(default)s)")
    parser.add_argument("--faults", type=int, default=0, help="crashes, lost answers, failures (default %(default)s)")
    parser.add_argument("--world", choices=WORLDS, default="single", help="default %(default)s")
    parser.add_argument("--first", action="store_true", help="end with the first broken rule")
    options = parser.parse_args()
    # The reconciler logs each write, and there are millions.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    world = WORLDS[options.world](options.engine)
    found = Scenario(world, Budget(options.changes, options.faults)).explore(ends_early=options.first)
    print(*found.violations, found, sep="\n\n")
    return 1 if found.violations else 0


if __name__ == "__main__":
    sys.exit(main())
