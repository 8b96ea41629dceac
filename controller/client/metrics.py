"""The measurements that the client reports. `controller.metrics` implements the protocol for Prometheus."""

from __future__ import annotations

from typing import Protocol


class ClientMetrics(Protocol):
    """Called for every attempt, from any thread. `host` is the server's host:port, `verb` the HTTP method."""

    def request(self, *, code: str, method: str, host: str, seconds: float) -> None:
        """An attempt ended after `seconds` with status `code`, or with "<error>" if there was no answer."""
        ...

    def retry(self, *, code: str, verb: str, host: str) -> None:
        """A request is about to be sent again."""
        ...

    def sizes(self, *, verb: str, host: str, request: int, response: int) -> None:
        """The sizes, in bytes, of both bodies of a finished request (watches excluded)."""
        ...

    def throttled(self, *, verb: str, host: str, seconds: float) -> None:
        """The client's own rate limiter delayed a request by `seconds`."""
        ...


class NoClientMetrics:
    """Discards all measurements."""

    def request(self, *, code: str, method: str, host: str, seconds: float) -> None:
        """Ignore."""

    def retry(self, *, code: str, verb: str, host: str) -> None:
        """Ignore."""

    def sizes(self, *, verb: str, host: str, request: int, response: int) -> None:
        """Ignore."""

    def throttled(self, *, verb: str, host: str, seconds: float) -> None:
        """Ignore."""
