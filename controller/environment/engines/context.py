"""What an engine is told about a release beyond its environment's own spec."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.api.environment import Environment


@dataclass(frozen=True, slots=True)
class Reference:
    """An object in some namespace that a release refers to. `kind` is Secret or ConfigMap."""

    kind: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseContext:
    """An environment, and what was prepared for its release.

    Attributes:
        environment: the environment.
        git_secret: Secret in the environment's namespace with the repository's credentials, "" for none.
        service_account: account in the environment's namespace that the release runs as (engine 2).
        copies: name of the copy, in the environment's namespace, of an object referred to in another one.
    """

    environment: Environment
    git_secret: str = ""
    service_account: str = ""
    copies: Mapping[Reference, str] = field(default_factory=dict)
