"""Connections: kept, renewed, encrypted, and through proxies, as the kubeconfig and the environment say."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from controller.apimachinery.errors import ConnectionLost, TlsFailure
from controller.apimachinery.resources import NAMESPACES
from controller.client import Client, config
from tests.unit.client.server import Answer, Server, kubeconfig


class Tunnel:
    """A proxy that opens tunnels to `to`, whatever address it is asked for, and keeps what it was asked."""

    def __init__(self, to: str) -> None:
        self.asked: list[str] = []
        self.answer = b"HTTP/1.1 200 Connection established\r\n\r\n"
        self._to = to
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._serve)]
        self._threads[0].start()

    def close(self) -> None:
        socket.socket.shutdown(self._listener, socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()
        for sock in self._sockets:
            sock.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += client.recv(1)
            self.asked.append(head.decode().splitlines()[0])
            client.sendall(self.answer)
            host, _, port = self._to.rpartition(":")
            server = socket.create_connection((host, int(port)))
            self._sockets += [client, server]
            for source, target in ((client, server), (server, client)):
                self._threads.append(threading.Thread(target=self._pump, args=(source, target)))
                self._threads[-1].start()

    @staticmethod
    def _pump(source: socket.socket, target: socket.socket) -> None:
        # One side may leave at any moment, and then the other one has to notice.
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def tls_server(authority: trustme.CA) -> Iterator[Server]:
    """A server that speaks https as 127.0.0.1 and api.example, and asks for a client certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "api.example").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_OPTIONAL
    server = Server(context)
    yield server
    server.close()


@pytest.fixture
def tunnel(tls_server: Server) -> Iterator[Tunnel]:
    tunnel = Tunnel(tls_server.url.removeprefix("https://"))
    yield tunnel
    tunnel.close()


@pytest.fixture
def connect(
    server: Server, tls_server: Server, tunnel: Tunnel, tmp_path: Path, authority: trustme.CA
) -> Iterator[Callable[..., Client]]:
    """Makes clients, which are closed before the servers: these wait for them."""
    clients: list[Client] = []
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))

    def connect(url: str, *, user: dict[str, Any] | None = None, pool_size: int = 32, **cluster: Any) -> Client:
        if url.startswith("https"):
            cluster.setdefault("certificate-authority", str(tmp_path / "ca.pem"))
        given = {name: value for name, value in cluster.items() if value is not None}
        file = kubeconfig(tmp_path / "kubeconfig", url, user=user, **given)
        clients.append(Client(connection=config.load(kubeconfig=str(file)), pool_size=pool_size))
        return clients[-1]

    yield connect
    for client in clients:
        client.close()


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


class TestKept:
    @pytest.mark.promise("client")
    def test_a_connection_that_was_closed_while_idle_is_replaced_and_nothing_is_lost(
        self, connect: Callable[..., Client], server: Server
    ) -> None:
        server.script(Answer(200, {}, Connection="close"), Answer(200, {"n": 2}))
        client = connect(server.url)
        client.get(NAMESPACES, "x")
        assert client.get(NAMESPACES, "x") == {"n": 2}
        assert len(server.asked) == 2

    def test_no_more_idle_connections_are_kept_than_asked_for(
        self, connect: Callable[..., Client], server: Server
    ) -> None:
        client = connect(server.url, pool_size=1)
        with client.watch(NAMESPACES), client.watch(NAMESPACES):
            client.get(NAMESPACES, "x")
        assert len(client._transport._session.connections._idle) == 1

    def test_a_path_in_the_server_s_address_precedes_every_path(
        self, connect: Callable[..., Client], server: Server
    ) -> None:
        connect(f"{server.url}/k8s/clusters/c-1/").get(NAMESPACES, "x")
        assert server.asked[0].target == "/k8s/clusters/c-1/api/v1/namespaces/x"
        assert server.asked[0].headers["host"] == server.url.removeprefix("http://")


