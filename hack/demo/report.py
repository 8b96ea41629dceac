"""The summary at the end: how long each step took, what the controller wrote, and what went wrong."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

WRITES = ("create", "update", "patch", "delete")
# Neither is a write to an object of the environment.
UNCOUNTED = ("events", "leases")


@dataclass(frozen=True, slots=True)
class StepTime:
    """One step of the journey, with its duration in seconds and the times of its beginning and end (Unix)."""

    name: str
    seconds: float
    begin: float
    end: float


def show(console: Console, steps: Sequence[StepTime], *, audit_log: Path, controller_log: Path) -> None:
    """Print the summary table."""
    entries = [json.loads(line) for line in audit_log.read_text().splitlines()]
    writes = [entry for entry in entries if is_counted(entry)]
    table = Table(title="Summary", title_justify="left")
    table.add_column("step")
    table.add_column("seconds", justify="right")
    table.add_column("API writes", justify="right")
    table.add_column("which")
    for step in steps:
        during = [entry for entry in writes if step.begin <= entry["time"] < step.end]
        table.add_row(step.name, f"{step.seconds:.1f}", str(len(during)), _tally(during))
    console.print(table)
    # The reporter notes on an environment what it has shown, so a write of the status can come too late.
    overtaken = sum(1 for entry in writes if entry["code"] == HTTPStatus.CONFLICT)
    refused = sum(1 for entry in writes if entry["code"] >= HTTPStatus.BAD_REQUEST) - overtaken
    errors = [line for line in _lines(controller_log) if line.get("level") in ("error", "critical")]
    console.print(f"Writes that the API server refused: {refused}. Errors in the controller's log: {len(errors)}.")
    if overtaken:
        console.print(f"Writes that followed another program's and were decided again: {overtaken}.")
    for line in errors[:5]:
        console.print(f"  {line.get('event')}: {line.get('error', '')}", style="red")


def is_counted(entry: dict[str, Any]) -> bool:
    """Whether an audit entry is a write of the controller to an object or a status."""
    agent = str(entry["user_agent"])
    # The other commands have names of their own there.
    ours = agent.startswith("tronador") and agent.endswith("(run)")
    return ours and entry["verb"] in WRITES and entry["resource"] not in UNCOUNTED


def _tally(entries: Iterable[dict[str, Any]]) -> str:
    names = ("/".join(filter(None, (entry["resource"], entry["subresource"]))) for entry in entries)
    kinds = Counter(f"{entry['verb']} {name}" for entry, name in zip(entries, names, strict=True))
    return ", ".join(f"{count} {kind}" if count > 1 else kind for kind, count in kinds.items())


def _lines(log: Path) -> list[dict[str, Any]]:
    parsed = []
    for line in log.read_text(errors="replace").splitlines():
        try:
            parsed.append(json.loads(line))
        except ValueError:
            parsed.append({"level": "error", "event": line})
    return parsed
