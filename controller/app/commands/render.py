"""`tronador render`: writes an environment from `.tronador.yaml` and the snapshot of a pull request."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from controller.app import exits, terminal
from controller.app.commands import files, naming
from controller.pipeline import rendering
from controller.pipeline.rendering import ConfigFile, Parameters
from controller.pipeline.yamlfiles import write


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's flags."""
    parser.description = (
        "Write the EnvironmentProvisioner of a pull request, made from the config file and the image, to standard "
        "output. With --output it goes to a file, and the environment's name to standard output. Exit code 1: the "
        "config file or a parameter is refused. Write flags as --git-ref=VALUE if others choose the value, because it "
        "may begin with a dash."
    )
    add = parser.add_argument
    add("--config", metavar="FILE", default=".tronador.yaml", help="the config file (default: .tronador.yaml)")
    add(
        "--base-config",
        metavar="FILE",
        help="the base branch's config file: namespaceLabels, values_from, secret_ref and preview_url are taken from "
        "there; a file that does not exist counts as empty",
    )
    add("--repo-name", metavar="NAME", required=True, help="bare name of the repository")
    add("--pr-number", metavar="NUMBER", required=True, help="number of the pull request")
    add("--git-url", metavar="URL", required=True, help="URL to clone the chart from; for a fork, the fork's URL")
    add("--git-ref", metavar="REF", required=True, help="branch of the pull request; for a fork, the commit")
    add("--repository-url", metavar="URL", default="", help="the pull request's repository (default: --git-url)")
    naming.add_repository_id(parser)
    add("--image-repository", metavar="NAME", required=True, help="the image that was built, without its tag")
    add("--image-tag", metavar="TAG", required=True, help="the image's tag")
    naming.add_template(parser)
    add("--fork", action="store_true", help="mark the environment as one of a fork")
    add("--commit", metavar="SHA", default="", help="commit of the code, for annotations")
    add("--branch", metavar="NAME", default="", help="branch of the code, for annotations; also of a fork")
    add("--author", metavar="NAME", default="", help="user name of the pull request's author, for annotations")
    add("--pull-request-url", metavar="URL", default="", help="URL of the pull request, for annotations")
    add("-o", "--output", metavar="FILE", help="file to write to; its folder is created if it is missing")


def execute(parsed: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Write the environment. Raises OptionError and PipelineError."""
    parameters = Parameters(
        repository_name=parsed.repo_name,
        number=naming.number_of(parsed.pr_number),
        git_url=parsed.git_url,
        git_ref=parsed.git_ref,
        repository_url=parsed.repository_url,
        repository_id=naming.repository_id_of(parsed),
        image_repository=parsed.image_repository,
        image_tag=parsed.image_tag,
        name_template=naming.template_of(parsed),
        fork=parsed.fork,
        commit=parsed.commit,
        branch=parsed.branch,
        author=parsed.author,
        pull_request_url=parsed.pull_request_url,
    )
    config = _read(parsed.config, "--config", parameters)
    base = None
    if parsed.base_config is not None:
        base = _base(parsed.base_config, parameters)
        for key in rendering.differences(config, base):
            terminal.say(f"tronador render: {key} is taken from {parsed.base_config}, which differs")
    environment = rendering.render(config, parameters, base=base)
    files.write_text(parsed.output, write(environment))
    if parsed.output is not None:
        print(parameters.name)
    return exits.OK


def _read(path: str, flag: str, parameters: Parameters) -> ConfigFile:
    return rendering.read_config(files.read_bytes(path, flag), path, parameters.placeholders)


def _base(path: str, parameters: Parameters) -> ConfigFile:
    # Without a config file, the base branch grants nothing to a pull request that adds one.
    return _read(path, "--base-config", parameters) if Path(path).exists() else rendering.NO_CONFIG
