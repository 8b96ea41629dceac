"""`tronador validate`: checks config files, environments and TronadorConfigs without a cluster."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass

from controller.api.engines import AUTO
from controller.apimachinery.options import group
from controller.app import exits, options
from controller.app.commands import files
from controller.environment.options import release_engine
from controller.pipeline.errors import InvalidFiles
from controller.pipeline.rendering import validate
from controller.policy import PolicyOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    """The controller's options that decide what an environment may ask for."""

    policy: PolicyOptions = group(PolicyOptions)
    release_engine: str = release_engine()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the files, and the options of the controller that decide what is allowed."""
    parser.description = (
        "Check config files, EnvironmentProvisioners and TronadorConfigs against schema and policy. Each problem is a "
        "line file:line:column: field: what is wrong; what to do. Pass the same options as your controller has. Exit "
        "code 1: something is wrong."
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="YAML file, or - for standard input")
    options.add_arguments(parser, _Options)


def execute(parsed: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Check every file. Raises InvalidFiles with all problems, and OptionError."""
    chosen = options.read(_Options, parsed, environ)
    engine = "" if chosen.release_engine == AUTO else chosen.release_engine
    problems = [
        problem
        for file in parsed.files
        for problem in validate(files.read_bytes(file, "FILE"), file, chosen.policy, engine=engine)
    ]
    if problems:
        raise InvalidFiles(problems)
    return exits.OK
