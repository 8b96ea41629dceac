"""The clients of the controller: one for each purpose, so that none waits for the connections of another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypedDict

from controller.api.environment import FIELD_MANAGER
from controller.app import clusters
from controller.app.options import Options
from controller.client import Client
from controller.client.config import Connection
from controller.client.serverhealth import ServerHealth
from controller.environment.watches import WATCHES
from controller.metrics import Registry

# Seconds for a probe: short, because the next one follows anyway.
_PROBE_TIMEOUT: Final = 2.0


class _Shared(TypedDict):
    connection: Connection
    user_agent: str
    field_manager: str
    registry: Registry
    health: ServerHealth


class Clients:
    """Makes clients that share one view of the API server, and closes them all.

    Args:
        options: the controller's.
        connection: leads to the API server.
        registry: gets the metrics of all requests.
        health: shared by all clients.
    """

    def __init__(self, options: Options, connection: Connection, *, registry: Registry, health: ServerHealth) -> None:
        self._options = options
        self._shared: _Shared = {
            "connection": connection,
            "user_agent": clusters.user_agent("run --dry-run" if options.dry_run.enabled else "run"),
            "field_manager": FIELD_MANAGER,
            "registry": registry,
            "health": health,
        }
        self._made: list[Client] = []

    def for_requests(self, *, may_write: Callable[[], bool]) -> Client:
        """Return the client of the reconcilers. It sends a write only while `may_write` returns True."""
        timeout, connections = self._options.requests.request_timeout, self._options.controller.workers + 5
        return self._keep(Client(**self._shared, may_write=may_write, read_timeout=timeout, pool_size=connections))

    def for_watches(self) -> Client:
        """Return the client of the caches, with a connection for each watch."""
        silence = self._options.requests.watch_read_timeout
        return self._keep(Client(**self._shared, watch_read_timeout=silence, pool_size=len(WATCHES) + 2))

    def for_election(self, timeout: float) -> Client:
        """Return the client of the elector. Each request has `timeout` seconds and is never repeated."""
        return self._keep(
            Client(**self._shared, connect_timeout=timeout, read_timeout=timeout, pool_size=1, max_retries=0)
        )

    def for_probes(self) -> Client:
        """Return the client that asks whether the API server is available."""
        return self._keep(
            Client(**self._shared, connect_timeout=_PROBE_TIMEOUT, read_timeout=_PROBE_TIMEOUT, pool_size=1)
        )

    def close(self) -> None:
        """Close all connections."""
        for client in self._made:
            client.close()

    def _keep(self, client: Client) -> Client:
        self._made.append(client)
        return client
