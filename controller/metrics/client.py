"""Metrics of requests to the API server, with client-go's names."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

from controller.metrics import buckets


class ClientMetrics:
    """Implements `controller.client.metrics.ClientMetrics`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "rest_client_requests_total",
            "Attempts of requests by status code (<error>: no answer), method and host.",
            ["code", "method", "host"],
            registry=registry,
        )
        self._retries = Counter(
            "rest_client_request_retries_total",
            "Requests retried because the server asked for it with Retry-After.",
            ["code", "verb", "host"],
            registry=registry,
        )
        self._duration = Histogram(
            "rest_client_request_duration_seconds",
            "Seconds from sending an attempt to receiving the headers of the answer.",
            ["verb", "host"],
            buckets=buckets.REQUEST,
            registry=registry,
        )
        self._limited = Histogram(
            "rest_client_rate_limiter_duration_seconds",
            "Seconds by which the client's own rate limiter delayed requests.",
            ["verb", "host"],
            buckets=buckets.REQUEST,
            registry=registry,
        )
        self._request_size = Histogram(
            "rest_client_request_size_bytes",
            "Sizes of request bodies in bytes.",
            ["verb", "host"],
            buckets=buckets.SIZE,
            registry=registry,
        )
        self._response_size = Histogram(
            "rest_client_response_size_bytes",
            "Sizes of response bodies in bytes, watches excluded.",
            ["verb", "host"],
            buckets=buckets.SIZE,
            registry=registry,
        )

    def request(self, *, code: str, method: str, host: str, seconds: float) -> None:
        """See the protocol."""
        self._requests.labels(code, method, host).inc()
        self._duration.labels(method, host).observe(seconds)

    def retry(self, *, code: str, verb: str, host: str) -> None:
        """See the protocol."""
        self._retries.labels(code, verb, host).inc()

    def sizes(self, *, verb: str, host: str, request: int, response: int) -> None:
        """See the protocol."""
        self._request_size.labels(verb, host).observe(request)
        self._response_size.labels(verb, host).observe(response)

    def throttled(self, *, verb: str, host: str, seconds: float) -> None:
        """See the protocol."""
        self._limited.labels(verb, host).observe(seconds)
