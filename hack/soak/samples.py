"""What the controllers hold, over time, and whether it grows. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

# A process is judged when it has lived for this many samples.
_LEAST = 24
_MEBIBYTE = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What one process holds at one moment.

    Attributes:
        at: seconds since the soak began.
        life: how often the replica was started before, and with this process.
        queue, timers: keys that wait for a worker, and keys that wait for their time.
        panics: reconciles that ended with an unexpected exception.
        requests: that it has sent since its start.
    """

    at: float
    replica: str
    life: int
    leads: bool
    resident_bytes: int
    cpu_seconds: float
    threads: int
    files: int
    sockets: int
    queue: int
    timers: int
    panics: int
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a figure of one process developed: its medians in the second and in the last third of its life."""

    replica: str
    figure: str
    seconds: float
    middle: float
    last: float
    grows: bool


@dataclass(frozen=True, slots=True)
class _Figure:
    """A figure that must not grow, beyond the larger of a share and an absolute amount."""

    read: Callable[[Sample], float]
    share: float
    amount: float


FIGURES = {
    "resident memory, MiB": _Figure(lambda sample: sample.resident_bytes / _MEBIBYTE, 0.05, 3.0),
    "threads": _Figure(lambda sample: sample.threads, 0.05, 2.0),
    "open files": _Figure(lambda sample: sample.files, 0.05, 3.0),
    "sockets": _Figure(lambda sample: sample.sockets, 0.05, 3.0),
    "queue": _Figure(lambda sample: sample.queue, 0.5, 5.0),
    "timers": _Figure(lambda sample: sample.timers, 0.5, 10.0),
}


def verdicts(samples: Sequence[Sample]) -> list[Verdict]:
    """Compare the last third with the second one, in the longest time in which a process led, or did not.

    A leader has more threads, connections and timers than a standby.
    """
    found = []
    for replica in sorted({sample.replica for sample in samples}):
        lives: dict[tuple[int, bool], list[Sample]] = {}
        for sample in samples:
            if sample.replica == replica:
                lives.setdefault((sample.life, sample.leads), []).append(sample)
        life = max(lives.values(), key=len)
        if len(life) < _LEAST:
            continue
        third = len(life) // 3
        for name, figure in FIGURES.items():
            middle = statistics.median(map(figure.read, life[third : 2 * third]))
            last = statistics.median(map(figure.read, life[2 * third :]))
            grows = last - middle > max(figure.share * middle, figure.amount)
            seconds = life[-1].at - life[0].at
            found.append(Verdict(replica=replica, figure=name, seconds=seconds, middle=middle, last=last, grows=grows))
    return found


def total(samples: Sequence[Sample], read: Callable[[Sample], float]) -> float:
    """Return how much a counter of all processes grew, in total; a process begins at zero."""
    lives: dict[tuple[str, int], float] = {}
    for sample in samples:
        lives[sample.replica, sample.life] = read(sample)
    return sum(lives.values())
