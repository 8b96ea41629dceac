"""What an engine needs to know about a release beyond the spec of its environment."""

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
        git_secret: the Secret with the credentials of the repository, in the environment's namespace, or "".
        service_account: the account whose rights apply to the chart, in the environment's namespace, or "".
        copies: by object in another namespace, the name of its copy in the environment's namespace.
        suspended: whether the engine must not touch the release.
    """

    environment: Environment
    git_secret: str = ""
    service_account: str = ""
    copies: Mapping[Reference, str] = field(default_factory=dict)
    suspended: bool = False