class TestTls:
    def test_a_server_of_a_trusted_authority_is_asked(self, connect: Callable[..., Client], tls_server: Server) -> None:
        tls_server.script(Answer(200, {"ok": True}))
        assert connect(tls_server.url).get(NAMESPACES, "x") == {"ok": True}

    @pytest.mark.promise("client")
    def test_a_server_of_another_authority_gets_no_request(
        self, connect: Callable[..., Client], tls_server: Server, tmp_path: Path
    ) -> None:
        trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
        client = connect(tls_server.url, **{"certificate-authority": str(tmp_path / "other.pem")})
        with pytest.raises(TlsFailure, match="certificate verify failed"):
            client.get(NAMESPACES, "x")
        assert tls_server.asked == []

    def test_a_kubeconfig_may_waive_the_verification(self, connect: Callable[..., Client], tls_server: Server) -> None:
        cluster = {"insecure-skip-tls-verify": True, "certificate-authority": None}
        connect(tls_server.url, **cluster).get(NAMESPACES, "x")
        assert len(tls_server.asked) == 1

    def test_the_certificate_may_have_another_name_than_the_address(
        self, connect: Callable[..., Client], tls_server: Server
    ) -> None:
        named = tls_server.url.replace("127.0.0.1", "localhost")
        with pytest.raises(TlsFailure, match="localhost"):
            connect(named).get(NAMESPACES, "x")
        connect(named, **{"tls-server-name": "api.example"}).get(NAMESPACES, "x")
        assert len(tls_server.asked) == 1

    @pytest.mark.promise("client")
    def test_new_connections_show_the_client_certificate_that_is_there_now(
        self, connect: Callable[..., Client], tls_server: Server, authority: trustme.CA, tmp_path: Path
    ) -> None:
        def rotate() -> None:
            issued = authority.issue_cert("client.example")
            issued.cert_chain_pems[0].write_to_path(str(tmp_path / "client.pem"))
            issued.private_key_pem.write_to_path(str(tmp_path / "client.key"))

        rotate()
        tls_server.script(Answer(200, {}), Answer(200, {}, Connection="close"), Answer(200, {}))
        client = connect(
            tls_server.url,
            user={"client-certificate": str(tmp_path / "client.pem"), "client-key": str(tmp_path / "client.key")},
        )
        client.get(NAMESPACES, "x")
        rotate()
        for _ in range(2):
            client.get(NAMESPACES, "x")
        first, same, new = (asked.certificate for asked in tls_server.asked)
        assert first
        assert first == same != new


class TestProxies:
    @pytest.mark.promise("client")
    def test_https_goes_through_a_tunnel_and_only_the_server_reads_it(
        self, connect: Callable[..., Client], tls_server: Server, tunnel: Tunnel
    ) -> None:
        connect("https://api.example:6443/prefix", user={"token": "t"}, **{"proxy-url": tunnel.url}).get(
            NAMESPACES, "x"
        )
        assert tunnel.asked == ["CONNECT api.example:6443 HTTP/1.0"]
        [asked] = tls_server.asked
        assert asked.target == "/prefix/api/v1/namespaces/x"
        assert asked.headers["authorization"] == "Bearer t"

    def test_a_proxy_that_refuses_is_named_in_the_error(self, connect: Callable[..., Client], tunnel: Tunnel) -> None:
        tunnel.answer = b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"
        with pytest.raises(ConnectionLost, match="407 Proxy Authentication Required"):
            connect("https://api.example:6443", **{"proxy-url": tunnel.url}).get(NAMESPACES, "x")

    def test_a_proxy_forwards_plain_requests_with_the_whole_address(
        self, connect: Callable[..., Client], server: Server
    ) -> None:
        connect("http://api.example:8080/prefix", **{"proxy-url": server.url}).get(NAMESPACES, "x")
        assert server.asked[0].target == "http://api.example:8080/prefix/api/v1/namespaces/x"
        assert server.asked[0].headers["host"] == "api.example:8080"

    @pytest.mark.promise("client")
    @pytest.mark.parametrize(("exception", "through"), [("", True), ("other.example,.example", False)])
    def test_the_environment_names_a_proxy_and_its_exceptions(
        self,
        connect: Callable[..., Client],
        server: Server,
        monkeypatch: pytest.MonkeyPatch,
        exception: str,
        through: bool,
    ) -> None:
        monkeypatch.setenv("HTTP_PROXY", server.url)
        monkeypatch.setenv("NO_PROXY", exception)
        # Nothing has this name, so without the proxy nothing can be reached.
        client = connect("http://api.example:8080")
        if through:
            client.get(NAMESPACES, "x")
        else:
            with pytest.raises(ConnectionLost):
                client.get(NAMESPACES, "x")
        assert len(server.asked) == through
