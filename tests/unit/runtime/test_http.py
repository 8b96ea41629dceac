"""Probes and scrapes over real HTTP, on ports of their own."""

from __future__ import annotations

import contextlib
import http.client
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack

import pytest

from controller.runtime import HealthChecks, HttpServer, Response, httprequest, httpserver
from tests.unit.fakes import DEADLINE


class State:
    def __init__(self) -> None:
        self.problem: str | None = None

    def check(self) -> str | None:
        if self.problem == "raise":
            raise RuntimeError("a bug in a check")
        return self.problem


@pytest.fixture
def state() -> State:
    return State()


@pytest.fixture
def server(state: State) -> Iterator[HttpServer]:
    checks = HealthChecks({"caches": state.check, "ping": lambda: None})

    def metrics(rest: str, query: Mapping[str, list[str]]) -> Response:
        return Response(200, f"rest={rest}".encode(), "text/x-metrics")

    def broken(rest: str, query: Mapping[str, list[str]]) -> Response:
        raise RuntimeError("a bug in a route")

    routes = {"/readyz": checks.respond, "/metrics": metrics, "/broken": broken, "/headers": with_headers}
    server = HttpServer(name="test", host="127.0.0.1", port=0, routes=routes)
    server.start()
    yield server
    assert server.stop(DEADLINE)


def with_headers(rest: str, query: Mapping[str, list[str]]) -> Response:
    return Response(200, b"body", headers={"X-Frame-Options": "DENY"})


