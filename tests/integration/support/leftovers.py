"""What a test leaves in a cluster that outlives it, and its removal without the help of a controller or an engine.

Only what was not there before is removed. In the controller's own namespace that is found by comparison, everywhere
else it is what was noted. Namespaces end later: a real cluster takes five seconds for each.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from controller.api import flux
from controller.api.environment import ENVIRONMENTS
from controller.api.helm_operator import HELM_RELEASES
from controller.api.rbac import RBAC_GROUP, ROLE_BINDINGS
from controller.api.tronador_config import TRONADOR_CONFIGS
from controller.apimachinery.errors import NotFound
from controller.apimachinery.resources import (
    CONFIG_MAPS,
    LEASES,
    NAMESPACES,
    SECRETS,
    SERVICE_ACCOUNTS,
    Resource,
)
from controller.app.options import Options
from controller.client import Client
from tests.integration.support.waiting import eventually

ROLES = Resource(RBAC_GROUP, "v1", "roles", "Role", namespaced=True)
_OWN = Options().namespace
_IN_OWN = (TRONADOR_CONFIGS, SECRETS, CONFIG_MAPS, LEASES, ROLE_BINDINGS, ROLES, SERVICE_ACCOUNTS)
# Engines hold these by finalizers; stand-ins are stopped by now, and a real Flux need not uninstall anything.
_RELEASES = (HELM_RELEASES, flux.HELM_RELEASES, flux.GIT_REPOSITORIES)
# Tests hold these.
_HELD = (CONFIG_MAPS, SECRETS, ROLE_BINDINGS)


class Leftovers:
    """Remembers what has to go.

    Args:
        client: with an administrator's rights.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._environments: set[str] = set()
        self._namespaces: set[str] = set()
        self._made: list[tuple[Resource, str, str]] = []
        # A namespace that the test makes goes as a whole.
        self._own = set(self._in_own_namespace()) if self._exists(NAMESPACES, _OWN) else None

    def environment(self, name: str) -> None:
        """Note an environment and its namespace, before they are made. A namespace that is there already stays.

        Waits for the end of one that an earlier test had.
        """
        if name not in self._environments:
            eventually(lambda: name not in terminating(self._client), f"the earlier namespace {name} is gone")
            if not self._exists(NAMESPACES, name):
                self._namespaces.add(name)
        self._environments.add(name)

    def note(self, resource: Resource, name: str, namespace: str = "") -> None:
        """Note any other object, before it is made."""
        if (resource, name, namespace) not in self._made and not self._exists(resource, name, namespace):
            self._made.append((resource, name, namespace))

    def remove(self) -> None:
        """Remove everything, and wait until it is gone or, for a namespace, until nothing holds it."""
        for name in self._environments:
            self._let_go(ENVIRONMENTS, name)
            with suppress(NotFound):
                self._client.delete(ENVIRONMENTS, name)
        for name in self._namespaces:
            self._let_go_of_all(name)
            with suppress(NotFound):
                self._client.delete(NAMESPACES, name)
        if self._own is not None:
            for resource, name in set(self._in_own_namespace()) - self._own:
                self._remove(resource, name, _OWN)
        for resource, name, namespace in reversed(self._made):
            self._remove(resource, name, namespace)

    def _remove(self, resource: Resource, name: str, namespace: str) -> None:
        with suppress(NotFound):
            self._client.delete(resource, name, namespace=namespace)
        self._until_gone(resource, name, namespace)

    def _let_go_of_all(self, namespace: str) -> None:
        """Strip the finalizers by which something holds a namespace."""
        for resource in _RELEASES:
            for obj in self._list(resource, namespace):
                # First its deletion, or an engine that runs would add its finalizer again.
                with suppress(NotFound):
                    self._client.delete(resource, obj["metadata"]["name"], namespace=namespace)
                self._let_go(resource, obj["metadata"]["name"], namespace)
        for resource in _HELD:
            for obj in self._list(resource, namespace):
                if obj["metadata"].get("finalizers"):
                    self._let_go(resource, obj["metadata"]["name"], namespace)
        self._let_go(NAMESPACES, namespace)

    def _let_go(self, resource: Resource, name: str, namespace: str = "") -> None:
        with suppress(NotFound):
            self._client.patch(resource, name, {"metadata": {"finalizers": None}}, namespace=namespace)

    def _until_gone(self, resource: Resource, name: str, namespace: str = "") -> None:
        eventually(lambda: not self._exists(resource, name, namespace), f"{resource} {name} is gone")

    def _in_own_namespace(self) -> Iterator[tuple[Resource, str]]:
        for resource in _IN_OWN:
            for obj in self._list(resource, _OWN):
                yield resource, obj["metadata"]["name"]

    def _list(self, resource: Resource, namespace: str) -> list[dict[str, Any]]:
        try:
            return list(self._client.list(resource, namespace=namespace)["items"])
        except NotFound:
            return []

    def _exists(self, resource: Resource, name: str, namespace: str = "") -> bool:
        try:
            return bool(self._client.get(resource, name, namespace=namespace))
        except NotFound:
            return False


def terminating(client: Client) -> set[str]:
    """The names of the namespaces that end."""
    namespaces = client.list(NAMESPACES)["items"]
    return {one["metadata"]["name"] for one in namespaces if one["metadata"].get("deletionTimestamp")}
