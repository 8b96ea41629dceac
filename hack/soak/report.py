"""The report of a soak: Markdown, with plots beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from hack.bench import plots, requests
from hack.soak.bed import Bed
from hack.soak.samples import Sample, Verdict, total, verdicts
from hack.soak.soak import Outcome
from hack.soak.witness import Witness

# How the controller's requests begin to name themselves.
AGENT = "tronador"
_MOMENTS = (10, 30, 60)
_PLOTS: dict[str, tuple[str, str, Callable[[Sample], float]]] = {
    "memory": ("resident memory of the replicas", "MiB", lambda sample: sample.resident_bytes / 2**20),
    "threads": ("threads of the replicas", "threads", lambda sample: sample.threads),
    "files": ("open files and sockets of the replicas", "files", lambda sample: sample.files),
    "queue": ("keys that wait for a worker", "keys", lambda sample: sample.queue),
}


def write(folder: Path, bed: Bed, witness: Witness, outcome: Outcome) -> str:
    """Write report.md and the plots; returns the report."""
    samples = outcome.samples
    for name, (title, unit, read) in _PLOTS.items():
        lines = {
            replica: [(sample.at / 60.0, read(sample)) for sample in samples if sample.replica == replica]
            for replica in sorted({sample.replica for sample in samples})
        }
        if any(lines.values()):
            (folder / f"{name}.svg").write_text(plots.over_time(title, unit, lines))
    text = "\n\n".join(part for part in _parts(bed, witness, outcome) if part) + "\n"
    (folder / "report.md").write_text(text)
    return text


def _parts(bed: Bed, witness: Witness, outcome: Outcome) -> Iterable[str]:
    settings, counts = bed.settings, bed.journal.counts
    judged = verdicts(outcome.samples)
    seconds = bed.journal.now
    yield "# Soak"
    yield (
        f"{seconds / 60:.1f} minutes, about {settings.environments} environments, {settings.engine}, seed "
        f"{settings.seed}, {bed.site.version}. `hack/soak/README.md` describes what happens and what is checked."
    )
    yield f"**{_result(witness, judged)}**"
    for violation in witness.violations:
        yield f"## Broken: {violation.rule}\n\n{violation.environment}: {violation.text}"
        yield f"```\n{bed.journal.story(violation.environment)}\n```"
    yield "## What happened"
    shown = {**counts, "the lease changes hands": bed.leader_changes()}
    yield _table(["what", "times"], [[what, f"{count}"] for what, count in sorted(shown.items())])
    yield "## What was checked"
    rows = [[rule, f"{count}"] for rule, count in sorted(bed.rules.checked.items())]
    calms = outcome.calms
    longest = f", the longest took {max(calms):.0f} s" if calms else ""
    yield _table(["rule", "times"], [*rows, ["everything in order in a calm", f"{len(calms)}{longest}"]])
    yield f"{bed.rules.unjudged} changes were seen late, after a gap of a watch, and judged as far as that allows."
    yield "## What the replicas hold"
    yield _table(
        ["minute", "replica", "MiB", "threads", "files", "sockets", "queue", "timers"],
        [_row(minute, sample) for minute in _MOMENTS for sample in _at(outcome.samples, minute)],
    )
    yield _table(
        ["replica", "figure", "minutes", "median of the second third", "of the last third", "verdict"],
        [
            [
                one.replica,
                one.figure,
                f"{one.seconds / 60:.0f}",
                f"{one.middle:.1f}",
                f"{one.last:.1f}",
                "grows" if one.grows else "flat",
            ]
            for one in judged
        ],
    )
    asked = total(outcome.samples, lambda sample: sample.requests) / seconds * 60
    # The counters of a server that was there before contain the requests of other programs.
    counted = requests.writes(bed.site.requests.counts(AGENT)) / seconds * 60 if bed.site.is_local else 0.0
    written = f", and {counted:.0f} writes, without Leases and Events" if bed.site.is_local else ""
    processor = total(outcome.samples, lambda sample: sample.cpu_seconds) / seconds * 100
    yield (f"{asked:.0f} requests of the replicas a minute{written}; {processor:.1f} % of a core for all replicas.")
    yield "\n".join(f"![{title}]({name}.svg)" for name, (title, _, _) in _PLOTS.items())


def _result(witness: Witness, judged: Sequence[Verdict]) -> str:
    growing = sorted({f"{one.figure} of {one.replica}" for one in judged if one.grows})
    held = f"{len(witness.violations)} broken rules" if witness.violations else "Every rule held"
    if not judged:
        return f"{held}. No process lived long enough to see whether it grows."
    return f"{held}. " + (f"Growing: {', '.join(growing)}." if growing else "Everything is flat.")


def _at(samples: Sequence[Sample], minute: int) -> Iterable[Sample]:
    for replica in sorted({sample.replica for sample in samples}):
        before = [sample for sample in samples if sample.replica == replica and sample.at <= minute * 60.0]
        if before and samples[-1].at >= minute * 60.0 - 30.0:
            yield before[-1]


def _row(minute: int, sample: Sample) -> list[str]:
    role = "leader" if sample.leads else "standby"
    size = f"{sample.resident_bytes / 2**20:.1f}"
    figures = (sample.threads, sample.files, sample.sockets, sample.queue, sample.timers)
    return [f"{minute}", f"{sample.replica}, {role}", size, *map(str, figures)]


def _table(head: list[str], rows: list[list[str]]) -> str:
    if not rows:
        return ""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, ["---"] * len(head), *rows])
