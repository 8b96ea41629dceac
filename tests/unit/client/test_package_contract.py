"""The parts of the `kubernetes` and `urllib3` packages that we rely on. If a release breaks one of them, only these
tests fail, and they name the part."""

from __future__ import annotations

import inspect
import socket
from pathlib import Path
from typing import Any

import pytest
import urllib3
from kubernetes.client import ApiClient, Configuration
from kubernetes.config.incluster_config import InClusterConfigLoader
from kubernetes.config.kube_config import load_kube_config

from tests.unit.client.server import Answer, Reset, Server, kubeconfig


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
    assert parameters(ApiClient.param_serialize)[:3] == ["self", "method", "resource_path"]
    assert {"header_params", "auth_settings"} <= set(parameters(ApiClient.param_serialize))
    assert {"method", "url", "body", "headers"} <= set(parameters(urllib3.PoolManager.request))
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


def send(api: ApiClient, method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> Any:
    """Send a request in the same way as the transport."""
    _, url, all_headers, _, _ = api.param_serialize(method, path, header_params=headers, auth_settings=["BearerToken"])
    timeout = urllib3.Timeout(connect=1, read=1)
    manager = api.rest_client.pool_manager
    return manager.request(method, url, body=body, headers=all_headers, timeout=timeout, preload_content=False)


@pytest.mark.promise("client")
def test_a_404_is_returned_and_not_raised_and_its_body_can_be_read(
    configuration: Configuration, server: Server
) -> None:
    server.script(Answer(404, b"gone", Retry_After="1"))
    with ApiClient(configuration) as api:
        response = send(api, "GET", "/x?a=b", {"Accept": "x"})
        assert response.status == 404
        assert response.headers.get("retry-after") == "1"
        assert response.data == b"gone"
        response.close()
    assert server.asked[0].target == "/x?a=b"
    assert server.asked[0].headers["authorization"] == "Bearer t"


def test_a_body_is_sent_unchanged_with_its_content_type(configuration: Configuration, server: Server) -> None:
    with ApiClient(configuration) as api:
        send(api, "PATCH", "/x", {"Content-Type": "application/merge-patch+json"}, b'{"a": null}').close()
    assert server.asked[0].json == {"a": None}
    assert server.asked[0].headers["content-type"] == "application/merge-patch+json"


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_nothing_is_repeated_when_a_connection_breaks(
    configuration: Configuration, server: Server, method: str
) -> None:
    server.script(Reset())
    with ApiClient(configuration) as api, pytest.raises(urllib3.exceptions.HTTPError):
        send(api, method, "/x", {})
    assert len(server.asked) == 1


def test_pools_and_connections_can_be_our_own(configuration: Configuration) -> None:
    with ApiClient(configuration) as api:
        manager = api.rest_client.pool_manager
        assert isinstance(manager, urllib3.PoolManager)
        assert set(manager.pool_classes_by_scheme) == {"http", "https"}
    assert urllib3.HTTPConnectionPool.ConnectionCls is not None
    assert callable(urllib3.HTTPResponse.read1)


@pytest.mark.promise("watching")
def test_keepalive_is_really_set_on_the_socket(configuration: Configuration, server: Server) -> None:
    configuration.keep_alive = True
    with ApiClient(configuration) as api:
        response = send(api, "GET", "/x", {})
        sock = response.connection.sock
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) != 0
        response.close()
