"""Environments by their repository, so that a change of the TronadorConfig costs as much as there are repositories.

The cache keeps this index current. So neither a count nor a search has to look at every environment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Protocol

import structlog

from controller.api.environment import Environment
from controller.apimachinery import conditions, objects
from controller.apimachinery.conditions import TRUE
from controller.apimachinery.objects import Object

log = structlog.get_logger(__name__)

# The name of the index, and the first word of its values. The rest of a value is the repository.
INDEX: Final = "recipients"
READY: Final = "ready"
LOST: Final = "lost"
_OTHER: Final = "other"
_ODD: Final = "odd"

# The reason of ResourcesReady while an environment keeps what it got from a TronadorConfig that vanished by accident.
LOST_REASON: Final = "TronadorConfigLost"


class Environments(Protocol):
    """What is asked of the store of environments."""

    def by_index(self, index: str, value: str) -> tuple[Object, ...]:
        """The objects with a value in an index."""
        ...

    def index_sizes(self, index: str) -> Mapping[str, int]:
        """The number of objects for each value in an index."""
        ...


def index(obj: Object) -> tuple[str, ...]:
    """Return the value of an environment in the index."""
    try:
        environment = Environment(obj)
        return (f"{_state(environment)} {repository_of(environment)}",)
    except Exception:  # whatever one odd environment raises must not hide a change from it
        log.exception("repository of environment not found", environment=objects.name(obj))
        return (f"{_ODD} ",)


def repository_of(environment: Environment) -> str:
    """Return the git URL that decides what an environment gets. Code from a fork is trusted like that of no URL."""
    if environment.is_of_fork:
        return ""
    return str(environment.chart.get("git") or "")


def has_lost_config(environment: Environment) -> bool:
    """Whether the status of an environment says that the TronadorConfig of its shared objects is lost."""
    return _condition(environment).get("reason") == LOST_REASON


def repositories(environments: Environments, *states: str) -> Iterator[tuple[str, str, int]]:
    """Yield each value in the index, its repository, and how many environments have it; `states` limits them."""
    for value, size in sorted(environments.index_sizes(INDEX).items()):
        state, _, repository = value.partition(" ")
        if not states or state in states:
            yield value, repository, size


def is_always_concerned(value: str) -> bool:
    """Whether a change concerns the environments of a value even if their share stays the same."""
    # Some hold objects of a TronadorConfig that vanished, which no share shows, and of others the share is not known.
    return value.partition(" ")[0] in (LOST, _ODD)


def _state(environment: Environment) -> str:
    condition = _condition(environment)
    if condition.get("reason") == LOST_REASON:
        return LOST
    return READY if condition.get("status") == TRUE and not environment.is_deleting else _OTHER


def _condition(environment: Environment) -> Mapping[str, object]:
    return conditions.find(environment.conditions, "ResourcesReady") or {}
