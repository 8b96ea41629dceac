"""No write is sent while the gate is shut."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from controller.apimachinery import errors
from controller.apimachinery.resources import NAMESPACES
from controller.client import Client
from tests.unit.client.server import Answer, Server
from tests.unit.client.verbs import VERBS, call_every_verb, status
from tests.unit.fakes import JumpingClock


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
