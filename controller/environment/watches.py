"""The watched kinds, with the environments that an object concerns: one row, and one RBAC rule, for each informer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from controller.api.environment import ENVIRONMENT_LABEL, ENVIRONMENTS
from controller.api.tronador_config import TRONADOR_CONFIGS
from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import NAMESPACES, SECRETS, Resource
from controller.environment import counts, engines
from controller.environment.observe import ENVIRONMENT_INDEX, environment_of

IndexFunction = Callable[[Object], list[str]]


@dataclass(frozen=True, slots=True)
class Watch:
    """One informer.

    Attributes:
        resource: what is watched.
        keys: the environments (by name) that an object concerns; None if that also depends on the object before its
            change (`shares.Concerned`).
        in_own_namespace: whether it is watched in the controller's own namespace only, instead of in all.
        label_selector: limits the cache. An object that no longer matches leaves the cache, but is not deleted.
        indexers: indexes of its store.
        may_be_missing: whether the cluster may lack the resource. Until it appears, the cache counts as empty.
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
    # Others can copy the label anywhere, but an environment only has the namespace with its name.
    return [name for name in environment_of(obj) if name == objects.namespace(obj)]


WATCHES: Final[tuple[Watch, ...]] = (
    Watch(ENVIRONMENTS, _same_name, indexers={counts.INDEX: counts.index}),
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
