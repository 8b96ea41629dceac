"""The life of N environments, phase by phase, as one subject carries it out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from controller.api.environment import ENVIRONMENTS
from hack.bench import process, requests
from hack.bench.bed import BenchError, environment
from hack.bench.observer import Observer
from hack.bench.results import Phase, Run
from hack.bench.site import Site
from hack.bench.subjects import PROGRAM, Subject

PHASES = ("create", "idle", "update", "restart", "delete")
_PREFIX = "bench"
# The subject is quiet when it used less than this much CPU time, in seconds, within this many seconds.
_QUIET_CPU = 0.02
_QUIET_WINDOW = 2.0
_QUIET_DEADLINE = 120.0
_LOOK_SECONDS = 0.25
# For all environments together: this long, and some for each.
_DEADLINE_SECONDS = 300.0
_DEADLINE_SECONDS_EACH = 1.0

# Wraps a phase, to profile it.
Wrapper = Callable[[str, int], AbstractContextManager[None]]


def unwrapped(_name: str, _pid: int) -> AbstractContextManager[None]:
    """Do nothing besides a phase."""
    return nullcontext()


@dataclass(slots=True)
class Life:
    """One subject with N environments.

    Attributes:
        engine: the release engine that the subject uses.
        values: the values of each release.
        idle_seconds: how long the phase "idle" lasts.
        deletes: whether the environments are deleted in the end.
        command: changes the command line of the subject, for a memory profile.
        around: wraps each phase; is called with the name of the phase and the ID of the subject's process.
    """

    site: Site
    observer: Observer
    subject: Subject
    environments: int
    engine: str
    values: dict[str, Any]
    idle_seconds: float
    deletes: bool = True
    command: Callable[[list[str]], list[str]] = lambda arguments: arguments
    around: Wrapper = unwrapped
    _phases: list[Phase] = field(default_factory=list)

    def run(self) -> Run:
        """Go through all phases.

        Raises BenchError if environments are left from another run, or if a phase does not end in time.
        """
        if left := [name for name in self.observer.names() if name.startswith(f"{_PREFIX}-")]:
            raise BenchError(
                f"{len(left)} environments are left from another run, such as {left[0]}; delete them first"
            )
        self._start()
        self._await_quiet()
        with self._around("create"):
            self._change("create", self._create)
        with self._around("idle"):
            self._idle()
        with self._around("update"):
            self._change("update", self._update)
        self._restart()
        if self.deletes:
            with self._around("delete"):
                self._delete()
        self.site.programs.stop(PROGRAM)
        return Run(self.subject.name, self.environments, tuple(self._phases))

    def _start(self) -> None:
        arguments = self.command(self.subject.arguments(self.site, self.engine))
        self.site.programs.start(
            PROGRAM,
            arguments,
            ready=lambda: self.subject.is_ready(self.site),
            is_module=self.subject.is_module,
        )

    def _around(self, name: str) -> AbstractContextManager[None]:
        return self.around(name, self._pid())

    def _pid(self) -> int:
        return self.site.programs.pid(PROGRAM)

    def _names(self) -> Iterator[str]:
        return (f"{_PREFIX}-{number}" for number in range(self.environments))

    def _create(self, name: str) -> int:
        created = self.site.client.create(ENVIRONMENTS, environment(name, self.values))
        return int(created["metadata"]["generation"])

    def _update(self, name: str) -> int:
        patch = {"spec": {"application": {"release": {"values": {"image": {"tag": f"{time.monotonic_ns()}"}}}}}}
        return int(self.site.client.patch(ENVIRONMENTS, name, patch)["metadata"]["generation"])

    def _change(self, phase: str, request: Callable[[str], int]) -> None:
        with self._measured(phase) as measure:
            asked: dict[str, tuple[float, int]] = {}
            for name in self._names():
                began = time.monotonic()
                asked[name] = began, request(name)

            def end(name: str) -> float | None:
                return self.observer.deployed(name, asked[name][1])

            ends = self._await(asked, end, f"every environment is deployed after {phase}")
            measure.ended([(asked[name][0], ends[name]) for name in asked])

    def _delete(self) -> None:
        with self._measured("delete") as measure:
            self.observer.gone.clear()
            asked: dict[str, float] = {}
            for name in self._names():
                asked[name] = time.monotonic()
                self.site.client.delete(ENVIRONMENTS, name)
            ends = self._await(asked, self.observer.gone.get, "every environment is gone")
            measure.ended([(began, ends[name]) for name, began in asked.items()])

    def _idle(self) -> None:
        with self._measured("idle") as measure:
            threading.Event().wait(self.idle_seconds)
            measure.ended([], time.monotonic())

    def _restart(self) -> None:
        self.site.programs.stop(PROGRAM)
        with self._measured("restart", restarted=True) as measure:
            self._start()
            with self._around("restart"):
                measure.ended([], self._await_quiet())

    def _await(self, names: Iterable[str], end: Callable[[str], float | None], what: str) -> dict[str, float]:
        """Return when each environment came to its end, once all have."""
        pause = threading.Event()
        deadline = time.monotonic() + _DEADLINE_SECONDS + _DEADLINE_SECONDS_EACH * self.environments
        ends: dict[str, float] = {}
        pending = list(names)
        while pending:
            self.site.programs.check()
            if time.monotonic() > deadline:
                raise BenchError(f"timed out waiting until {what}: {len(pending)} are not, such as {pending[0]}")
            pause.wait(_LOOK_SECONDS)
            ends |= {name: when for name in pending if (when := end(name)) is not None}
            pending = [name for name in pending if name not in ends]
        return ends

    def _await_quiet(self) -> float:
        """Return since when the subject has done nothing, in monotonic seconds."""
        pause = threading.Event()
        deadline = time.monotonic() + _QUIET_DEADLINE
        since, spent = time.monotonic(), process.usage(self._pid()).cpu_seconds
        while time.monotonic() - since < _QUIET_WINDOW:
            pause.wait(_LOOK_SECONDS)
            now = process.usage(self._pid()).cpu_seconds
            if now - spent > _QUIET_CPU:
                since, spent = time.monotonic(), now
            if time.monotonic() > deadline:
                raise BenchError(f"{self.subject.name} was not quiet within {_QUIET_DEADLINE:g} s")
        return since

    @contextmanager
    def _measured(self, name: str, *, restarted: bool = False) -> Iterator[_Measure]:
        counts = self.site.requests.counts(self.subject.user_agent)
        spent = 0.0 if restarted else process.usage(self._pid()).cpu_seconds
        engine = process.usage(self.site.programs.pid("engine")).cpu_seconds
        measure = _Measure(began=time.monotonic())
        yield measure
        if not restarted and name != "idle":
            self._await_quiet()
        usage = process.usage(self._pid())
        self._phases.append(
            Phase(
                name=name,
                wall_seconds=measure.end - measure.began,
                cpu_seconds=usage.cpu_seconds - spent,
                engine_cpu_seconds=process.usage(self.site.programs.pid("engine")).cpu_seconds - engine,
                latencies=measure.latencies,
                counts=requests.difference(self.site.requests.counts(self.subject.user_agent), counts),
                resident_bytes=usage.resident_bytes,
                peak_bytes=usage.peak_bytes,
            )
        )


@dataclass(slots=True)
class _Measure:
    """When a phase began and ended, in monotonic seconds."""

    began: float
    end: float = 0.0
    latencies: tuple[float, ...] = ()

    def ended(self, spans: list[tuple[float, float]], end: float = 0.0) -> None:
        """`spans`: begin and end for each environment. `end`: of a phase without any."""
        self.end = max((last for _, last in spans), default=end)
        self.latencies = tuple(last - first for first, last in spans)
