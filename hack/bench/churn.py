"""Do busy days leave anything behind? Opens, changes and closes pull requests, each under a name of its own.

An hour of the day is a batch: its environments are created, updated and deleted at once, beside others that stay. So a
day takes minutes. What the controller keeps for an environment that is gone would add up. It does keep something for
some minutes, such as the last few thousand Events. In a day that is so short this grows until its limit is reached, so
the first day is the warm-up.
"""

from __future__ import annotations

import argparse
import itertools
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.api.environment import ENVIRONMENTS
from hack.bench import process
from hack.bench.bed import Bed, environment, running
from hack.bench.lifecycle import values
from hack.bench.observer import Observer

LIMIT_PERCENT = 5.0
_ENGINE = "helm-operator"


@dataclass(frozen=True, slots=True)
class Sample:
    """What the controller holds at the end of an hour. `files`: its open files and sockets."""

    hour: int
    resident_bytes: int
    cpu_seconds: float
    threads: int
    files: int


def add_to(benchmarks: Any) -> None:
    """Add the command to argparse's `benchmarks`."""
    parser = benchmarks.add_parser("churn", help="what two days of pull requests leave behind", description=__doc__)
    parser.add_argument("--hours", type=int, default=48, help="default %(default)s; the first half is the warm-up")
    parser.add_argument("--standing", type=int, default=300, help="environments that stay (default %(default)s)")
    parser.add_argument("--hourly", type=int, default=50, help="pull requests in an hour (default %(default)s)")
    parser.add_argument("--pushes", type=int, default=2, help="to each pull request (default %(default)s)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> bool:
    """Whether memory grew by less than LIMIT_PERCENT after the warm-up, and threads and files not at all."""
    with running() as bed:
        bed.start_engine(_ENGINE)
        bed.start_controller("--release-engine", _ENGINE, "--discover-urls", "false")
        observer = Observer(bed.client)
        try:
            observer.await_sync()
            day = _Day(bed, observer, options.pushes)
            day.open([f"standing-{number}" for number in range(options.standing)])
            samples = []
            for hour in range(1, options.hours + 1):
                day.pass_hour([f"hour-{hour}-{number}" for number in range(options.hourly)])
                samples.append(_sample(hour, bed.controller_pid))
                print(_line(samples[-1]), flush=True)
        finally:
            observer.stop()
    return judge(samples)


def judge(samples: list[Sample]) -> bool:
    """Print what grew after the warm-up, and return whether that is within the limits."""
    first, last = samples[(len(samples) - 1) // 2], samples[-1]
    growth = 100.0 * (last.resident_bytes / first.resident_bytes - 1.0)
    grown = f"{growth:.1f} % of memory (limit {LIMIT_PERCENT:g} %)"
    counts = f"{last.threads - first.threads} threads, {last.files - first.files} files"
    print(f"growth from hour {first.hour} to {last.hour}: {grown}, {counts}")
    return growth < LIMIT_PERCENT and last.threads <= first.threads and last.files <= first.files


class _Day:
    """Carries out what people do, and waits until the controller has followed."""

    def __init__(self, bed: Bed, observer: Observer, pushes: int) -> None:
        self._bed = bed
        self._observer = observer
        self._pushes = pushes
        self._values = values(2048)
        self._tags = itertools.count()

    def pass_hour(self, names: list[str]) -> None:
        """Open, change and close pull requests."""
        self.open(names)
        for _ in range(self._pushes):
            self._await_deployed({name: self._push(name) for name in names})
        for name in names:
            self._bed.client.delete(ENVIRONMENTS, name)
        gone = self._observer.gone
        self._bed.wait_until(lambda: all(name in gone for name in names), "the closed environments are gone")
        gone.clear()

    def open(self, names: Iterable[str]) -> None:
        """Create environments and wait until they are deployed."""
        client = self._bed.client
        created = {name: client.create(ENVIRONMENTS, environment(name, self._values)) for name in names}
        self._await_deployed({name: obj["metadata"]["generation"] for name, obj in created.items()})

    def _push(self, name: str) -> int:
        patch = {"spec": {"application": {"release": {"values": {"image": {"tag": f"{next(self._tags)}"}}}}}}
        return int(self._bed.client.patch(ENVIRONMENTS, name, patch)["metadata"]["generation"])

    def _await_deployed(self, generations: dict[str, int]) -> None:
        def all_deployed() -> bool:
            return all(self._observer.deployed(*wanted) is not None for wanted in generations.items())

        self._bed.wait_until(all_deployed, "the environments are deployed")


def _sample(hour: int, pid: int) -> Sample:
    usage = process.usage(pid)
    folder = Path(f"/proc/{pid}")
    threads, files = len(os.listdir(folder / "task")), len(os.listdir(folder / "fd"))
    return Sample(hour, usage.resident_bytes, usage.cpu_seconds, threads, files)


def _line(sample: Sample) -> str:
    size = sample.resident_bytes / 2**20
    spent = f"{sample.cpu_seconds:6.1f} s of CPU so far"
    return f"hour {sample.hour:2}: {size:6.1f} MiB, {spent}, {sample.threads} threads, {sample.files} files"
