"""The wall clock of the controller can be moved while it runs."""

import subprocess
import sys

from hack.paths import ROOT

PROGRAM = """
import sys, time
from pathlib import Path
from hack.soak import clocked
file = Path(sys.argv[1])
file.write_text("0")
clocked.move(file)
from datetime import UTC, datetime
before, steady = datetime.now(UTC), time.monotonic()
file.write_text("3600")
assert 3600 <= (datetime.now(UTC) - before).total_seconds() < 3700
assert 3600 <= time.time() - before.timestamp() < 3700
assert time.monotonic() - steady < 60
assert isinstance(datetime.now(UTC), datetime)
assert isinstance(datetime.fromisoformat("2026-01-01T00:00:00+00:00"), datetime)
"""


def test_the_wall_clock_jumps_and_the_monotonic_one_does_not(tmp_path):
    subprocess.run([sys.executable, "-c", PROGRAM, str(tmp_path / "clock")], cwd=ROOT, check=True)
