"""The clients of a controller: one for each purpose, so that none waits for the connections of another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypedDict

from controller.api.environment import FIELD_MANAGER
from controller.app import clusters
from controller.app.options import RequestOptions
from controller.client import Client
from controller.client.config import Connection
from controller.client.serverhealth import ServerHealth
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
        connection: leads to the API server.
        options: timeouts.
        command: that of `tronador`, for the user agent.
        field_manager: the name under which the server records our writes.
        registry: gets the metrics of all requests.
        health: shared by all clients.
    """

    def __init__(
        self,
        connection: Connection,
        options: RequestOptions,
        *,
        command: str,
        field_manager: str = FIELD_MANAGER,
        registry: Registry,
        health: ServerHealth,
    ) -> None:
        self._options = options
        self._shared: _Shared = {
            "connection": connection,
            "user_agent": clusters.user_agent(command),
            "field_manager": field_manager,
            "registry": registry,
            "health": health,
        }
        self._made: list[Client] = []

    def for_requests(self, *, may_write: Callable[[], bool], workers: int) -> Client:
        """Return the client of the reconcilers. It sends a write only while `may_write` returns True."""
        timeout, connections = self._options.request_timeout, workers + 5
        return self._keep(Client(**self._shared, may_write=may_write, read_timeout=timeout, pool_size=connections))

    def for_watches(self, number: int) -> Client:
        """Return the client of the caches, with a connection for each of the watches."""
        silence = self._options.watch_read_timeout
        return self._keep(Client(**self._shared, watch_read_timeout=silence, pool_size=number + 2))

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
