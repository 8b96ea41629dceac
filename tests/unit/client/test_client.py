"""The client against a scripted server: answers, failures, retries, deadlines."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest

from controller.apimachinery import errors
from controller.apimachinery.nesting import READ_LIMIT, Unreadable
from controller.apimachinery.resources import NAMESPACES
from controller.apimachinery.scope import Scope
from controller.apimachinery.tokenbucket import TokenBucket
from controller.client import Client, DeletePropagation, PatchType
from controller.client.serverhealth import ServerHealth
from controller.metrics import Registry
from tests.unit.client.server import Answer, Chunks, Reset, Server, Silence
from tests.unit.fakes import DEADLINE, WIDGETS, FakeClock, JumpingClock, eventually
from tests.unit.measured import measured


def status(code: int, reason: str, message: str = "the server's words", **more: Any) -> dict[str, Any]:
    return {"kind": "Status", "apiVersion": "v1", "code": code, "reason": reason, "message": message, **more}


def call_every_verb(client: Client) -> dict[str, Callable[[], Any]]:
    return {
        "GET": lambda: client.get(NAMESPACES, "x"),
        "POST": lambda: client.create(NAMESPACES, {}),
        "PUT": lambda: client.replace(NAMESPACES, "x", {}),
        "PATCH": lambda: client.patch(NAMESPACES, "x", {}),
        "DELETE": lambda: client.delete(NAMESPACES, "x"),
    }


VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class TestSending:
    @pytest.mark.promise("client")
    def test_bodies_arrive_as_json_with_their_content_type(self, client: Client, server: Server) -> None:
        client.create(NAMESPACES, {"a": [1, None, "ü"]})
        client.patch(NAMESPACES, "x", {"a": None})
        client.patch(NAMESPACES, "x", [{"op": "remove", "path": "/a"}], patch_type=PatchType.JSON)
        client.patch(NAMESPACES, "x", {"b": True}, patch_type=PatchType.APPLY, field_manager="other", force=True)
        client.replace(NAMESPACES, "x", {"c": 1.5}, subresource="status")
        client.delete(NAMESPACES, "x", uid="u", propagation=DeletePropagation.BACKGROUND)
        assert [(a.method, a.target, a.headers["content-type"], a.json) for a in server.asked] == [
            ("POST", "/api/v1/namespaces?fieldManager=tronador", "application/json", {"a": [1, None, "ü"]}),
            ("PATCH", "/api/v1/namespaces/x?fieldManager=tronador", "application/merge-patch+json", {"a": None}),
            (
                "PATCH",
                "/api/v1/namespaces/x?fieldManager=tronador",
                "application/json-patch+json",
                [{"op": "remove", "path": "/a"}],
            ),
            (
                "PATCH",
                "/api/v1/namespaces/x?fieldManager=other&force=true",
                "application/apply-patch+yaml",
                {"b": True},
            ),
            ("PUT", "/api/v1/namespaces/x/status?fieldManager=tronador", "application/json", {"c": 1.5}),
            (
                "DELETE",
                "/api/v1/namespaces/x",
                "application/json",
                {
                    "apiVersion": "v1",
                    "kind": "DeleteOptions",
                    "preconditions": {"uid": "u"},
                    "propagationPolicy": "Background",
                },
            ),
        ]

    def test_an_empty_patch_body_is_sent_as_an_empty_object(self, client: Client, server: Server) -> None:
        client.patch(NAMESPACES, "x", {})
        assert server.asked[0].json == {}

    def test_the_answer_is_the_plain_object_with_unknown_fields(self, client: Client, server: Server) -> None:
        server.script(Answer(200, {"kind": "Namespace", "spec": {"fromTheFuture": None}}))
        assert client.get(NAMESPACES, "x") == {"kind": "Namespace", "spec": {"fromTheFuture": None}}

    @pytest.mark.promise("listing")
    @pytest.mark.parametrize(
        "odd", [b"[" * 1500 + b"]" * 1500, b'{"a":' * 700 + b"1" + b"}" * 700, b"9" * 5000, b"NaN"]
    )
    def test_an_unreadable_value_in_an_item_leaves_the_rest_of_a_list_readable(
        self, client: Client, server: Server, odd: bytes
    ) -> None:
        items = [{"metadata": {"name": name}, "spec": "odd" if name == "b" else {"x": 1}} for name in "abc"]
        server.script(Answer(200, json.dumps({"items": items}).encode().replace(b'"odd"', odd)))
        read = client.list(WIDGETS)["items"]
        assert [item["metadata"]["name"] for item in read] == ["a", "b", "c"]
        assert [item["spec"] for item in read if item["metadata"]["name"] != "b"] == [{"x": 1}, {"x": 1}]

    def test_a_body_may_be_nested_as_deep_as_what_can_be_read(self, client: Client, server: Server) -> None:
        deep: Any = 1
        for _ in range(READ_LIMIT):
            deep = {"a": [deep]}
        client.patch(WIDGETS, "x", {"spec": deep}, namespace="ns")
        assert server.asked[-1].json == {"spec": deep}

    def test_an_unreadable_value_is_never_sent(self, client: Client, server: Server) -> None:
        with pytest.raises(TypeError):
            client.patch(WIDGETS, "x", {"spec": Unreadable("a number that is too large")}, namespace="ns")
        assert server.asked == []

    def test_a_compressed_list_is_read(self, client: Client, server: Server) -> None:
        listed = {"kind": "WidgetList", "items": []}
        server.script(Answer(200, gzip.compress(json.dumps(listed).encode()), Content_Encoding="gzip"))
        assert client.list(WIDGETS) == listed

    def test_every_request_has_a_user_agent(self, make_client: Callable[..., Client], server: Server) -> None:
        client = make_client(user_agent="tronador/1 (test)", user={"token": "secret"})
        client.get(NAMESPACES, "x")
        assert server.asked[0].headers["user-agent"] == "tronador/1 (test)"
        assert server.asked[0].headers["authorization"] == "Bearer secret"

    def test_connections_are_kept_and_reused(self, client: Client, server: Server) -> None:
        ports: set[int] = set()
        server.on_request = lambda asked: ports.add(threading.get_ident())
        for _ in range(3):
            client.get(NAMESPACES, "x")
        assert len(ports) == 1, "one handler thread means one connection"


class TestDiscovery:
    def test_a_resource_that_is_listed_exists(self, client: Client, server: Server) -> None:
        server.script(
            Answer(200, {"kind": "APIResourceList", "resources": [{"name": "widgets"}, {"name": "x/status"}]})
        )
        assert client.has_resource(WIDGETS)
        assert server.asked[0].target == "/apis/example.com/v1"

    def test_a_resource_that_is_not_listed_does_not_exist(self, client: Client, server: Server) -> None:
        server.script(Answer(200, {"kind": "APIResourceList", "resources": [{"name": "gadgets"}]}))
        assert not client.has_resource(WIDGETS)

    def test_a_resource_of_an_unknown_group_does_not_exist(self, client: Client, server: Server) -> None:
        server.script(Answer(404, b"404 page not found\n"))
        assert not client.has_resource(WIDGETS)

    def test_any_other_failure_of_discovery_is_raised(self, client: Client, server: Server) -> None:
        server.script(Answer(403, status(403, "Forbidden")))
        with pytest.raises(errors.Forbidden):
            client.has_resource(WIDGETS)

    def test_the_server_returns_its_version(self, client: Client, server: Server) -> None:
        server.script(Answer(200, {"gitVersion": "v1.36.0"}))
        assert client.server_version()["gitVersion"] == "v1.36.0"
        assert server.asked[0].target == "/version"

    def test_the_server_says_whether_it_is_ready(self, client: Client, server: Server) -> None:
        server.script(Answer(200, b"ok"), Answer(500, b"[-]informer-sync failed: reason withheld"))
        client.check_ready()
        with pytest.raises(errors.ServerError, match="informer-sync failed"):
            client.check_ready()
        assert [asked.target for asked in server.asked] == ["/readyz", "/readyz"]


@pytest.mark.promise("outages")
def test_a_connection_without_an_answer_from_the_network_is_closed(client: Client, server: Server) -> None:
    server.script(Chunks())
    with client.watch(NAMESPACES) as stream:
        sock = stream._socket
        assert sock is not None
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


class TestFailures:
    @pytest.mark.promise("client")
    @pytest.mark.parametrize(
        ("code", "reason", "error"),
        [
            (400, "BadRequest", errors.BadRequest),
            (403, "Forbidden", errors.Forbidden),
            (404, "NotFound", errors.NotFound),
            (409, "AlreadyExists", errors.AlreadyExists),
            (409, "Conflict", errors.Conflict),
            (410, "Expired", errors.Expired),
            (422, "Invalid", errors.Invalid),
            (429, "TooManyRequests", errors.TooManyRequests),
            (500, "InternalError", errors.ServerError),
            (504, "Timeout", errors.ServerError),
            (415, "UnsupportedMediaType", errors.StatusError),
        ],
    )
    def test_each_status_has_its_error_and_keeps_its_message(
        self, client: Client, server: Server, code: int, reason: str, error: type[errors.StatusError]
    ) -> None:
        server.script(Answer(code, status(code, reason, details={"causes": [{"reason": "X"}]})))
        with pytest.raises(error) as caught:
            client.patch(NAMESPACES, "x", {})
        assert type(caught.value) is error
        assert (caught.value.code, caught.value.reason) == (code, reason)
        assert caught.value.message == "the server's words"
        assert caught.value.has_cause("X")
        assert len(server.asked) == 1, "nothing is repeated without being asked to"

    @pytest.mark.promise("client")
    @pytest.mark.parametrize("body", [b"<html>a proxy's page</html>" * 100, b"", b"404 page not found\n", b"\xff\xfe"])
    def test_a_failure_without_a_status_keeps_a_short_text(self, client: Client, server: Server, body: bytes) -> None:
        server.script(Answer(404, body))
        with pytest.raises(errors.NotFound) as caught:
            client.get(NAMESPACES, "x")
        assert caught.value.resource_missing
        assert len(caught.value.message) <= 512

    @pytest.mark.parametrize("body", [b"<html>", b"[]", b""])
    def test_a_success_that_is_not_an_object_is_malformed(self, client: Client, server: Server, body: bytes) -> None:
        server.script(Answer(200, body))
        with pytest.raises(errors.MalformedAnswer):
            client.get(NAMESPACES, "x")

    @pytest.mark.promise("client")
    @pytest.mark.parametrize("verb", VERBS)
    def test_a_cut_connection_raises_and_the_request_is_sent_once(
        self, client: Client, server: Server, verb: str
    ) -> None:
        server.script(Reset())
        with pytest.raises(errors.ConnectionLost):
            call_every_verb(client)[verb]()
        assert len(server.asked) == 1

    def test_an_answer_cut_in_the_middle_is_a_lost_connection(self, client: Client, server: Server) -> None:
        class Half(Answer):
            def play(self, handler: Any, server: Server) -> None:
                handler.send_response(200)
                handler.send_header("Content-Length", "1000")
                handler.end_headers()
                handler.wfile.write(b'{"half":')
                handler.close_connection = True

        server.script(Half())
        with pytest.raises(errors.ConnectionLost):
            client.get(NAMESPACES, "x")

    def test_a_refused_connection_is_a_lost_connection(
        self, make_client: Callable[..., Client], server: Server
    ) -> None:
        client = make_client()
        server.close()
        with pytest.raises(errors.ConnectionLost) as caught:
            client.get(NAMESPACES, "x")
        assert type(caught.value) is errors.ConnectionLost, "a refused connection fails at once and is not a timeout"
        assert str(caught.value).startswith(f"{server.url.removeprefix('http://')}: ")
        assert "Connection refused" in str(caught.value)
        assert "object at" not in str(caught.value), "in words, not in Python"

    @pytest.mark.promise("client")
    def test_a_server_that_accepts_and_says_nothing_times_out(
        self, make_client: Callable[..., Client], server: Server
    ) -> None:
        server.script(Silence())
        with pytest.raises(errors.RequestTimeout):
            make_client(read_timeout=0.05).get(NAMESPACES, "x")
        assert len(server.asked) == 1


class TestRetries:
    @pytest.mark.promise("client")
    @pytest.mark.parametrize("verb", VERBS)
    @pytest.mark.parametrize("code", [429, 500, 503])
    def test_a_request_is_repeated_on_request_of_the_server(
        self, make_client: Callable[..., Client], server: Server, verb: str, code: int
    ) -> None:
        clock, registry = JumpingClock(), Registry()
        client = make_client(clock=clock, registry=registry)
        busy = Answer(code, status(code, "Busy"), Retry_After="3")
        server.script(busy, busy, Answer(200, {"done": True}))
        assert call_every_verb(client)[verb]() == {"done": True}
        assert clock.waits == [3, 3]
        assert [asked.method for asked in server.asked] == [verb] * 3
        assert measured(registry, "rest_client_request_retries_total", verb=verb, code=str(code)) == 2

    @pytest.mark.parametrize("header", [{}, {"Retry_After": "soon"}, {"Retry_After": "1.5"}, {"Retry_After": "-1"}])
    def test_a_retry_after_without_whole_seconds_fails_the_request(
        self, client: Client, server: Server, header: dict[str, str]
    ) -> None:
        server.script(Answer(503, status(503, "Busy"), **header))
        with pytest.raises(errors.ServerError):
            client.get(NAMESPACES, "x")
        assert len(server.asked) == 1

    @pytest.mark.promise("client")
    def test_a_version_that_is_too_large_is_not_waited_for(self, client: Client, server: Server) -> None:
        body = status(504, "Timeout") | {"details": {"causes": [{"reason": "ResourceVersionTooLarge"}]}}
        server.script(Answer(504, body, Retry_After="1"))
        with pytest.raises(errors.ServerError):
            client.list(NAMESPACES, resource_version="99", resource_version_match="NotOlderThan")
        assert len(server.asked) == 1

    def test_other_failures_are_not_repeated_even_with_a_retry_after(self, client: Client, server: Server) -> None:
        server.script(Answer(409, status(409, "Conflict"), Retry_After="1"))
        with pytest.raises(errors.Conflict):
            client.patch(NAMESPACES, "x", {})
        assert len(server.asked) == 1

    @pytest.mark.promise("client")
    def test_after_ten_retries_it_gives_up(self, make_client: Callable[..., Client], server: Server) -> None:
        clock = JumpingClock()
        server.script(Answer(429, status(429, "TooManyRequests"), Retry_After="1"))
        with pytest.raises(errors.TooManyRequests):
            make_client(clock=clock).get(NAMESPACES, "x")
        assert len(server.asked) == 11
        assert len(clock.waits) == 10

    @pytest.mark.promise("client")
    def test_a_cancelled_scope_ends_the_wait(
        self, make_client: Callable[..., Client], server: Server, clock: FakeClock
    ) -> None:
        client, scope = make_client(), Scope(clock=clock)
        server.script(Answer(429, status(429, "TooManyRequests"), Retry_After="1000"))
        outcome: list[BaseException] = []

        def work() -> None:
            with scope.bound():
                try:
                    client.get(NAMESPACES, "x")
                except errors.ApiError as error:
                    outcome.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        eventually(lambda: clock.waiters() == 1)
        scope.cancel()
        thread.join(DEADLINE)
        assert isinstance(outcome[0], errors.Stopped)

    def test_closing_the_client_ends_the_waits_of_callers_without_a_scope(
        self, make_client: Callable[..., Client], server: Server, clock: FakeClock
    ) -> None:
        client = make_client(clock=clock)
        server.script(Answer(429, status(429, "TooManyRequests"), Retry_After="1000"))
        outcome: list[BaseException] = []

        def work() -> None:
            try:
                client.get(NAMESPACES, "x")
            except errors.ApiError as error:
                outcome.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        eventually(lambda: clock.waiters() == 1)
        client.close()
        thread.join(DEADLINE)
        assert isinstance(outcome[0], errors.Stopped)

    @pytest.mark.promise("client")
    def test_a_wait_beyond_the_caller_s_deadline_is_not_begun(self, client: Client, server: Server) -> None:
        clock = JumpingClock()
        server.script(Answer(429, status(429, "TooManyRequests"), Retry_After="60"))
        with Scope(timeout=5, clock=clock).bound(), pytest.raises(errors.RequestTimeout, match="60 s"):
            client.get(NAMESPACES, "x")
        assert clock.waits == []


class TestScopes:
    def test_nothing_is_sent_under_a_cancelled_scope(self, client: Client, server: Server) -> None:
        scope = Scope()
        scope.cancel()
        with scope.bound(), pytest.raises(errors.Stopped):
            client.get(NAMESPACES, "x")
        assert server.asked == []

    def test_cancelling_interrupts_a_request_that_waits_for_its_answer(self, client: Client, server: Server) -> None:
        server.script(Silence())
        scope, outcome = Scope(), []

        def work() -> None:
            with scope.bound():
                try:
                    client.get(NAMESPACES, "x")
                except errors.ApiError as error:
                    outcome.append(type(error))

        thread = threading.Thread(target=work)
        thread.start()
        assert server.waiting.wait(DEADLINE)
        scope.cancel()
        thread.join(DEADLINE)
        assert outcome == [errors.Stopped]

    def test_cancelling_interrupts_the_reading_of_a_body(self, client: Client, server: Server) -> None:
        server.script(Chunks(b'{"half": ', then="silence"))
        scope, outcome = Scope(), []

        def work() -> None:
            with scope.bound():
                try:
                    client.get(NAMESPACES, "x")
                except errors.ApiError as error:
                    outcome.append(type(error))

        thread = threading.Thread(target=work)
        thread.start()
        assert server.waiting.wait(DEADLINE)
        scope.cancel()
        thread.join(DEADLINE)
        assert outcome == [errors.Stopped]

    def test_a_deadline_limits_the_time_for_an_answer(self, client: Client, server: Server) -> None:
        server.script(Silence())
        with Scope(timeout=0.05).bound(), pytest.raises(errors.RequestTimeout):
            client.get(NAMESPACES, "x")


class TestGate:
    @pytest.mark.promise("leader election")
    @pytest.mark.parametrize("verb", VERBS[1:])
    def test_a_write_is_not_sent_when_the_gate_is_shut(
        self, make_client: Callable[..., Client], server: Server, verb: str
    ) -> None:
        client = make_client(may_write=lambda: False)
        with pytest.raises(errors.NotLeader):
            call_every_verb(client)[verb]()
        assert server.asked == []

    def test_reads_pass_a_shut_gate(self, make_client: Callable[..., Client], server: Server) -> None:
        client = make_client(may_write=lambda: False)
        client.get(NAMESPACES, "x")
        client.list(NAMESPACES)
        assert len(server.asked) == 2

    @pytest.mark.promise("leader election")
    def test_the_gate_is_asked_again_before_a_retry(self, make_client: Callable[..., Client], server: Server) -> None:
        answers = iter([True, False])
        client = make_client(may_write=lambda: next(answers), clock=JumpingClock())
        server.script(Answer(429, status(429, "TooManyRequests"), Retry_After="1"))
        with pytest.raises(errors.NotLeader):
            client.patch(NAMESPACES, "x", {})
        assert len(server.asked) == 1

    @pytest.mark.promise("leader election")
    def test_the_gate_is_asked_again_before_the_second_try_with_fresh_credentials(
        self, make_client: Callable[..., Client], server: Server
    ) -> None:
        answers = iter([True, False])
        client = make_client(may_write=lambda: next(answers))
        server.script(Answer(401, status(401, "Unauthorized")))
        with pytest.raises(errors.NotLeader):
            client.patch(NAMESPACES, "x", {})
        assert len(server.asked) == 1


class TestLimiter:
    @pytest.mark.promise("client")
    def test_requests_beyond_the_burst_are_spaced(self, make_client: Callable[..., Client], server: Server) -> None:
        clock, registry = JumpingClock(), Registry()
        limiter = TokenBucket(rate=2, burst=1, clock=clock)
        client = make_client(limiter=limiter, clock=clock, registry=registry)
        for _ in range(3):
            client.get(NAMESPACES, "x")
        assert clock.waits == [0.5, 0.5]
        limited = "rest_client_rate_limiter_duration_seconds"
        assert measured(registry, f"{limited}_count") == 3
        assert measured(registry, f"{limited}_sum") == 1.0

    @pytest.mark.promise("client")
    def test_there_is_no_rate_limit_by_default(self, make_client: Callable[..., Client]) -> None:
        registry = Registry()
        client = make_client(registry=registry, clock=JumpingClock())
        for _ in range(20):
            client.get(NAMESPACES, "x")
        assert measured(registry, "rest_client_rate_limiter_duration_seconds_count") == 0


class TestMetrics:
    def test_every_attempt_is_counted_by_its_outcome(self, make_client: Callable[..., Client], server: Server) -> None:
        registry = Registry()
        client = make_client(registry=registry, clock=JumpingClock())
        server.script(Answer(429, status(429, "Busy"), Retry_After="1"), Answer(200), Reset())
        client.get(NAMESPACES, "x")
        with pytest.raises(errors.ConnectionLost):
            client.patch(NAMESPACES, "x", {})
        host = server.url.removeprefix("http://")
        for method, code in (("GET", "429"), ("GET", "200"), ("PATCH", "<error>")):
            series = {"method": method, "code": code, "host": host}
            assert registry.get_sample_value("rest_client_requests_total", series) == 1
        assert measured(registry, "rest_client_requests_total") == 3

    def test_sizes_are_those_of_the_bodies(self, make_client: Callable[..., Client], server: Server) -> None:
        registry = Registry()
        server.script(Answer(200, b'{"a": 1}'))
        make_client(registry=registry).patch(NAMESPACES, "x", {"b": 2})
        assert measured(registry, "rest_client_request_size_bytes_sum", verb="PATCH") == len('{"b": 2}')
        assert measured(registry, "rest_client_response_size_bytes_sum", verb="PATCH") == len('{"a": 1}')
        assert measured(registry, "rest_client_response_size_bytes_count") == 1
