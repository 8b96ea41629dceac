"""A GitRepository: its fields with their defaults, and which commit it asks for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from hack.standins.flux.resources import seconds

DEFAULT_BRANCH = "master"


class AuthError(Exception):
    """The Secret cannot be used; the text is what stands in the status."""


@dataclass(frozen=True, slots=True)
class Reference:
    """What to look up in a repository.

    Attributes:
        full_name: `refs/heads/...`, or "" where a commit is asked for alone.
        commit: the commit asked for, or "" for the newest.
        absolute: whether a revision contains the full name instead of the part after `refs/heads/`.
    """

    full_name: str
    commit: str = ""
    absolute: bool = False

    def revision(self, sha: str) -> str:
        """Return the value of `status.artifact.revision`: `branch@sha1:<sha>`."""
        name = self.full_name if self.absolute else self.full_name.split("/", 2)[-1]
        return f"{name}@sha1:{sha}" if name else f"sha1:{sha}"

    def missing(self, url: str) -> str:
        """The words for a reference that the repository lacks."""
        if self.commit:
            return f"unable to resolve commit object for '{self.commit}': object not found"
        if self.absolute:
            return f"unable to resolve ref '{self.full_name}' to a specific commit"
        return f"unable to clone '{url}': couldn't find remote ref \"{self.full_name}\""


@dataclass(frozen=True, slots=True)
class GitRepository:
    """A read view of one GitRepository."""

    obj: Object

    @property
    def spec(self) -> Mapping[str, Any]:
        return self.obj.get("spec") or {}

    @property
    def key(self) -> str:
        return objects.key(self.obj)

    @property
    def url(self) -> str:
        return str(self.spec["url"])

    @property
    def interval(self) -> float:
        return seconds(self.spec, "interval", 60.0)

    @property
    def suspended(self) -> bool:
        return bool(self.spec.get("suspend"))

    @property
    def secret_name(self) -> str:
        """The Secret with credentials, in the same namespace, or ""."""
        return str((self.spec.get("secretRef") or {}).get("name") or "")

    @property
    def artifact(self) -> Mapping[str, Any]:
        return (self.obj.get("status") or {}).get("artifact") or {}

    @property
    def reference(self) -> Reference:
        """commit > name > tag > branch, and `master` where nothing is said."""
        ref: Mapping[str, str] = self.spec.get("ref") or {}
        branch = ref.get("branch") or ""
        if commit := ref.get("commit"):
            return Reference(f"refs/heads/{branch}" if branch else "", commit)
        if name := ref.get("name"):
            return Reference(name, absolute=True)
        if tag := ref.get("tag"):
            return Reference(f"refs/tags/{tag}")
        return Reference(f"refs/heads/{branch or DEFAULT_BRANCH}")


def sha_of(revision: str) -> str:
    """The commit in a revision."""
    return revision.rpartition(":")[2]


def check_credentials(url: str, data: Mapping[str, str]) -> None:
    """Whether a Secret's data (None of it is shown) fits the URL. Raises AuthError with the original's words."""
    scheme = urlsplit(url).scheme
    if scheme in ("http", "https"):
        for one, other in (("username", "password"), ("password", "username")):
            if one in data and other not in data:
                raise AuthError(f"invalid '{scheme}' auth option: '{one}' requires '{other}' to be set")
    elif scheme == "ssh":
        for needed in ("identity", "known_hosts"):
            if needed not in data:
                raise AuthError(f"invalid 'ssh' auth option: '{needed}' is required")
