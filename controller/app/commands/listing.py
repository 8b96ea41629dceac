"""`tronador list`: prints the environments of the cluster, one on each line."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import yaml

from controller.api.summary import Summary, in_order, queue, summarize
from controller.apimachinery.timestamps import age, to_time
from controller.app import clusters, exits, terminal
from controller.app.commands import environments

_MESSAGE_WIDTH: Final = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's flags."""
    parser.description = "List the environments of the cluster, the newest last."
    parser.add_argument("-l", "--selector", metavar="SELECTOR", default="", help="only environments with these labels")
    parser.add_argument(
        "-o",
        "--output",
        choices=("table", "wide", "json", "yaml"),
        default="table",
        help="wide adds the namespace, the release and the message (default: table)",
    )
    clusters.add_arguments(parser)


def execute(parsed: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print the list. Raises PipelineError if the cluster cannot be read."""
    with clusters.connected(parsed, environ, command="list", verbs="list") as client:
        found = everything = in_order(map(summarize, environments.pages(client, selector=parsed.selector)))
        if parsed.selector and queue(found):
            # The environments that were not asked for wait in the same queue.
            everything = in_order(map(summarize, environments.pages(client)))
    print(show(found, queue(everything), parsed.output), end="")
    return exits.OK


def show(summaries: Sequence[Summary], positions: Mapping[str, int], output: str) -> str:
    """Return the list in the form `output`. `positions`: of the environments that wait for a place, by name."""
    if output in ("json", "yaml"):
        plain = [_plain(summary) | {"queuePosition": positions.get(summary.name)} for summary in summaries]
        return json.dumps(plain, indent=2) + "\n" if output == "json" else yaml.safe_dump(plain, sort_keys=False)
    if not summaries:
        return "No environments.\n"
    header = ["NAME", "STATUS", "PHASE", "AGE", "EXPIRES", "REPOSITORY", "PR", "TAG", "URL"]
    now = datetime.now(UTC)
    rows = [
        [s.name, s.status, s.phase, age(s.age(now)), _time(s.expires), s.repository, s.pull_request, s.image_tag, s.url]
        for s in summaries
    ]
    if output == "wide":
        header += ["NAMESPACE", "RELEASE", "REF", "MESSAGE"]
        for row, s in zip(rows, summaries, strict=True):
            row += [s.namespace, s.release, s.ref, s.headline[:_MESSAGE_WIDTH]]
    if positions:
        # Who waits for whom. Without limits there is nothing to say.
        header.insert(2, "PLACE")
        for row, s in zip(rows, summaries, strict=True):
            position = positions.get(s.name)
            row.insert(2, f"queue {position}" if position else "held" if s.holds_place else "")
    return table(header, rows)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return the rows in aligned columns, as kubectl prints them.

    Shows control characters as `?`, so that a value from the cluster cannot control the terminal.
    """
    lines = [list(header), *([terminal.printable(cell) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    aligned = ("   ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)
    return "".join(f"{line.rstrip()}\n" for line in aligned)


def _plain(summary: Summary) -> dict[str, Any]:
    """Return the summary with field names in the style of the Kubernetes API, for scripts."""
    plain = dataclasses.asdict(summary) | {"created": _time(summary.created), "expires": _time(summary.expires)}
    return {_camel(name): value for name, value in plain.items()}


def _time(moment: datetime | None) -> str:
    return to_time(moment) if moment else ""


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
