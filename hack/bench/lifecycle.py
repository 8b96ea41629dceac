"""What do N environments cost from their creation to their end? The controller beside its peers, in one run.

Phases: create until all are deployed, idle, update every environment, restart until quiet, delete until all are gone.
The release engine is a stand-in that answers at once.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

from hack.bench import plots, profiles, results
from hack.bench.bed import BenchError
from hack.bench.observer import Observer
from hack.bench.phases import PHASES, Life, unwrapped
from hack.bench.results import Phase, Run
from hack.bench.site import Site, opened
from hack.bench.subjects import SUBJECTS, Subject, program

_CURVES = ("create", "update", "delete")


def add_to(benchmarks: Any) -> None:
    """Add the command to argparse's `benchmarks`."""
    parser = benchmarks.add_parser("lifecycle", help="what environments cost, beside peers", description=__doc__)
    parser.add_argument(
        "--environments", type=_numbers, default=[200], metavar="N[,N…]", help="how many, one life each (default 200)"
    )
    parser.add_argument(
        "--subjects",
        type=_subjects,
        default=[SUBJECTS["tronador"]],
        metavar="NAME[,NAME…]",
        help=f"of {', '.join(SUBJECTS)}",
    )
    parser.add_argument(
        "--program",
        type=_program,
        action="append",
        default=[],
        dest="programs",
        metavar="NAME=PATH",
        help="another subject: a program that takes --kubeconfig, prints a line `ready`, and has NAME as user agent",
    )
    parser.add_argument(
        "--engine", choices=("helm-operator", "flux"), default="helm-operator", help="default %(default)s"
    )
    parser.add_argument("--values-bytes", type=int, default=2048, help="size of a release's values (default 2048)")
    parser.add_argument("--idle-seconds", type=float, default=30.0, help="default %(default)s")
    parser.add_argument(
        "--kubeconfig", default=os.environ.get("KUBECONFIG", ""), help="default $KUBECONFIG, else local"
    )
    parser.add_argument("--audit-log", default="", help="JSON audit log of that API server, to count per client")
    parser.add_argument(
        "--keep-last",
        action="store_true",
        help="do not delete the last environments, which takes longest, from a server that is thrown away",
    )
    parser.add_argument("--output", type=Path, default=Path("build/bench"), help="folder (default %(default)s)")
    parser.add_argument("--profile", action="store_true", help="sample each phase with py-spy")
    parser.add_argument("--memory-profile", action="store_true", help="record allocations with memray")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Run the benchmark and write results.json, results.md and plots."""
    subjects = [*options.subjects, *options.programs]
    for subject in subjects:
        if options.engine not in subject.engines:
            raise BenchError(f"{subject.name} works with {', '.join(subject.engines)} only")
        if not subject.is_module and (options.profile or options.memory_profile):
            raise BenchError(f"{subject.name} may not be written in Python, so it cannot be profiled; leave it out")
    options.output.mkdir(parents=True, exist_ok=True)
    runs: list[Run] = []
    profiled: list[str] = []
    with opened(options.kubeconfig, options.audit_log, options.engine) as site:
        site.start_engine(options.engine)
        about = {
            "server": site.version,
            "requests": site.requests.words,
            "engine": options.engine,
            "values_bytes": options.values_bytes,
            "python": platform.python_version(),
            "cores": os.cpu_count(),
        }
        lives = [(environments, subject) for environments in options.environments for subject in subjects]
        for number, (environments, subject) in enumerate(lives, 1):
            deletes = number < len(lives) or not options.keep_last
            runs.append(_life(site, options, subject, environments, profiled, deletes=deletes))
            print(results.table(runs[-1:], environments), end="\n\n", flush=True)
    (options.output / "results.json").write_text(json.dumps(results.document(runs, about), indent=1) + "\n")
    report = _report(runs, about, options.environments, profiled)
    (options.output / "results.md").write_text(report)
    _plot(runs, options.output)
    print(report)


def _life(
    site: Site, options: argparse.Namespace, subject: Subject, environments: int, profiled: list[str], *, deletes: bool
) -> Run:
    title = f"{subject.name}-{environments}"
    observer = Observer(site.client)
    try:
        life = Life(
            site=site,
            observer=observer,
            subject=subject,
            environments=environments,
            engine=options.engine,
            values=values(options.values_bytes),
            idle_seconds=options.idle_seconds,
            deletes=deletes,
            command=partial(_with_memray, options.output, title) if options.memory_profile else _unchanged,
            around=partial(_sample, options.output, title) if options.profile else unwrapped,
        )
        observer.await_sync()
        found = life.run()
    finally:
        observer.stop()
    if options.profile:
        for phase in PHASES if deletes else PHASES[:-1]:
            stacks = profiles.parse(_stacks(options.output, title, phase).read_text())
            profiled.append(f"### {title}, {phase}\n\n{profiles.table(stacks)}\n")
    return found


def values(size: int) -> dict[str, Any]:
    """Return values of about `size` bytes, nested as those of a chart."""
    values: dict[str, Any] = {"image": {"repository": "registry.example.org/application", "tag": "SNAPSHOT-PR-1-0"}}
    settings: dict[str, str] = {}
    while len(json.dumps(values | {"env": settings})) < size:
        settings[f"SETTING_{len(settings)}"] = "https://service.example.org/path"
    return values | {"env": settings}


def _stacks(folder: Path, title: str, phase: str) -> Path:
    return folder / f"{title}-{phase}.stacks"


def _sample(folder: Path, title: str, phase: str, pid: int) -> AbstractContextManager[None]:
    return profiles.sampled(pid, _stacks(folder, title, phase))


def _unchanged(arguments: list[str]) -> list[str]:
    return arguments


def _with_memray(folder: Path, title: str, arguments: list[str]) -> list[str]:
    # The process ID keeps the recordings before and after the restart apart.
    recording = folder.absolute() / f"{title}-{len(list(folder.glob(f'{title}-*.memray')))}.memray"
    options = ["--force", "--quiet", "--aggregate", "--trace-python-allocators"]
    return ["memray", "run", *options, "--output", str(recording), "-m", *arguments]


def _report(runs: Sequence[Run], about: dict[str, Any], counts: Sequence[int], profiled: Sequence[str]) -> str:
    facts = ", ".join(f"{name} {value}" for name, value in about.items())
    command = f"python -m hack.bench {' '.join(sys.argv[1:])}"
    parts = [f"`{command}`: {facts}\n", *(f"{results.table(runs, count)}\n" for count in dict.fromkeys(counts))]
    parts += [f"{results.requests_table(run)}\n" for run in runs if run.environments == max(counts)]
    return "\n".join([*parts, *profiled])


def _plot(runs: Sequence[Run], folder: Path) -> None:
    figures: dict[str, tuple[str, Callable[[Run, Phase], float]]] = {
        "cpu": ("ms CPU", lambda run, phase: phase.cpu_seconds / run.environments * 1000),
        "memory": ("MiB", lambda _, phase: phase.peak_bytes / 2**20),
    }
    for phase in _CURVES:
        title, (unit, figure) = f"{phase}: CPU per environment", figures["cpu"]
        if not any(run.phase(phase) for run in runs):
            continue
        (folder / f"cpu-{phase}.svg").write_text(plots.plot(title, unit, _series(runs, phase, figure)))
    unit, figure = figures["memory"]
    (folder / "memory.svg").write_text(plots.plot("peak memory", unit, _series(runs, "update", figure)))


def _series(
    runs: Sequence[Run], name: str, figure: Callable[[Run, Phase], float]
) -> dict[str, list[tuple[float, float]]]:
    series: dict[str, list[tuple[float, float]]] = {}
    for run in runs:
        if phase := run.phase(name):
            series.setdefault(run.subject, []).append((run.environments, figure(run, phase)))
    return series


def _numbers(text: str) -> list[int]:
    numbers = [int(part) for part in text.split(",")]
    if min(numbers) < 1:
        raise ValueError(text)
    return numbers


def _subjects(text: str) -> list[Subject]:
    names = text.split(",")
    if unknown := set(names) - SUBJECTS.keys():
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(sorted(unknown))}")
    return [SUBJECTS[name] for name in names]


def _program(text: str) -> Subject:
    name, _, path = text.partition("=")
    if not name or not path:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=PATH")
    if name in SUBJECTS:
        raise argparse.ArgumentTypeError(f"{name} is a subject already; choose another name")
    return program(name, path)
