"""An environment's file: what has to be known of it before it is published, waited for, or overwritten."""

from __future__ import annotations

from typing import Any, Final

import yaml

from controller.api.environment import ENVIRONMENTS, Environment
from controller.pipeline.errors import PipelineError

_SIZE_LIMIT: Final = 2 * 1024 * 1024


class _Loader(yaml.SafeLoader):
    """YAML as JSON knows it: no dates, which a cluster takes for texts, and no aliases, which nobody needs here."""

    yaml_implicit_resolvers = {
        letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("it has an alias (*name)")
        return super().compose_node(parent, index)


def read(content: bytes) -> Environment:
    """The environment in a file's `content`. ValueError: there is none, or not exactly one."""
    if len(content) > _SIZE_LIMIT:
        raise ValueError(f"it is longer than {_SIZE_LIMIT} bytes")
    try:
        document = yaml.load(content, Loader=_Loader)  # noqa: S506 (a SafeLoader that knows even less)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ValueError(f"it is not YAML: {' '.join(str(error).split())}") from None
    wanted = (ENVIRONMENTS.api_version, ENVIRONMENTS.kind)
    if not isinstance(document, dict) or (document.get("apiVersion"), document.get("kind")) != wanted:
        raise ValueError(f"it is no {ENVIRONMENTS.kind} of {ENVIRONMENTS.api_version}")
    if not isinstance(document.get("metadata"), dict) or not isinstance(document.get("spec"), dict):
        raise ValueError("it has no metadata or no spec")
    return Environment(document)


def read_environment(content: bytes, file: str) -> Environment:
    """The environment in a file that was named on the command line. PipelineError: see `read`."""
    try:
        return read(content)
    except ValueError as error:
        raise PipelineError(f"{file}: {error}; give it what `tronador render` writes") from None
