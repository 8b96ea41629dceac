"""The server as a whole: frozen (accepting, answering nothing), refusing, and back again."""

from __future__ import annotations

import contextlib
import threading

import pytest
from aiohttp import web

from hack.faultproxy.faults import DelayWatch, Latency, Rule
from hack.faultproxy.kubeconfig import Target
from hack.faultproxy.proxy import FaultProxy
from tests.faultproxy.bed import DEADLINE, Client, ScriptedServer, client_of, event, nothing_comes


def test_a_frozen_proxy_accepts_connections_and_answers_once_thawed(
    client: Client, server: ScriptedServer, proxy: FaultProxy
) -> None:
    proxy.freeze()
    connection = client.send_only()
    proxy.wait_for("frozen")
    assert server.seen == []
    proxy.thaw()
    assert connection.getresponse().status == 200


def test_an_answer_that_comes_while_frozen_is_held_back(
    client: Client, server: ScriptedServer, proxy: FaultProxy
) -> None:
    may_answer = threading.Event()

    def answer(_: web.Request) -> web.Response:
        may_answer.wait(DEADLINE)
        return web.json_response({})

    server.answer = answer
    connection = client.send_only()
    server.wait_for_requests(1)
    proxy.freeze()
    may_answer.set()
    proxy.wait_for("frozen")
    proxy.thaw()
    assert connection.getresponse().status == 200


def test_a_frozen_watch_neither_forwards_nor_ends_until_thawed(
    client: Client, server: ScriptedServer, proxy: FaultProxy
) -> None:
    watch = client.watch()
    server.wait_for_watches(1)
    proxy.wait_for("watches")
    proxy.freeze()
    # So short a delay is over at once, but its counter shows that the event has reached the proxy.
    proxy.set_rules(Rule(fault=DelayWatch(seconds=1e-9)))
    server.send(event(1))
    server.end_watches()
    proxy.wait_for("watch-delay")
    assert nothing_comes(proxy, watch)
    proxy.thaw()
    assert watch.read() == event(1)


def test_a_refusing_proxy_resets_open_connections_and_accepts_no_new_ones(
    client: Client, server: ScriptedServer, proxy: FaultProxy
) -> None:
    watch = client.watch()
    idle = client.connect()
    idle.request("GET", "/api")
    idle.getresponse().read()
    proxy.refuse()
    with pytest.raises(ConnectionResetError):
        watch.read()
    with pytest.raises(ConnectionError):
        client.ask()
    with pytest.raises(ConnectionResetError):
        idle.sock.recv(1)
    server.wait_for_watches(0)


def test_the_same_address_accepts_again_afterwards(client: Client, server: ScriptedServer, proxy: FaultProxy) -> None:
    for _ in range(3):
        proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            client.request()
        proxy.accept()
        assert client.ask()[0] == 200


def test_heal_removes_all_faults(client: Client, server: ScriptedServer, proxy: FaultProxy) -> None:
    proxy.set_rules(Rule(fault=Latency(seconds=3600)))
    proxy.freeze()
    proxy.refuse()
    proxy.heal()
    assert client.ask()[0] == 200


def test_a_proxy_can_be_left_while_frozen_with_requests_and_watches_open(server: ScriptedServer) -> None:
    with contextlib.ExitStack() as afterwards:
        with FaultProxy(target=_target(server)) as proxy:
            client = afterwards.enter_context(client_of(proxy.url))
            watch = client.watch()
            proxy.wait_for("watches")
            proxy.freeze()
            connection = client.send_only()
            proxy.wait_for("frozen")
        with pytest.raises(ConnectionResetError):
            watch.read()
        with pytest.raises(ConnectionResetError):
            connection.getresponse()
    server.wait_for_watches(0)


def test_two_proxies_are_independent(server: ScriptedServer) -> None:
    with FaultProxy(target=_target(server)) as one, FaultProxy(target=_target(server)) as two:
        one.freeze()
        with client_of(two.url) as client:
            assert client.ask()[0] == 200
        assert one.counters() == {}


def test_starting_on_a_port_in_use_is_an_error(proxy: FaultProxy, server: ScriptedServer) -> None:
    taken = int(proxy.url.rpartition(":")[2])
    with pytest.raises(OSError, match="in use"), FaultProxy(target=_target(server), port=taken):
        pass


def _target(server: ScriptedServer) -> Target:
    return Target(server=server.url)
