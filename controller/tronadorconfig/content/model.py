"""The parts of a TronadorConfig, each with its path in the object."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from controller.apimachinery.findings import Finding, Path
from controller.apimachinery.objects import Object


@dataclass(frozen=True, slots=True)
class Manifest:
    """An object for environments. `kind`, `api_version` and `name` are "" if they are missing or not strings.

    The body may contain a Secret's content, so it is excluded from `repr`. If `of_spec` is set, only the spec of the
    object is given in the TronadorConfig, at `path`.
    """

    path: Path
    api_version: str
    kind: str
    name: str
    body: Object = dataclasses.field(repr=False)
    of_spec: bool = False

    def place(self, within: Path) -> Path:
        """Return the path, in the TronadorConfig, of a part of the body."""
        return (*self.path, *(within[1:] if self.of_spec else within))

    @property
    def group(self) -> str:
        """The API group; "" for the core group."""
        return self.api_version.rpartition("/")[0]

    @property
    def key(self) -> tuple[str, str, str]:
        """(group, kind, name): identifies the object in a namespace, in every API version."""
        return (self.group, self.kind, self.name)


@dataclass(frozen=True, slots=True)
class SecretNames:
    """Names of Secrets for one repository or for all; "" if there is none."""

    auth_secret: str = ""
    image_pull_secret: str = ""


@dataclass(frozen=True, slots=True)
class RepositoryMapping:
    """The credentials of some repositories, each given by its bare name or as host/org/repository."""

    path: Path
    repositories: tuple[str, ...]
    credentials: SecretNames


@dataclass(frozen=True, slots=True)
class Copy:
    """A Secret in the controller's namespace to copy; `repositories` is None if every environment gets a copy."""

    path: Path
    name: str
    repositories: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigContent:
    """A parsed TronadorConfig.

    Attributes:
        manifests: the objects for every environment, those of `spec.defaults` included.
        secrets: Secrets that an environment gets if its credentials name them.
        mappings: the credentials of repositories.
        org_level: the credentials of repositories without a mapping.
        copies: Secrets that are copied from the controller's own namespace.
        faults: the problems of each manifest, by its path.
        misfits: fields whose type violates the schema, so that their meaning is unknown.
    """

    manifests: tuple[Manifest, ...] = ()
    secrets: tuple[Manifest, ...] = ()
    mappings: tuple[RepositoryMapping, ...] = ()
    org_level: SecretNames = SecretNames()
    copies: tuple[Copy, ...] = ()
    faults: Mapping[Path, tuple[Finding, ...]] = dataclasses.field(default_factory=dict)
    misfits: tuple[Finding, ...] = ()
