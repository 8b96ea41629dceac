"""A cancelled scope or a deadline ends a request."""

from __future__ import annotations

import threading

import pytest

from controller.apimachinery import errors
from controller.apimachinery.resources import NAMESPACES
from controller.apimachinery.scope import Scope
from controller.client import Client
from tests.unit.client.server import Chunks, Server, Silence
from tests.unit.fakes import DEADLINE


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
