"""Faults seen and changed over HTTP, on a port that answers whatever happens to the other."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from hack.faultproxy.kubeconfig import Target
from hack.faultproxy.proxy import FaultProxy
from tests.faultproxy.bed import DEADLINE, Client, ScriptedServer

Control = Callable[..., tuple[int, Any]]


@pytest.fixture
def control(proxy: FaultProxy) -> Control:
    """Ask the control port: method, path below /_faults, body."""

    def ask(method: str = "GET", path: str = "", body: Any = None) -> tuple[int, Any]:
        url = urlsplit(proxy.control_url)
        connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=DEADLINE)
        try:
            connection.request(method, url.path + path, body=None if body is None else json.dumps(body))
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    return ask


def test_rules_set_over_http_take_effect_and_are_shown_with_counters(client: Client, control: Control) -> None:
    rule = {"fault": "answer", "code": 500, "percent": 100}
    assert control("PUT", body={"rules": [rule], "seed": 5})[0] == 200
    assert client.ask()[0] == 500
    assert control() == (
        200,
        {
            "rules": [rule],
            "seed": 5,
            "frozen": False,
            "refusing": False,
            "counters": {"requests": 1, "answer-500": 1},
            "openWatches": 0,
        },
    )


def test_the_control_port_answers_in_any_state_and_an_empty_put_ends_faults(client: Client, control: Control) -> None:
    control("PUT", body={"frozen": True, "refusing": True})
    assert control()[1]["frozen"] is True
    with pytest.raises(ConnectionRefusedError):
        client.request()
    control("PUT", body={})
    assert client.ask()[0] == 200


def test_settings_made_in_python_are_shown_over_http(proxy: FaultProxy, control: Control) -> None:
    proxy.freeze()
    assert control()[1]["frozen"] is True


def test_a_mistake_is_answered_with_a_400_that_names_it_and_changes_nothing(control: Control) -> None:
    control("PUT", body={"seed": 9})
    status, answer = control("PUT", body={"rules": [{"fault": "storm"}]})
    assert (status, answer["error"][:20]) == (400, "a rule is an object ")
    assert control()[1]["seed"] == 9


@pytest.mark.parametrize(("path", "counter"), [("/drop-watches", "watch-drop"), ("/cut-watches", "watch-cut")])
def test_open_watches_can_be_dropped_and_cut(
    client: Client, server: ScriptedServer, proxy: FaultProxy, control: Control, path: str, counter: str
) -> None:
    watch = client.watch()
    proxy.wait_for("watches")
    assert control()[1]["openWatches"] == 1
    assert control("POST", path, {"match": {"path": "others"}}) == (200, {"watches": 0})
    assert control("POST", path, {"ending": "reset"}) == (200, {"watches": 1})
    server.send(b'{"type": "ADDED"}\n')
    with pytest.raises(ConnectionResetError):
        watch.read()
    assert proxy.counters()[counter] == 1
    assert control("POST", path, {"now": True})[0] == 400


def test_without_a_control_port_nothing_but_the_api_is_served(server: ScriptedServer) -> None:
    with FaultProxy(target=Target(server=server.url)) as proxy, pytest.raises(AssertionError):
        _ = proxy.control_url


def test_the_path_of_the_faults_is_an_ordinary_path_on_the_api_port(client: Client, server: ScriptedServer) -> None:
    client.ask(path="/_faults")
    assert server.seen[0].target == "/_faults"
