"""What a process costs: CPU seconds and memory, as Linux counts them in /proc."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Usage:
    """The cost of one process since its start.

    Attributes:
        cpu_seconds: user and system time of all its threads, in steps of 10 ms.
        resident_bytes, peak_bytes: resident memory now, and the most it ever was.
    """

    cpu_seconds: float
    resident_bytes: int
    peak_bytes: int


def usage(pid: int) -> Usage:
    """Return the cost of a running process. Raises OSError if there is none with this ID."""
    folder = Path(f"/proc/{pid}")
    resident, peak = memory((folder / "status").read_text())
    seconds = cpu_seconds((folder / "stat").read_text(), os.sysconf("SC_CLK_TCK"))
    return Usage(seconds, resident, peak)


def cpu_seconds(stat: str, ticks_per_second: int) -> float:
    """Return user and system seconds from the text of /proc/PID/stat."""
    # The name of the program stands in parentheses and may contain spaces and parentheses.
    fields = stat.rpartition(")")[2].split()
    user, system = fields[11:13]
    return (int(user) + int(system)) / ticks_per_second


def memory(status: str) -> tuple[int, int]:
    """Return resident and peak bytes from the text of /proc/PID/status."""
    found = dict(re.findall(r"^(VmRSS|VmHWM):\s+(\d+) kB$", status, re.MULTILINE))
    return int(found["VmRSS"]) * 1024, int(found["VmHWM"]) * 1024
