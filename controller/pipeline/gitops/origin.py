"""Whose an environment's file is: the repository and the pull request that it was rendered from."""

from __future__ import annotations

from dataclasses import dataclass

from controller.api.environment import PULL_REQUEST_ANNOTATION, REPOSITORY_ANNOTATION
from controller.apimachinery import giturls, objects
from controller.apimachinery.objects import Object


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an environment comes from; each part is "" where it is not known.

    Attributes:
        repository: `host/org/repository`, the same for every URL of one repository.
        pull_request: its number.
    """

    repository: str = ""
    pull_request: str = ""

    def contradicts(self, other: Origin) -> bool:
        """Whether both are known, and differ."""
        return _differ(self.repository, other.repository) or _differ(self.pull_request, other.pull_request)


def of(environment: Object) -> Origin:
    """What an environment's annotations say."""
    annotations = objects.annotations(environment)
    return Origin(
        location(str(annotations.get(REPOSITORY_ANNOTATION) or "")),
        str(annotations.get(PULL_REQUEST_ANNOTATION) or ""),
    )


def location(url: str) -> str:
    """The one form of a repository's URLs; what is none stands for itself."""
    try:
        return giturls.parse(url).location
    except ValueError:
        return url


def _differ(one: str, other: str) -> bool:
    return bool(one and other and one != other)
