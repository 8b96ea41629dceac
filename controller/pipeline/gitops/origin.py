"""The owner of an environment's file: the repository and the pull request that it was rendered from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from controller.api.environment import PULL_REQUEST_ANNOTATION, REPOSITORY_ANNOTATION, REPOSITORY_ID_ANNOTATION
from controller.apimachinery import giturls, objects
from controller.apimachinery.objects import Object

# Hosts on which `Acme/Shop` and `acme/shop` are one repository. The same holds for every host with repository IDs.
_FOLDING: Final = ("github.com", "gitlab.com", "bitbucket.org", "codeberg.org", "gitea.com")
_PORT: Final = re.compile(r":[0-9]+(?=/)")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an environment comes from. A field is "" if it is not known.

    Attributes:
        repository: `host/org/repository`, the same for every URL of one repository.
        pull_request: number of the pull request.
        repository_id: the provider's ID of the repository, which stays the same when its name or owner changes.
    """

    repository: str = ""
    pull_request: str = ""
    repository_id: str = ""

    def is_of_same_repository(self, other: Origin) -> bool:
        """Return whether both name the same repository: by ID if both have one, otherwise by location."""
        if self._host and self._host == other._host:
            if self.repository_id and other.repository_id:
                return self.repository_id == other.repository_id
            if self.repository_id or other.repository_id or self._host in _FOLDING:
                return self.repository.lower() == other.repository.lower()
        # One host, by https and by ssh on another port. The ID alone is not enough: each port could be another server.
        if self.repository_id and self.repository_id == other.repository_id:
            return self._without_port.lower() == other._without_port.lower()
        return self.repository == other.repository

    def is_same_by_number(self, other: Origin) -> bool:
        """Return whether both are certainly the same pull request, whatever their repository was called."""
        if not (self._host and self.repository_id and self.pull_request) or self._host != other._host:
            return False
        return (self.repository_id, self.pull_request) == (other.repository_id, other.pull_request)

    def contradicts(self, other: Origin) -> bool:
        """Return whether both name a repository, or both a pull request, and these differ."""
        if self.repository and other.repository and not self.is_of_same_repository(other):
            return True
        return bool(self.pull_request and other.pull_request and self.pull_request != other.pull_request)

    @property
    def _host(self) -> str:
        return self.repository.partition("/")[0]

    @property
    def _without_port(self) -> str:
        return _PORT.sub("", self.repository)


def of(environment: Object) -> Origin:
    """Return the origin that an environment's annotations name."""
    annotations = objects.annotations(environment)
    return Origin(
        location(str(annotations.get(REPOSITORY_ANNOTATION) or "")),
        str(annotations.get(PULL_REQUEST_ANNOTATION) or ""),
        str(annotations.get(REPOSITORY_ID_ANNOTATION) or ""),
    )


def location(url: str) -> str:
    """Return the normalized location of a repository URL, or `url` itself if it is not one."""
    try:
        return giturls.parse(url).location
    except ValueError:
        return url
