"""`tronador reconcile`: makes the controller reconcile an environment now."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from controller.api.environment import RECONCILE_AT_ANNOTATION, Environment
from controller.apimachinery import durations
from controller.apimachinery.errors import RequestTimeout
from controller.apimachinery.options import OptionError
from controller.apimachinery.scope import Scope
from controller.app import clusters, exits, signals, terminal
from controller.app.commands import environments
from controller.pipeline.errors import PipelineError

if TYPE_CHECKING:
    from controller.client import Client


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's flags."""
    parser.description = (
        f"Set the annotation {RECONCILE_AT_ANNOTATION} and wait until the controller has reconciled the environment. "
        "Flux then checks the environment's source and release too. Exit code 0: done; 1: this is not possible, and "
        "the last line says why; 2: the time is over."
    )
    environments.add_name(parser)
    parser.add_argument("--timeout", metavar="DURATION", default="1m", help="how long to wait (default: 1m)")
    clusters.add_arguments(parser)


def execute(parsed: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Request a reconcile, and wait until it is done. Raises OptionError and PipelineError."""
    environments.check_name(parsed.name)
    try:
        timeout = durations.parse(parsed.timeout)
    except ValueError as error:
        raise OptionError(f"--timeout: {error}") from None
    reached = clusters.connected(
        parsed, environ, command="reconcile", verbs="get, list, watch and patch", field_manager="tronador-reconcile"
    )
    with reached as client, signals.ending_in_order():
        value = _ask(client, parsed.name)
        try:
            with Scope(timeout=timeout).bound() as scope:
                handled = _await(client, parsed.name, value, scope)
        except RequestTimeout:
            _say(parsed.name, f"not reconciled within {timeout:g}s: check that the controller runs")
            return exits.USAGE
    message = handled.status.get("applicationStatusMsg")
    _say(parsed.name, ": ".join(filter(None, (str(handled.status.get("applicationStatus") or ""), message))))
    return exits.OK


def _ask(client: Client, name: str) -> str:
    """Set the annotation to a new value, and return the value."""
    value = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    if environments.read(client, name).suspended:
        raise PipelineError(f"{name} is suspended, so the controller changes nothing: set spec.suspend to false")
    environments.annotate(client, name, {RECONCILE_AT_ANNOTATION: value})
    return value


def _await(client: Client, name: str, value: str, scope: Scope) -> Environment:
    # Imported here, because most steps of a pipeline need no cluster, and this import takes a second.
    from controller.pipeline.waiting.watching import states

    for live in states(client, name, scope=scope, trouble=lambda text: _say(name, text)):
        if live is None:
            raise PipelineError(f"{name} was deleted meanwhile")
        environment = Environment(live)
        if environment.handled_reconcile_at == value:
            return environment
        if environment.reconcile_at != value:
            raise PipelineError(f"somebody else has requested a reconcile of {name} in the meantime: try again")
    raise AssertionError("the states of an environment never end")


def _say(name: str, text: str) -> None:
    terminal.say(f"tronador reconcile: {name}: {text}")
