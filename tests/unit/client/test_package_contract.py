"""What we rely on in the `kubernetes` and `urllib3` packages. A release that breaks it turns these red, and only these
tell what to look at."""

from __future__ import annotations

import inspect
import socket
from pathlib import Path

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


def test_the_signatures_that_we_call() -> None:
    assert parameters(ApiClient.param_serialize)[:3] == ["self", "method", "resource_path"]
    assert {"header_params", "body", "auth_settings"} <= set(parameters(ApiClient.param_serialize))
    assert parameters(ApiClient.call_api)[:6] == ["self", "method", "url", "header_params", "body", "post_params"]
    assert "_request_timeout" in parameters(ApiClient.call_api)
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


def test_a_404_is_returned_and_not_raised_and_its_body_can_be_read(
    configuration: Configuration, server: Server
) -> None:
    server.script(Answer(404, b"gone", Retry_After="1"))
    with ApiClient(configuration) as api:
        wire = api.param_serialize("GET", "/x?a=b", header_params={"Accept": "x"}, auth_settings=["BearerToken"])
        response = api.call_api(*wire, _request_timeout=(1, 1)).response
        assert response.status == 404
        assert response.headers.get("retry-after") == "1"
        assert response.data == b"gone"
        response.close()
    assert server.asked[0].target == "/x?a=b"
    assert server.asked[0].headers["authorization"] == "Bearer t"


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/merge-patch+json", "application/apply-patch+yaml"],
)
def test_an_object_is_sent_as_json_under_each_content_type(
    configuration: Configuration, server: Server, content_type: str
) -> None:
    with ApiClient(configuration) as api:
        wire = api.param_serialize("PATCH", "/x", header_params={"Content-Type": content_type}, body={"a": None})
        api.call_api(*wire, _request_timeout=(1, 1)).response.close()
    assert server.asked[0].json == {"a": None}
    assert server.asked[0].headers["content-type"] == content_type


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_nothing_is_repeated_when_a_connection_breaks(
    configuration: Configuration, server: Server, method: str
) -> None:
    server.script(Reset())
    with ApiClient(configuration) as api, pytest.raises(urllib3.exceptions.HTTPError):
        api.call_api(*api.param_serialize(method, "/x", header_params={}), _request_timeout=(1, 1))
    assert len(server.asked) == 1


def test_pools_and_connections_can_be_our_own(configuration: Configuration) -> None:
    with ApiClient(configuration) as api:
        manager = api.rest_client.pool_manager
        assert isinstance(manager, urllib3.PoolManager)
        assert set(manager.pool_classes_by_scheme) == {"http", "https"}
    assert urllib3.HTTPConnectionPool.ConnectionCls is not None
    assert callable(urllib3.HTTPResponse.read1)


def test_keepalive_is_really_set_on_the_socket(configuration: Configuration, server: Server) -> None:
    configuration.keep_alive = True
    with ApiClient(configuration) as api:
        response = api.call_api(*api.param_serialize("GET", "/x", header_params={}), _request_timeout=(1, 1)).response
        sock = response.connection.sock
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) != 0
        response.close()
