"""What the commands about one environment of the cluster share: its name, with completion, and how it is read."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from controller.api.environment import ENVIRONMENTS, Environment
from controller.apimachinery import names, objects
from controller.apimachinery.errors import NotFound
from controller.apimachinery.objects import Object
from controller.apimachinery.options import OptionError
from controller.apimachinery.scope import Scope
from controller.app import clusters, completion, terminal
from controller.pipeline.errors import PipelineError

if TYPE_CHECKING:
    from controller.client import Client

_PAGE: Final = 500
# Seconds that a person waits for the names after pressing the tab key.
_COMPLETION_TIMEOUT: Final = 3.0


def add_name(parser: argparse._ActionsContainer, **kwargs: Any) -> None:
    """Add the argument NAME. Shells complete it with the names of the cluster's environments."""
    completion.complete(parser.add_argument("name", metavar="NAME", help="the environment's name", **kwargs), known)


def add_output(parser: argparse.ArgumentParser) -> None:
    """Add `-o`, for scripts."""
    parser.add_argument(
        "-o", "--output", choices=("text", "json"), default="text", help="how to print the result (default: text)"
    )


def check_name(name: str) -> str:
    """Return the name. Raises OptionError if no environment can have it."""
    if not names.is_dns_label(name):
        raise OptionError(f"NAME: {name!a} is not a valid name of an environment")
    return name


def show(parsed: argparse.Namespace, sentence: str, fields: Mapping[str, Any]) -> None:
    """Print the result on standard output, as `-o` says."""
    print(json.dumps(fields, indent=2) if parsed.output == "json" else terminal.printable(sentence))


@contextmanager
def existing(name: str) -> Iterator[None]:
    """Inside, an environment that does not exist becomes a PipelineError."""
    try:
        yield
    except NotFound as error:
        if error.resource_missing:
            raise
        raise PipelineError(f"environment {name!r} does not exist: `tronador list` shows all environments") from error


def read(client: Client, name: str) -> Environment:
    """Return an environment of the cluster. Raises PipelineError if it does not exist."""
    with existing(name):
        return Environment(client.get(ENVIRONMENTS, name))


def annotate(client: Client, name: str, annotations: Mapping[str, str | None]) -> Environment:
    """Set annotations of an environment, remove those that are None, and return what the cluster has now.

    Raises PipelineError if the environment does not exist.
    """
    with existing(name):
        return Environment(client.patch(ENVIRONMENTS, name, {"metadata": {"annotations": annotations}}))


def pages(client: Client, *, selector: str = "", metadata_only: bool = False) -> Iterator[Object]:
    """Yield all environments of the cluster."""
    token = ""
    while True:
        page = client.list(
            ENVIRONMENTS,
            label_selector=selector,
            limit=_PAGE,
            continue_token=token,
            metadata_only=metadata_only,
        )
        yield from page["items"]
        token = page["metadata"].get("continue") or ""
        if not token:
            return


def known(prefix: str, parsed_args: argparse.Namespace, **_: Any) -> list[str]:
    """Return the names that begin with `prefix`, for completion. Without an answer from the cluster there are none."""
    reached = clusters.connected(parsed_args, os.environ, command="completion", verbs="list")
    try:
        with Scope(timeout=_COMPLETION_TIMEOUT).bound(), reached as client:
            found = [objects.name(obj) for obj in pages(client, metadata_only=True)]
    except PipelineError:
        return []
    return sorted(name for name in found if name.startswith(prefix))
