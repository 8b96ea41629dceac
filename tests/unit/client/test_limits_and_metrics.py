"""The rate limit of the client, and the metrics of its requests."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from controller.apimachinery import errors
from controller.apimachinery.resources import NAMESPACES
from controller.apimachinery.tokenbucket import TokenBucket
from controller.client import Client
from controller.metrics import Registry
from tests.unit.client.server import Answer, Reset, Server
from tests.unit.client.verbs import status
from tests.unit.fakes import JumpingClock
from tests.unit.measured import measured


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
        assert measured(registry, "rest_client_request_size_bytes_sum", verb="PATCH") == len('{"b":2}')
        assert measured(registry, "rest_client_response_size_bytes_sum", verb="PATCH") == len('{"a": 1}')
        assert measured(registry, "rest_client_response_size_bytes_count") == 1
