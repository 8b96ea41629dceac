"""Makes the simulated API server complete and refuse objects as a real one does, by the schemas of their kinds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from controller.api.environment import GROUP
from controller.apimachinery.errors import status_error
from controller.apimachinery.resources import Resource
from hack.localcluster import errors
from hack.localcluster.registry.catalog import Catalog
from hack.localcluster.registry.resource import ResourceType
from tests.unit.environment.simulation.fake_api import FakeApi

_OF_THE_SERVER = ("uid", "creationTimestamp", "deletionTimestamp")


class Admission:
    """See the module. It takes the place of `api.admission`."""

    def __init__(self, api: FakeApi, definitions: Iterable[Mapping[str, Any]]) -> None:
        self._api = api
        self._catalog = Catalog()
        for definition in definitions:
            self._catalog.set_definition(definition["metadata"]["name"], dict(definition))

    @property
    def served(self) -> set[Resource]:
        """Every kind that the server knows."""
        return {
            Resource(kind.group, kind.version, kind.plural, kind.kind, namespaced=kind.namespaced)
            for kind in self._catalog
        }

    def __call__(self, resource: Resource, obj: dict[str, Any]) -> dict[str, Any]:
        """Return the object as it is stored. Raises ApiError in the server's words."""
        kind = self._catalog.find(resource.group, resource.version, resource.plural)
        assert kind is not None, f"{resource} has no schema"
        obj = {"apiVersion": resource.api_version, "kind": resource.kind, **obj}
        try:
            return self._admitted(kind, resource, obj)
        except errors.StatusError as error:
            raise status_error(error.code, error.body) from None

    def _admitted(self, kind: ResourceType, resource: Resource, obj: dict[str, Any]) -> dict[str, Any]:
        obj, _ = kind.strategy.decode(obj)
        metadata = obj["metadata"]
        old = self._api.peek(resource, metadata.get("name", ""), metadata.get("namespace", ""))
        if kind.group != GROUP:
            # The simulated engines write less of a status than the real ones.
            status = {"status": obj["status"]} if "status" in obj else {}
            self._check(kind, _without_status(obj), old and _without_status(old))
            return _without_status(obj) | status
        self._check(kind, obj, old)
        return obj

    def _check(self, kind: ResourceType, obj: dict[str, Any], old: dict[str, Any] | None) -> None:
        if old is not None and kind.custom:
            # The simulated server itself sees to these.
            own = {field: obj["metadata"][field] for field in _OF_THE_SERVER if field in obj["metadata"]}
            old = {**old, "metadata": {**old["metadata"], **own}}
            found = kind.strategy.validate_update(obj, old, namespaced=kind.namespaced, subresource="")
        else:
            found = kind.strategy.validate_create(obj, namespaced=kind.namespaced)
        if found:
            raise errors.invalid(kind.group, kind.kind, obj["metadata"]["name"], found)


def _without_status(obj: dict[str, Any]) -> dict[str, Any]:
    return {field: value for field, value in obj.items() if field != "status"}
