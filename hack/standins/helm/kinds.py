"""From a manifest's apiVersion and kind to the REST resource, by asking the API server."""

from __future__ import annotations

import threading

from controller.apimachinery.objects import Object
from controller.apimachinery.resources import Resource
from controller.client import Client
from hack.standins.helm.engine import HelmError


class Kinds:
    """Discovery, remembered per group version; an unknown kind is asked for again. Thread-safe."""

    def __init__(self, *, client: Client) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], Resource] = {}

    def resource_of(self, obj: Object) -> Resource:
        """The resource of an object. Raises HelmError when the server does not serve its kind."""
        api_version, kind = str(obj.get("apiVersion") or ""), str(obj.get("kind") or "")
        with self._lock:
            resource = self._known.get((api_version, kind))
        if resource is None:
            resource = self._ask(api_version, kind)
        if resource is None:
            raise HelmError(f'no matches for kind "{kind}" in version "{api_version}"')
        with self._lock:
            self._known[api_version, kind] = resource
        return resource

    def serves(self, api_version: str, kind: str) -> bool:
        """Whether the server serves that kind now."""
        return self._ask(api_version, kind) is not None

    def _ask(self, api_version: str, kind: str) -> Resource | None:
        group, _, version = api_version.rpartition("/")
        for entry in self._client.api_resources(api_version):
            # Subresources ("deployments/status", "deployments/scale") carry kinds too.
            if entry.get("kind") == kind and "/" not in str(entry["name"]):
                return Resource(group, version, entry["name"], kind, namespaced=bool(entry["namespaced"]))
        return None
