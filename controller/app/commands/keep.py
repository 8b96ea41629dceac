"""`tronador keep`: keeps an environment from expiring, for ever or for a while."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from controller.api.environment import EXPIRE_AT_ANNOTATION, KEEP_ANNOTATION
from controller.apimachinery import durations, timestamps
from controller.apimachinery.options import OptionError
from controller.app import clusters, exits
from controller.app.commands import environments

_FOR_EVER = "true"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's flags."""
    parser.description = (
        f"Set the annotation {KEEP_ANNOTATION}, so that the environment does not expire. It is also how to bring an "
        "expired environment back."
    )
    environments.add_name(parser)
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--for", dest="duration", metavar="DURATION", help="keep it for this time, such as 36h or 3d")
    how.add_argument("--until", metavar="TIME", help="keep it until then, such as 2026-01-31T12:00:00Z")
    how.add_argument("--off", action="store_true", help="keep it no longer: it expires like all others")
    environments.add_output(parser)
    clusters.add_arguments(parser)


def execute(parsed: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Set or remove the annotation. Raises OptionError and PipelineError."""
    name, value = environments.check_name(parsed.name), value_of(parsed, datetime.now(UTC))
    with clusters.connected(parsed, environ, command="keep", verbs="patch", field_manager="tronador-keep") as client:
        # Without the second annotation, an environment that was to end at once lives again.
        environments.annotate(client, name, {KEEP_ANNOTATION: value} | ({EXPIRE_AT_ANNOTATION: None} if value else {}))
    environments.show(parsed, _sentence(name, value), {"name": name, "keep": value or ""})
    return exits.OK


def value_of(parsed: argparse.Namespace, now: datetime) -> str | None:
    """Return the annotation that the flags ask for, or None for no annotation. Raises OptionError."""
    if parsed.off:
        return None
    if parsed.duration is not None:
        try:
            duration = timedelta(seconds=durations.parse(parsed.duration))
            value = timestamps.to_time(now + duration)
        except (ValueError, OverflowError) as error:
            raise OptionError(f"--for: {error}") from None
        if duration < timedelta(seconds=1):
            raise OptionError(f"--for: {parsed.duration!a} is too short: name a longer time, or use --off")
        return value
    if parsed.until is None:
        return _FOR_EVER
    until = timestamps.from_time(parsed.until)
    if until is None:
        raise OptionError(f"--until: {parsed.until!a} is not a valid time: write 2026-01-31T12:00:00Z, or use --for 3d")
    if until <= now:
        raise OptionError(f"--until: {parsed.until!a} is over: name a later time, or use --off")
    return timestamps.to_time(until)


def _sentence(name: str, value: str | None) -> str:
    match value:
        case None:
            return f"{name} is kept no longer and expires like all others"
        case "true":
            return f"{name} is kept until you say otherwise: `tronador keep {name} --off`"
        case _:
            return f"{name} is kept until {value}"
