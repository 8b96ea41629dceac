"""The parts of the `kubernetes` and `urllib3` packages that we rely on. If a release breaks one of them, only these
tests fail, and they name the part."""

from __future__ import annotations

import inspect
import socket
from pathlib import Path

import httptools
import pytest
import urllib3
from kubernetes.client import Configuration
from kubernetes.client.rest import RESTClientObject
from kubernetes.config.incluster_config import InClusterConfigLoader
from kubernetes.config.kube_config import load_kube_config

from tests.unit.client.server import Server, kubeconfig


@pytest.fixture
def configuration(server: Server, tmp_path: Path) -> Configuration:
    configuration = Configuration()
    configuration.retries = False
    load_kube_config(
        config_file=str(kubeconfig(tmp_path / "k", server.url, user={"token": "t"})),
        client_configuration=configuration,
    )
    return configuration


def parameters(function: object) -> list[str]:
    return list(inspect.signature(function).parameters)  # type: ignore[arg-type]


@pytest.mark.promise("client")
def test_the_signatures_that_we_call_exist() -> None:
    assert parameters(RESTClientObject.__init__) == ["self", "configuration"]
    assert parameters(urllib3.PoolManager.connection_from_host)[:4] == ["self", "host", "port", "scheme"]
    assert parameters(urllib3.HTTPConnectionPool._new_conn) == ["self"]
    assert parameters(urllib3.HTTPSConnectionPool._prepare_proxy) == ["self", "conn"]
    assert parameters(Configuration.get_api_key_with_prefix) == ["self", "identifier", "alias"]
    assert parameters(load_kube_config)[:3] == ["config_file", "context", "client_configuration"]
    assert parameters(InClusterConfigLoader.__init__)[1:] == [
        "token_filename",
        "cert_filename",
        "try_refresh_token",
        "environ",
    ]


def test_the_settings_that_we_set_exist() -> None:
    configuration = Configuration()
    for name in ("retries", "keep_alive", "connection_pool_maxsize", "refresh_api_key_hook", "api_key", "cert_file"):
        assert hasattr(configuration, name)


def test_pools_can_be_our_own(configuration: Configuration) -> None:
    manager = RESTClientObject(configuration).pool_manager
    assert isinstance(manager, urllib3.PoolManager)
    assert set(manager.pool_classes_by_scheme) == {"http", "https"}
    assert manager.proxy is None


def test_the_token_is_that_of_the_kubeconfig(configuration: Configuration) -> None:
    assert configuration.get_api_key_with_prefix("BearerToken", alias="authorization") == "Bearer t"


def test_the_package_s_hook_writes_to_the_configuration_that_it_gets(configuration: Configuration) -> None:
    hook, other = configuration.refresh_api_key_hook, Configuration()
    assert hook is not None
    hook(other)
    assert other.api_key == configuration.api_key


def test_the_parser_calls_what_it_finds_in_an_answer() -> None:
    calls: list[object] = []

    class Protocol:
        def on_message_begin(self) -> None:
            calls.append("begin")

        def on_header(self, name: bytes, value: bytes) -> None:
            calls.append((name, value))

        def on_headers_complete(self) -> None:
            calls.append(parser.get_status_code())

        def on_body(self, data: bytes) -> None:
            calls.append(data)

        def on_message_complete(self) -> None:
            calls.append(parser.should_keep_alive())

    parser = httptools.HttpResponseParser(Protocol())
    parser.feed_data(b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone")
    assert calls == ["begin", (b"Content-Length", b"4"), 404, b"gone", True]


@pytest.mark.promise("watching")
def test_keepalive_is_really_set_on_the_socket(configuration: Configuration, server: Server) -> None:
    configuration.keep_alive = True
    pool = RESTClientObject(configuration).pool_manager.connection_from_url(server.url)
    connection = pool._new_conn()
    connection.connect()
    assert connection.sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) != 0
    connection.close()
