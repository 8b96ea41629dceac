"""Whose an environment's file is: the repository and the pull request that it was rendered from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from controller.api.environment import PULL_REQUEST_ANNOTATION, REPOSITORY_ANNOTATION, REPOSITORY_ID_ANNOTATION
from controller.apimachinery import giturls, objects
from controller.apimachinery.objects import Object

# Hosts on which `Acme/Shop` and `acme/shop` are one repository. So it is on all hosts that number their repositories.
_FOLDING: Final = ("github.com", "gitlab.com", "bitbucket.org", "codeberg.org", "gitea.com")
_PORT: Final = re.compile(r":[0-9]+(?=/)")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an environment comes from; each part is "" where it is not known.

    Attributes:
        repository: `host/org/repository`, the same for every URL of one repository.
        pull_request: its number.
        repository_id: the repository's number at its provider; it outlives a new name and a new owner.
    """

    repository: str = ""
    pull_request: str = ""
    repository_id: str = ""

    def is_of_same_repository(self, other: Origin) -> bool:
        """Whether both name the same repository: by its number where both have one, else by its place."""
        if self._host and self._host == other._host:
            if self.repository_id and other.repository_id:
                return self.repository_id == other.repository_id
            if self.repository_id or other.repository_id or self._host in _FOLDING:
                return self.repository.lower() == other.repository.lower()
        # One host, by https and by ssh on another port: not the number alone, for each port could be a host of its own.
        if self.repository_id and self.repository_id == other.repository_id:
            return self._without_port.lower() == other._without_port.lower()
        return self.repository == other.repository

    def is_same_by_number(self, other: Origin) -> bool:
        """Whether both are surely the same pull request, whatever the name of their repository."""
        if not (self._host and self.repository_id and self.pull_request) or self._host != other._host:
            return False
        return (self.repository_id, self.pull_request) == (other.repository_id, other.pull_request)

    def contradicts(self, other: Origin) -> bool:
        """Whether both are known, and differ."""
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
    """What an environment's annotations say."""
    annotations = objects.annotations(environment)
    return Origin(
        location(str(annotations.get(REPOSITORY_ANNOTATION) or "")),
        str(annotations.get(PULL_REQUEST_ANNOTATION) or ""),
        str(annotations.get(REPOSITORY_ID_ANNOTATION) or ""),
    )


def location(url: str) -> str:
    """The one form of a repository's URLs; what is none stands for itself."""
    try:
        return giturls.parse(url).location
    except ValueError:
        return url
