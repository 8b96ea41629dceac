"""Each failure of a request has its error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from controller.apimachinery import errors
from controller.apimachinery.resources import NAMESPACES
from controller.client import Client
from tests.unit.client.server import Answer, Reset, Server, Silence
from tests.unit.client.verbs import VERBS, call_every_verb, status


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
