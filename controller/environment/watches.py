"""What is watched, and which environments an object concerns. One row for each informer; RBAC has one rule for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from controller.api.environment import ENVIRONMENT_LABEL, ENVIRONMENTS
from controller.api.tronador_config import TRONADOR_CONFIGS
from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import NAMESPACES, SECRETS, Resource
from controller.environment import engines
from controller.environment.observe import ENVIRONMENT_INDEX, environment_of

IndexFunction = Callable[[Object], list[str]]


@dataclass(frozen=True, slots=True)
class Watch:
    """One informer.

    Attributes:
        resource: what is watched.
        keys: the environments (by name) that an object may concern; None where it takes the object before its change to
            tell (`shares.Concerned`).
        in_own_namespace: whether it is watched in the controller's own namespace only, instead of in all.
        label_selector: what the cache is limited to; an object that leaves it is not a deleted object.
        indexers: indexes of its store.
        may_be_missing: whether the cluster may not know the resource; then there is none of it, until it appears.
    """

    resource: Resource
    keys: Callable[[Object], Iterable[str]] | None
    in_own_namespace: bool = False
    label_selector: str = ""
    indexers: Mapping[str, IndexFunction] = field(default_factory=dict)
    may_be_missing: bool = False


def _same_name(obj: Object) -> Iterable[str]:
    return (objects.name(obj),)


def _own_namespace(obj: Object) -> Iterable[str]:
    # The label may have been copied to anywhere; an environment lives in the namespace of its name.
    return [name for name in environment_of(obj) if name == objects.namespace(obj)]


WATCHES: Final[tuple[Watch, ...]] = (
    Watch(ENVIRONMENTS, _same_name),
    Watch(NAMESPACES, _same_name),
    *(
        Watch(
            resource,
            _own_namespace,
            label_selector=ENVIRONMENT_LABEL,
            indexers={ENVIRONMENT_INDEX: environment_of},
            may_be_missing=True,
        )
        for resource in engines.resources()
    ),
    Watch(TRONADOR_CONFIGS, None, in_own_namespace=True, may_be_missing=True),
    Watch(SECRETS, None, in_own_namespace=True),
)
