"""`python -m tests.mutations`: tries random pairs of mutations, and prints each broken rule."""

from __future__ import annotations

import argparse
import sys

import structlog

from controller.api.environment import ENVIRONMENTS
from controller.api.tronador_config import TRONADOR_CONFIGS
from controller.environment.engines import ENGINES
from tests.mutations.campaign import Campaign


def main() -> int:
    """Return 1 if a rule is broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutations", description=__doc__, allow_abbrev=False)
    parser.add_argument("--pairs", type=int, default=200, help="for each engine and each kind (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the choice (default %(default)s)")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    is_broken = False
    for engine in ENGINES:
        for resource in (ENVIRONMENTS, TRONADOR_CONFIGS):
            campaign = Campaign(engine, resource)
            trial = campaign.in_pairs(options.pairs, options.seed)
            print(*trial.broken, f"{campaign}: {trial}", sep="\n\n", flush=True)
            is_broken = is_broken or bool(trial.broken)
    return 1 if is_broken else 0


if __name__ == "__main__":
    sys.exit(main())
