"""`tronador open`: prints the URL of an environment, and opens it in a browser."""

from __future__ import annotations

import argparse
import dataclasses
import sys
import webbrowser
from collections.abc import Mapping

from controller.api.environment import Environment
from controller.apimachinery import weburls
from controller.app import clusters, exits
from controller.app.commands import environments
from controller.pipeline.errors import PipelineError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's flags."""
    parser.description = (
        "Print the URL of an environment and open it in the browser, if there is one. In a script, whose output is not "
        "a terminal, it only prints."
    )
    environments.add_name(parser)
    parser.add_argument("--print", dest="only_print", action="store_true", help="open no browser")
    environments.add_output(parser)
    clusters.add_arguments(parser)


def execute(parsed: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print the URL, and open it. Raises OptionError, and PipelineError if there is no URL."""
    name = environments.check_name(parsed.name)
    with clusters.connected(parsed, environ, command="open", verbs="get") as client:
        environment = environments.read(client, name)
    # The text comes from the cluster. Nothing else may reach a terminal or a browser.
    urls = [url for url in environment.urls if weburls.is_valid(url.url)]
    if not weburls.is_valid(environment.url):
        raise PipelineError(_without(environment))
    fields = {"name": name, "url": environment.url, "urls": [dataclasses.asdict(url) for url in urls]}
    environments.show(parsed, environment.url, fields)
    if not parsed.only_print and parsed.output == "text" and sys.stdout.isatty():
        webbrowser.open(environment.url)
    return exits.OK


def _without(environment: Environment) -> str:
    name, state = environment.name, str(environment.status.get("applicationStatus") or "pending")
    if state == "deployed":
        return (
            f"{name} is deployed and has no URL: docs/preview-url.md says where it comes from, and `tronador reconcile "
            f"{name}` looks for it again"
        )
    if state == "expired":
        return f"{name} has expired, so it has no URL: a push, or `tronador keep {name}`, brings it back"
    return f"{name} has no URL yet, because it is {state}: `tronador wait {name}` waits until it is deployed"