def ask(server: HttpServer, method: str, path: str) -> http.client.HTTPResponse:
    """The answer, read to its end."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE)
    connection.request(method, path)
    response = connection.getresponse()
    response.body = response.read()  # type: ignore[attr-defined]
    connection.close()
    return response


def get(server: HttpServer, path: str) -> tuple[int, str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode(), response.headers["Content-Type"]
    finally:
        connection.close()


def test_a_free_port_is_taken_and_named(server: HttpServer) -> None:
    assert server.port > 0


def test_healthy_is_a_plain_ok(server: HttpServer) -> None:
    assert get(server, "/readyz")[:2] == (200, "ok")


def test_a_failing_check_is_named_with_its_reason(server: HttpServer, state: State) -> None:
    state.problem = "widgets not synced"
    assert get(server, "/readyz")[:2] == (503, "[-] caches: widgets not synced\n")


def test_a_check_that_raises_has_failed(server: HttpServer, state: State) -> None:
    state.problem = "raise"
    assert get(server, "/readyz")[:2] == (503, "[-] caches: RuntimeError: a bug in a check\n")


def test_verbose_lists_every_check(server: HttpServer, state: State) -> None:
    assert get(server, "/readyz?verbose")[:2] == (200, "[+] caches: ok\n[+] ping: ok\n")
    state.problem = "no"
    assert get(server, "/readyz?verbose")[:2] == (503, "[-] caches: no\n[+] ping: ok\n")


def test_one_check_can_be_asked_for(server: HttpServer, state: State) -> None:
    state.problem = "no"
    assert get(server, "/readyz/ping")[0] == 200
    assert get(server, "/readyz/caches")[0] == 503
    assert get(server, "/readyz/unknown")[0] == 404


def test_other_routes_answer_with_their_own_type(server: HttpServer) -> None:
    assert get(server, "/metrics") == (200, "rest=", "text/x-metrics")


@pytest.mark.parametrize("path", ["/", "/metricsx", "/etc/passwd"])
def test_unknown_paths_are_not_found(server: HttpServer, path: str) -> None:
    assert get(server, path)[0] == 404


def test_a_route_chooses_its_headers(server: HttpServer) -> None:
    assert ask(server, "GET", "/headers").headers["X-Frame-Options"] == "DENY"


def test_head_answers_with_the_headers_of_get_and_no_body(server: HttpServer) -> None:
    answer = ask(server, "HEAD", "/headers")
    assert (answer.status, answer.headers["Content-Length"], answer.body) == (200, "4", b"")  # type: ignore[attr-defined]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_are_refused(server: HttpServer, method: str) -> None:
    answer = ask(server, method, "/headers")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_a_route_that_raises_costs_only_its_own_answer(server: HttpServer) -> None:
    assert get(server, "/broken")[0] == 500
    assert get(server, "/readyz")[0] == 200


def test_a_target_that_is_not_a_url_is_a_bad_request(server: HttpServer) -> None:
    # Written by hand, because Python's client refuses such a target too.
    with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE) as connection:
        connection.sendall(b"GET http://[ HTTP/1.0\r\n\r\n")
        assert b" 400 " in connection.recv(100)


def test_a_client_that_connects_and_says_nothing_does_not_hold_up_the_others(server: HttpServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port)):
        assert get(server, "/readyz")[0] == 200


@pytest.mark.parametrize(
    "request_line",
    ["GET /headers", "GET /nowhere", "GET /broken", "POST /headers", "GET http://[", "TRACE /", "GET /" + "a" * 70_000],
    ids=lambda line: line[:14],
)
def test_every_answer_forbids_scripts_and_hides_what_serves_it(server: HttpServer, request_line: str) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE) as connection:
        connection.sendall(f"{request_line} HTTP/1.0\r\n\r\n".encode())
        answer = http.client.HTTPResponse(connection)
        answer.begin()
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.headers["Server"] == "tronador"


# What the parser of mails in Python's library takes minutes for, or raises another error for than it says.
HEADS = {
    "many parameters": b'Content-Type: multipart/x; a="' + b";" * 15_000,
    "parameters on many lines": b'Content-Type: multipart/x; a="' + b"\r\n ".join([b";" * 60_000] * 4),
    "a huge number": b"Content-Type: multipart/x; boundary*" + b"9" * 5000 + b"*=x",
    "many headers": b"a: b\r\n" * 100_000,
    "one long header": b"a: " + b"x" * 1_000_000,
    "bytes": bytes(range(256)),
}


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_no_head_of_a_request_takes_long(server: HttpServer, head: bytes) -> None:
    started = time.process_time()
    with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE) as connection:
        with contextlib.suppress(ConnectionError):
            # The server may have answered and closed before it has all.
            connection.sendall(b"GET /readyz HTTP/1.1\r\n" + head + b"\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.0 " + (b"200" if len(head) < httprequest.LIMIT else b"431"))
    assert time.process_time() - started < 0.5


def test_a_client_that_sends_a_byte_now_and_then_is_cut_off(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(httpserver, "_CLIENT_TIMEOUT", 0.2)
    with socket.create_connection(("127.0.0.1", server.port), timeout=0.02) as connection:
        deadline = time.monotonic() + DEADLINE
        while time.monotonic() < deadline:
            try:
                connection.sendall(b"G")
                assert connection.recv(1) == b""
                return
            except TimeoutError:
                continue
            except ConnectionError:
                return
    pytest.fail("the connection is still open")


def test_many_slow_clients_keep_no_probe_out_and_the_oldest_makes_room(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(httpserver, "_CLIENTS", 3)
    monkeypatch.setattr(httpserver, "_CLIENT_TIMEOUT", 10 * DEADLINE)
    with ExitStack() as stack:
        slow = [stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=2)) for _ in range(4)]
        assert get(server, "/readyz")[0] == 200
        assert slow[0].recv(1) == b""


def test_a_burst_of_connections_is_accepted_before_any_is_answered() -> None:
    server = HttpServer(name="burst", host="127.0.0.1", port=0, routes={})
    with ExitStack() as stack:
        stack.callback(server.stop, DEADLINE)
        for _ in range(100):
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=0.9))


def test_slow_clients_do_not_lengthen_the_stop() -> None:
    server = HttpServer(name="stopped", host="127.0.0.1", port=0, routes={})
    server.start()
    with ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
        assert get(server, "/")[0] == 404
        started = time.monotonic()
        assert not server.stop(0.05)
        assert time.monotonic() - started < 0.8


def test_a_port_in_use_is_known_at_once(server: HttpServer) -> None:
    with pytest.raises(OSError, match="in use"):
        HttpServer(name="other", host="127.0.0.1", port=server.port, routes={})


def test_a_server_that_was_never_started_can_be_stopped() -> None:
    assert HttpServer(name="idle", host="127.0.0.1", port=0, routes={}).stop(1)
