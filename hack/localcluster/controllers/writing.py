"""How controllers write: through the registry, under their own field manager, ignoring lost races."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import StatusError
from ..objects import Object, clone
from ..registry.context import WriteContext
from ..registry.registry import Registry
from ..registry.resource import ResourceType

MANAGER = "kube-controller-manager"


def rewrite(
    registry: Registry,
    resource: ResourceType,
    namespace: str,
    name: str,
    edit: Callable[[Object], None],
    *,
    subresource: str = "",
) -> Object | None:
    """Apply `edit` to a copy of the live object and store it; None when the object is gone."""

    def change(live: Object | None) -> Object:
        wanted: Object = clone(live)
        edit(wanted)
        return wanted

    try:
        context = WriteContext(manager=MANAGER, subresource=subresource)
        return registry.update(resource, namespace, name, change, context)[0]
    except StatusError as error:
        if error.code == 404:
            return None
        raise


def make(registry: Registry, resource: ResourceType, namespace: str, obj: Object) -> None:
    """Create an object unless it exists or its namespace is terminating."""
    try:
        decoded, _ = resource.strategy.decode(clone(obj))
        registry.create(resource, namespace, decoded, WriteContext(manager=MANAGER))
    except StatusError as error:
        if error.code not in (403, 404, 409):
            raise
