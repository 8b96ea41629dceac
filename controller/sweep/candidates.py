"""The environments in the files of a GitOps repository. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from controller.api.environment import REPOSITORY_ANNOTATION, Environment
from controller.apimachinery import giturls, names, objects
from controller.apimachinery.giturls import GitURL
from controller.pipeline import gitops
from controller.pipeline.yamlfiles.text import SIZE_LIMIT

_NUMBER: Final = re.compile(r"[1-9][0-9]{0,9}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An environment that may be retired.

    Attributes:
        content: its file.
        origin: the pull request that it belongs to.
        repository: the location of that pull request's repository.
        number: that of the pull request.
    """

    name: str
    content: bytes
    environment: Environment
    origin: gitops.Origin
    repository: GitURL
    number: int


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file whose pull request cannot be asked for, and why."""

    name: str
    reason: str


def read(documents: Mapping[str, bytes | None]) -> tuple[tuple[Candidate, ...], tuple[Skipped, ...]]:
    """Return the environments in these files, and the files that say too little.

    `documents`: content by name, None for a file that is too long.
    """
    found = [_read(name, content) for name, content in sorted(documents.items())]
    return (
        tuple(one for one in found if isinstance(one, Candidate)),
        tuple(one for one in found if isinstance(one, Skipped)),
    )


def _read(name: str, content: bytes | None) -> Candidate | Skipped:
    if content is None:
        return Skipped(name, f"the file is longer than {SIZE_LIMIT} bytes, so it is not read: shorten it, or remove it")
    environment = gitops.peek(content)
    if environment is None or not names.is_dns_label(name):
        return Skipped(name, "the file is not an environment that tronador published")
    if environment.name != name:
        return Skipped(name, f"the file holds another environment, {environment.name[:63]!a}")
    repository = giturls.find(objects.text(objects.annotations(environment.obj).get(REPOSITORY_ANNOTATION)))
    if repository is None or not _NUMBER.fullmatch(environment.pull_request):
        return Skipped(name, "its annotations do not name a pull request")
    return Candidate(
        name=name,
        content=content,
        environment=environment,
        origin=gitops.origin_of(environment.obj),
        repository=repository,
        number=int(environment.pull_request),
    )
