"""The figures of a benchmark, and the tables and the JSON document that show them. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from hack.bench import requests
from hack.bench.requests import Counts

_MEBIBYTE = 2**20


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase of the life of N environments.

    Attributes:
        wall_seconds: until all were as wanted, or the duration of the phase if it has a fixed one.
        cpu_seconds: of the subject, until it was quiet again.
        engine_cpu_seconds: of the stand-in for the release engine.
        latencies: per environment, seconds from the request to the watch event that shows its end.
        counts: the requests.
        resident_bytes, peak_bytes: memory of the subject at the end, and its peak so far.
    """

    name: str
    wall_seconds: float
    cpu_seconds: float
    engine_cpu_seconds: float
    latencies: tuple[float, ...]
    counts: Counts
    resident_bytes: int
    peak_bytes: int


@dataclass(frozen=True, slots=True)
class Run:
    """What one subject did with `environments` environments."""

    subject: str
    environments: int
    phases: tuple[Phase, ...]

    def phase(self, name: str) -> Phase | None:
        """Return the phase with this name, if it was measured."""
        return next((phase for phase in self.phases if phase.name == name), None)


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that at least `percent` % of the values do not exceed; NaN if there are none."""
    if not values:
        return math.nan
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


def document(runs: Sequence[Run], about: Mapping[str, Any]) -> dict[str, Any]:
    """Return everything as one JSON document; `about` says what was measured, and where."""
    return {**about, "runs": [_run(run) for run in runs]}


def table(runs: Sequence[Run], environments: int) -> str:
    """Return a Markdown table of all subjects with this number of environments."""
    shown = [run for run in runs if run.environments == environments]
    head = [f"N = {environments}", *(run.subject for run in shown)]
    lines = [_row(head), _row("---" for _ in head)]
    for name in dict.fromkeys(phase.name for run in shown for phase in run.phases):
        for words, figure in _FIGURES.items():
            if name in _ROWS and words not in _ROWS[name]:
                continue
            lines.append(_row([f"{name}: {words}", *(_cell(run, name, figure) for run in shown)]))
    return "\n".join(lines)


def requests_table(run: Run) -> str:
    """Return a Markdown table of the requests of one subject for each environment."""
    names = [phase.name for phase in run.phases]
    kinds = sorted(requests.total(phase.counts for phase in run.phases))
    lines = [_row([f"{run.subject}, N = {run.environments}", *names]), _row("---" for _ in range(len(names) + 1))]
    lines += [
        _row([kind, *(f"{phase.counts[kind] / run.environments:.2f}" for phase in run.phases)])
        for kind in kinds
        if any(phase.counts[kind] / run.environments >= 0.005 for phase in run.phases)
    ]
    return "\n".join(lines)


def _seconds(phase: Phase, _: int) -> str:
    return f"{phase.wall_seconds:.1f}"


def _latencies(phase: Phase, _: int) -> str:
    return " / ".join(f"{percentile(phase.latencies, percent):.1f}" for percent in (50, 99))


def _cpu(phase: Phase, environments: int) -> str:
    return f"{phase.cpu_seconds / environments * 1000:.1f}"


def _cpu_seconds(phase: Phase, _: int) -> str:
    return f"{phase.cpu_seconds:.2f}"


def _share(phase: Phase, _: int) -> str:
    return f"{phase.cpu_seconds / phase.wall_seconds * 100:.2f}"


def _requests(phase: Phase, environments: int) -> str:
    counts = (requests.all_requests(phase.counts), requests.writes(phase.counts), requests.events(phase.counts))
    return " / ".join(f"{count / environments:.2f}" for count in counts)


def _engine(phase: Phase, environments: int) -> str:
    return f"{phase.engine_cpu_seconds / environments * 1000:.1f}"


def _memory(phase: Phase, _: int) -> str:
    return " / ".join(f"{size / _MEBIBYTE:.0f}" for size in (phase.resident_bytes, phase.peak_bytes))


_FIGURES: dict[str, Callable[[Phase, int], str]] = {
    "wall time, s": _seconds,
    "p50 / p99 of an environment, s": _latencies,
    "CPU per environment, ms": _cpu,
    "CPU, s": _cpu_seconds,
    "CPU, % of a core": _share,
    "requests / writes / Events per environment": _requests,
    "CPU of the engine's stand-in per environment, ms": _engine,
    "RSS / peak, MiB": _memory,
}
_OF_CHANGES = tuple(words for words in _FIGURES if words not in ("CPU, s", "CPU, % of a core"))
_ROWS = {
    "create": _OF_CHANGES,
    "update": _OF_CHANGES,
    "delete": _OF_CHANGES,
    "idle": ("CPU, % of a core", "requests / writes / Events per environment"),
    "restart": ("wall time, s", "CPU, s", "requests / writes / Events per environment", "RSS / peak, MiB"),
}


def _cell(run: Run, name: str, figure: Callable[[Phase, int], str]) -> str:
    phase = run.phase(name)
    return figure(phase, run.environments) if phase else "-"


def _row(cells: Any) -> str:
    return f"| {' | '.join(cells)} |"


def _run(run: Run) -> dict[str, Any]:
    return {"subject": run.subject, "environments": run.environments, "phases": [_phase(one) for one in run.phases]}


def _phase(phase: Phase) -> dict[str, Any]:
    fields = asdict(phase)
    fields.pop("latencies")
    fields["counts"] = dict(sorted(phase.counts.items()))
    if phase.latencies:
        fields |= {f"p{percent}_seconds": percentile(phase.latencies, percent) for percent in (50, 99)}
    return fields
