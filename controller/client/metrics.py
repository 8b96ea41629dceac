"""Metrics of requests to the API server, with client-go's names."""

from __future__ import annotations

from controller.metrics import Registry, buckets


class ClientMetrics:
    """The metrics of clients. `host` is the server's host:port, `verb` and `method` the HTTP method."""

    def __init__(self, registry: Registry) -> None:
        self._requests = registry.counter(
            "rest_client_requests_total",
            "Attempts of requests by status code (<error>: no answer), method and host.",
            ["code", "method", "host"],
        )
        self._retries = registry.counter(
            "rest_client_request_retries_total",
            "Requests retried because the server asked for it with Retry-After.",
            ["code", "verb", "host"],
        )
        self._duration = registry.histogram(
            "rest_client_request_duration_seconds",
            "Seconds from sending an attempt to receiving the headers of the answer.",
            buckets.REQUEST,
            ["verb", "host"],
        )
        self._limited = registry.histogram(
            "rest_client_rate_limiter_duration_seconds",
            "Seconds by which the client's own rate limiter delayed requests.",
            buckets.REQUEST,
            ["verb", "host"],
        )
        self._request_size = registry.histogram(
            "rest_client_request_size_bytes", "Sizes of request bodies in bytes.", buckets.SIZE, ["verb", "host"]
        )
        self._response_size = registry.histogram(
            "rest_client_response_size_bytes",
            "Sizes of response bodies in bytes, watches excluded.",
            buckets.SIZE,
            ["verb", "host"],
        )

    def request(self, *, code: str, method: str, host: str, seconds: float) -> None:
        """An attempt ended after `seconds` with status `code`, or with "<error>" if there was no answer."""
        self._requests.labels(code, method, host).inc()
        self._duration.labels(method, host).observe(seconds)

    def retry(self, *, code: str, verb: str, host: str) -> None:
        """A request is about to be sent again."""
        self._retries.labels(code, verb, host).inc()

    def sizes(self, *, verb: str, host: str, request: int, response: int) -> None:
        """Record the sizes, in bytes, of both bodies of a finished request (watches excluded)."""
        self._request_size.labels(verb, host).observe(request)
        self._response_size.labels(verb, host).observe(response)

    def throttled(self, *, verb: str, host: str, seconds: float) -> None:
        """The client's own rate limiter delayed a request by `seconds`."""
        self._limited.labels(verb, host).observe(seconds)
