"""Where the time goes: py-spy samples a running process, and this module sums up what it wrote."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hack.bench.bed import BenchError

_RATE = 200
_STOP_SECONDS = 60.0
_ROOM = re.compile(r"\((?:.*/)?((?:controller|hack|site-packages|python3\.\d+)/[^:)]*)")


@contextmanager
def sampled(pid: int, stacks: Path) -> Iterator[None]:
    """Sample a process during the block, whenever one of its threads holds the interpreter's lock.

    Writes `stacks`: a line for each stack, with its number of samples. Raises BenchError if py-spy fails.
    """
    program = shutil.which("py-spy", path=str(Path(sys.executable).parent))
    if program is None:
        raise BenchError("py-spy is not installed: make .venv/.installed")
    arguments = ["record", "--gil", "--threads", "--format", "raw", "--rate", str(_RATE), "--nonblocking"]
    process = subprocess.Popen(
        [program, *arguments, "--pid", str(pid), "--output", str(stacks)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=_STOP_SECONDS)
    if not stacks.exists():
        raise BenchError(f"py-spy wrote nothing: {errors.strip()}")


def parse(text: str) -> list[tuple[tuple[str, ...], int]]:
    """Return stacks, outermost frame first, with their samples, from the text that py-spy writes as `raw`."""
    found = []
    for line in text.splitlines():
        stack, _, samples = line.rpartition(" ")
        found.append((tuple(stack.split(";")), int(samples)))
    return found


def table(stacks: Iterable[tuple[tuple[str, ...], int]], *, rows: int = 15) -> str:
    """Return a Markdown table of the functions in whose calls most samples lie, and of those with most of their own."""
    stacks = list(stacks)
    total = sum(samples for _, samples in stacks) or 1
    within: Counter[str] = Counter()
    own: Counter[str] = Counter()
    for stack, samples in stacks:
        names = [_short(frame) for frame in stack if _ROOM.search(frame)]
        for name in set(names):
            within[name] += samples
        if names:
            own[names[-1]] += samples
    lines = ["| function | % of samples in its calls | % in itself |", "| --- | --- | --- |"]
    shown = dict.fromkeys(name for counter in (within, own) for name, _ in counter.most_common(rows))
    ordered = sorted(shown, key=lambda name: (-within[name], name))
    lines += [f"| {name} | {100 * within[name] / total:.1f} | {100 * own[name] / total:.1f} |" for name in ordered]
    return "\n".join(lines)


def _short(frame: str) -> str:
    """`send (…/controller/client/transport.py:88)` → `controller/client/transport.py send`."""
    found = _ROOM.search(frame)
    return f"{found[1] if found else ''} {frame.partition(' (')[0]}"
