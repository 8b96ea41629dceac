"""The parts of a TronadorConfig, each with the path of the field that it stands in."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from controller.apimachinery.objects import Object


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: a CamelCase reason for conditions, where it stands, and what would be right."""

    reason: str
    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


@dataclass(frozen=True, slots=True)
class Manifest:
    """An object for environments. `kind`, `api_version` and `name` are "" where they are missing or no text.

    Its body may be a Secret with its content, so it is left out of the representation.
    """

    field: str
    api_version: str
    kind: str
    name: str
    body: Object = dataclasses.field(repr=False)

    @property
    def group(self) -> str:
        """Its API group; "" for the core group."""
        return self.api_version.rpartition("/")[0]

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is in a namespace: (group, kind, name), whichever version it is written in."""
        return (self.group, self.kind, self.name)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Names of Secrets for one repository or all of them; "" for none."""

    auth_secret: str = ""
    image_pull_secret: str = ""


@dataclass(frozen=True, slots=True)
class RepositoryMapping:
    """The credentials of some repositories, each by its bare name or as host/org/repository."""

    field: str
    repositories: tuple[str, ...]
    credentials: Credentials


@dataclass(frozen=True, slots=True)
class Copy:
    """A Secret of the controller's own namespace; `repositories` is None where every environment gets a copy."""

    field: str
    name: str
    repositories: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedConfig:
    """A TronadorConfig.

    Attributes:
        manifests: what every environment gets.
        secrets: what those get whose repository maps to it, by its name.
        mappings: which credentials belong to which repositories.
        org_level: the credentials of the repositories that no mapping names.
        copies: Secrets that are copied from the controller's own namespace.
        faults: by the field of a manifest, what is wrong with it.
        misfits: fields that are not of the form that the schema asks for. Nothing can be said about what they meant.
    """

    manifests: tuple[Manifest, ...] = ()
    secrets: tuple[Manifest, ...] = ()
    mappings: tuple[RepositoryMapping, ...] = ()
    org_level: Credentials = Credentials()
    copies: tuple[Copy, ...] = ()
    faults: Mapping[str, tuple[Problem, ...]] = dataclasses.field(default_factory=dict)
    misfits: tuple[Problem, ...] = ()
