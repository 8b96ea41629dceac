"""Leader election. The elector has its own client, so other requests cannot delay a renewal of the lease."""

from __future__ import annotations

import contextlib
import socket
import uuid
from typing import Any

from controller.apimachinery.errors import AlreadyExists, NotFound
from controller.apimachinery.options import OptionError
from controller.apimachinery.resources import NAMESPACES, Resource
from controller.app.clients import Clients
from controller.client import Client
from controller.client.serverhealth import ServerHealth
from controller.leaderelection import LeaderElectionConfig, LeaderElectionOptions, LeaderElector
from controller.metrics import Registry


def build(
    options: LeaderElectionOptions,
    clients: Clients,
    registry: Registry,
    *,
    namespace: str,
    lease: str,
    health: ServerHealth,
) -> LeaderElector | None:
    """Return the elector for the Lease of this name, or None if this process works alone.

    Raises OptionError if the durations do not fit together.
    """
    seen = health.epoch

    def wait(seconds: float) -> None:
        nonlocal seen
        health.wait(seconds, since=seen)
        seen = health.epoch

    if not options.leader_elect:
        return None
    try:
        election = LeaderElectionConfig(
            namespace=namespace,
            name=lease,
            identity=options.lease_identity or f"{socket.gethostname()}_{uuid.uuid4()}",
            durations=options.durations,
        )
    except ValueError as error:
        raise OptionError(f"--lease-duration, --lease-renew-deadline, --lease-retry-period: {error}") from None
    client = LeaseClient(clients.for_election(election.request_timeout))
    return LeaderElector(client=client, config=election, registry=registry, wait=wait)


class LeaseClient:
    """Reads and writes the lease. Creates the controller's own namespace with the first lease, if it is missing.

    The manifests create the namespace. It is missing if a developer runs the controller against a new cluster.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def get(self, resource: Resource, name: str, *, namespace: str = "") -> dict[str, Any]:
        """Return the object."""
        return self._client.get(resource, name, namespace=namespace)

    def create(self, resource: Resource, obj: dict[str, Any], *, namespace: str = "") -> dict[str, Any]:
        """Create an object, and first its namespace if that is missing."""
        try:
            return self._client.create(resource, obj, namespace=namespace)
        except NotFound:
            body = {"apiVersion": NAMESPACES.api_version, "kind": NAMESPACES.kind, "metadata": {"name": namespace}}
            with contextlib.suppress(AlreadyExists):
                self._client.create(NAMESPACES, body)
            return self._client.create(resource, obj, namespace=namespace)

    def replace(self, resource: Resource, name: str, obj: dict[str, Any], *, namespace: str = "") -> dict[str, Any]:
        """Replace the object, if it still has the resourceVersion of `obj`."""
        return self._client.replace(resource, name, obj, namespace=namespace)
