"""`tronador expire`: ends an environment now, until somebody uses it again."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import UTC, datetime

from controller.api.environment import EXPIRE_AT_ANNOTATION, KEEP_ANNOTATION
from controller.apimachinery import timestamps
from controller.app import clusters, exits, terminal
from controller.app.commands import environments
from controller.pipeline.errors import PipelineError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's flags."""
    parser.description = (
        f"Set the annotation {EXPIRE_AT_ANNOTATION} to now: the controller removes the release and the namespace, and "
        "what is only in them is lost. The EnvironmentProvisioner stays. The next push, or `tronador keep`, brings the "
        "environment back. An environment that is kept is kept no longer."
    )
    environments.add_name(parser)
    environments.add_output(parser)
    clusters.add_arguments(parser)


def execute(parsed: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Set the annotation. Raises OptionError, and PipelineError if this is not possible."""
    name = environments.check_name(parsed.name)
    with clusters.connected(
        parsed, environ, command="expire", verbs="get and patch", field_manager="tronador-expire"
    ) as client:
        environment = environments.read(client, name)
        if environment.suspended:
            raise PipelineError(f"{name} is suspended, and a suspended environment does not expire")
        # The controller's clock may be ahead of ours. What it has seen as the last activity comes first in any case.
        now = datetime.now(UTC)
        value = timestamps.to_time(max(now, environment.last_activity or now))
        environments.annotate(client, name, {EXPIRE_AT_ANNOTATION: value, KEEP_ANNOTATION: None})
    if environment.keep:
        terminal.say(f"tronador expire: {name} was kept ({environment.keep}); it is kept no longer")
    # What has expired, and is kept, is about to come back.
    is_over = environment.has_expired and not environment.keep
    what = "has expired already" if is_over else "expires now, or later if many others do"
    sentence = f"{name} {what}; a push, or `tronador keep {name}`, brings it back"
    environments.show(parsed, sentence, {"name": name, "expireAt": value})
    return exits.OK
