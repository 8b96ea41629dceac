"""`python -m tests.fuzz`: tries other examples in each round, until the time is over or something is found."""

from __future__ import annotations

import argparse
import os
import secrets
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Besides this folder: the tests of single parsers, which have been there for longer.
OTHERS = (
    "tests/unit/pipeline/webhooks/test_any_body.py",
    "tests/unit/pipeline/yamlfiles/test_any_bytes.py",
    "tests/unit/apimachinery/test_jsontext.py",
    "tests/unit/client/test_wire.py",
)


def main() -> int:
    """Return 1 if something was found. The output has the example, as a call of its test."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__, allow_abbrev=False)
    parser.add_argument("--minutes", type=float, default=0.0, help="how long (default: one round)")
    parser.add_argument("--examples", type=int, default=300, help="of each test in a round (default %(default)s)")
    options = parser.parse_args()
    environ = {**os.environ, "TRONADOR_TEST_EXAMPLES": str(options.examples)}
    end, rounds = time.monotonic() + 60 * options.minutes, 0
    while rounds == 0 or time.monotonic() < end:
        seed = secrets.randbelow(2**32)
        print(f"round {rounds + 1}, --hypothesis-seed={seed}", flush=True)
        command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-m", "not slow", "-p", "no:cacheprovider"]
        command += [
            "--timeout=1200",
            "--hypothesis-profile=explore",
            f"--hypothesis-seed={seed}",
            "tests/fuzz",
            *OTHERS,
        ]
        if subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode:
            return 1
        rounds += 1
    print(f"nothing found in {rounds} rounds of {options.examples} examples for each test")
    return 0


if __name__ == "__main__":
    sys.exit(main())
