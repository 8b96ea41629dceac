"""What anybody who reaches the pod sends to its ports."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.metrics import Registry
from controller.runtime import HealthChecks, HttpServer, Response
from controller.statuspage.query import parse, select
from tests.fuzz.mutation import damaged, few
from tests.unit.fakes import DEADLINE
from tests.unit.statuspage.builders import World, environment

REQUESTS = (
    b"GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: text/plain\r\nConnection: keep-alive\r\n\r\n",
    b"GET /environments/shop-74?q=a%20b&status=failed&sort=-age&page=2 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"HEAD /readyz/caches?verbose HTTP/1.0\r\n\r\n",
    b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\nhello",
    b"GET http://x/static/../../etc/passwd HTTP/1.1\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
)


@pytest.fixture(scope="module")
def server() -> Iterator[HttpServer]:
    world = World(environment(), environment("other"))
    registry = Registry()
    routes = {
        **world.routes,
        "/metrics": lambda rest, query: Response(200, registry.render(), registry.content_type),
        "/readyz": HealthChecks({"caches": lambda: None}).respond,
    }
    server = HttpServer(name="fuzz", host="127.0.0.1", port=0, routes=routes)
    server.start()
    yield server
    assert server.stop(DEADLINE)


@few(80)
@given(damaged(REQUESTS))
def test_any_request_gets_an_answer_of_ours_or_none(server: HttpServer, request_: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(request_)
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        with contextlib.suppress(ConnectionError):
            while data := connection.recv(65536):
                answer += data
    status, _, rest = answer.partition(b"\r\n")
    assert not answer or (status.startswith(b"HTTP/1.0 ") and rest.startswith(b"Server: tronador\r\n"))
    assert b"500 " not in status


@few(60)
@given(st.dictionaries(st.sampled_from(["q", "status", "sort", "page"]), st.lists(st.text(max_size=20), max_size=2)))
def test_any_query_of_the_page_selects_something(parameters: dict[str, list[str]]) -> None:
    query = parse(parameters)
    select([], query)
    assert query.url(page=2).isascii()


@few(40)
@given(st.text(max_size=60))
def test_any_name_of_an_environment_has_a_page(name: str) -> None:
    assert World(environment()).get(f"/environments/{quote(name, safe='', errors='replace')}").status in (200, 404)
