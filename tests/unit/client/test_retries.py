"""The client repeats a request only if the server asks for it."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from controller.apimachinery import errors
from controller.apimachinery.resources import NAMESPACES
from controller.apimachinery.scope import Scope
from controller.client import Client
from controller.metrics import Registry
from tests.unit.client.server import Answer, Server
from tests.unit.client.verbs import VERBS, call_every_verb, status
from tests.unit.fakes import DEADLINE, FakeClock, JumpingClock, eventually
from tests.unit.measured import measured


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

    def test_no_wait_is_longer_than_five_minutes(self, make_client: Callable[..., Client], server: Server) -> None:
        clock = JumpingClock()
        server.script(Answer(429, status(429, "TooManyRequests"), Retry_After="9" * 400), Answer(200))
        make_client(clock=clock).get(NAMESPACES, "x")
        assert clock.waits == [300]

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
