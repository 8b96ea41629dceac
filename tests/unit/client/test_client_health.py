"""The client notices a lost connection, and shares the health of its server with other clients."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from controller.apimachinery import errors
from controller.apimachinery.resources import NAMESPACES
from controller.client import Client
from controller.client.serverhealth import ServerHealth
from tests.unit.client.server import Answer, Chunks, Reset, Server


@pytest.mark.promise("outages")
def test_a_connection_without_an_answer_from_the_network_is_closed(client: Client, server: Server) -> None:
    server.script(Chunks())
    with client.watch(NAMESPACES) as stream:
        sock = stream._answer.wire._socket
        assert isinstance(sock, socket.socket)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) != 0
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 10_000


class TestHealth:
    """Every request shows whether the server is available."""

    @pytest.mark.promise("outages")
    def test_the_clients_of_one_server_find_out_together(
        self, make_client: Callable[..., Client], server: Server
    ) -> None:
        health = ServerHealth()
        one, other = make_client(health=health), make_client(health=health)
        server.script(Reset(), Answer(503, b"starting"), Answer(200, {}))
        with pytest.raises(errors.ConnectionLost):
            one.get(NAMESPACES, "x")
        with pytest.raises(errors.ServerError):
            one.check_ready()
        health.probe_failed()
        assert health.away
        other.get(NAMESPACES, "x")
        assert not health.away

    def test_a_watch_that_opens_shows_that_the_server_is_there(
        self, make_client: Callable[..., Client], server: Server
    ) -> None:
        health = ServerHealth()
        client = make_client(health=health)
        server.script(Reset(), Chunks())
        with pytest.raises(errors.ConnectionLost):
            client.watch(NAMESPACES)
        health.probe_failed()
        with client.watch(NAMESPACES):
            assert not health.away
