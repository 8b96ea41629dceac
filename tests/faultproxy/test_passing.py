"""Without faults the proxy forwards everything unchanged and at once."""

from __future__ import annotations

import asyncio
import gzip
import http.client
import os
import zlib
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from hack.faultproxy.kubeconfig import Target
from hack.faultproxy.lines import lines
from hack.faultproxy.proxy import FaultProxy
from tests.faultproxy.bed import Client, ScriptedServer, client_of, event


def test_method_path_query_and_body_reach_the_server_unchanged(client: Client, server: ScriptedServer) -> None:
    target = "/api/v1/namespaces/a/things/b%2Fc?labelSelector=a%3Db%2Cc&fieldManager=me"
    client.request("PATCH", target, body=b'{"a": 1}', Content_Type="application/merge-patch+json").read()
    (seen,) = server.seen
    assert (seen.method, seen.target, seen.body) == ("PATCH", target, b'{"a": 1}')
    assert seen.headers["Content-Type"] == "application/merge-patch+json"


def test_headers_are_forwarded_except_those_of_the_connection(client: Client, server: ScriptedServer) -> None:
    client.request(
        Authorization="Bearer mine", User_Agent="me/1", X_Hop="gone", Connection="X-Hop", Accept_Encoding="identity"
    ).read()
    headers = server.seen[0].headers
    assert headers["Authorization"] == "Bearer mine"
    assert headers["User-Agent"] == "me/1"
    assert headers["Host"] == server.url.removeprefix("http://")
    assert headers.keys() == {"Host", "Authorization", "User-Agent", "Accept-Encoding", "Connection"}
    client.request("PUT", body=b"?").read()
    assert server.seen[1].headers.keys() == {"Host", "Accept-Encoding", "Content-Length", "Connection"}


def test_status_headers_and_body_of_the_answer_are_returned(client: Client, server: ScriptedServer) -> None:
    server.answer = lambda _: web.Response(
        status=422, reason="Unprocessable", headers={"Warning": '299 - "old"', "Retry-After": "3"}, text="no"
    )
    response = client.request("POST", body=b"{}")
    assert (response.status, response.reason, response.read()) == (422, "Unprocessable", b"no")
    assert (response.headers["Warning"], response.headers["Retry-After"]) == ('299 - "old"', "3")


def test_redirects_are_passed_to_the_caller(client: Client, server: ScriptedServer) -> None:
    server.answer = lambda _: web.Response(status=301, headers={"Location": "/elsewhere"})
    response = client.request()
    assert (response.status, response.headers["Location"]) == (301, "/elsewhere")


def test_compressed_answers_stay_compressed(client: Client, server: ScriptedServer) -> None:
    packed = gzip.compress(b"a list", mtime=0)
    server.answer = lambda _: web.Response(body=packed, headers={"Content-Encoding": "gzip"})
    assert client.request(Accept_Encoding="gzip").read() == packed


def test_bodies_may_be_large_in_both_directions(client: Client, server: ScriptedServer) -> None:
    large = os.urandom(3_000_000)
    server.answer = lambda _: web.Response(body=large)
    response = client.request("PUT", body=large)
    assert zlib.crc32(response.read()) == zlib.crc32(large) == zlib.crc32(server.seen[0].body)


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("DELETE", 204), ("GET", 304)])
def test_answers_without_a_body_do_not_make_the_client_wait(
    client: Client, server: ScriptedServer, method: str, status: int
) -> None:
    server.answer = lambda _: web.Response(status=status)
    response = client.request(method)
    assert (response.status, response.read()) == (status, b"")


def test_one_connection_serves_many_requests(client: Client, server: ScriptedServer) -> None:
    connection = client.connect()
    for _ in range(3):
        connection.request("GET", "/api")
        assert connection.getresponse().read()
    assert len(server.seen) == 3


def test_events_of_a_watch_arrive_one_by_one_as_they_happen(
    client: Client, server: ScriptedServer, proxy: FaultProxy
) -> None:
    watch = client.watch()
    server.wait_for_watches(1)
    for number in range(3):
        server.send(event(number))
        assert watch.readline() == event(number)
    assert proxy.counters() == {"requests": 1, "watches": 1}


def test_watches_are_requested_uncompressed_so_that_lines_can_be_split(client: Client, server: ScriptedServer) -> None:
    client.request(path="/api/things?watch=1", Accept_Encoding="gzip")
    assert "Accept-Encoding" not in server.seen[0].headers


def test_lines_stay_complete_wherever_the_chunks_end() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for chunk in (b"a", b"b\nc\n", b"\n", b"d\ne", b"f"):
            yield chunk

    async def collected() -> list[bytes]:
        return [line async for line in lines(chunks())]

    assert asyncio.run(collected()) == [b"ab\n", b"c\n", b"\n", b"d\n", b"ef"]


def test_a_watch_event_of_many_chunks_stays_complete(client: Client, server: ScriptedServer) -> None:
    watch = client.watch()
    server.wait_for_watches(1)
    long = b'{"type": "ADDED", "object": "' + b"x" * 300_000 + b'"}\n'
    server.send(long[:10], long[10:100_000], long[100_000:] + event(1)[:5], event(1)[5:])
    assert watch.readline() == long
    assert watch.readline() == event(1)


def test_a_half_line_at_the_end_of_a_watch_is_forwarded(client: Client, server: ScriptedServer) -> None:
    watch = client.watch()
    server.wait_for_watches(1)
    server.send(event(1), b'{"type":')
    server.end_watches()
    assert watch.read() == event(1) + b'{"type":'


def test_a_client_that_leaves_closes_its_watch_at_the_server(client: Client, server: ScriptedServer) -> None:
    client.watch()
    server.wait_for_watches(1)
    client.close()
    server.wait_for_watches(0)


def test_a_watch_aborted_by_the_server_is_aborted_for_the_client(
    client: Client, server: ScriptedServer, proxy: FaultProxy
) -> None:
    watch = client.watch()
    server.wait_for_watches(1)
    server.send(event(1))
    server.break_watches()
    assert watch.readline() == event(1)
    with pytest.raises(http.client.IncompleteRead):
        watch.read()
    assert proxy.counters()["upstream-lost"] == 1


def test_a_server_that_is_down_looks_like_a_lost_connection() -> None:
    with ScriptedServer() as gone:
        url = gone.url
    with (
        FaultProxy(target=Target(server=url)) as proxy,
        client_of(proxy.url) as client,
        pytest.raises(ConnectionResetError),
    ):
        client.request()


def test_a_refused_watch_passes_as_any_other_answer(client: Client, server: ScriptedServer) -> None:
    server.answer = lambda _: web.json_response({"code": 410}, status=410)
    assert client.ask(path="/api/things?watch=") == (410, {"code": 410})


def test_a_path_in_the_servers_url_is_kept_as_a_prefix(server: ScriptedServer) -> None:
    with (
        FaultProxy(target=Target(server=f"{server.url}/clusters/one")) as proxy,
        client_of(proxy.url) as client,
    ):
        client.ask(path="/api/v1")
    assert server.seen[0].target == "/clusters/one/api/v1"
