"""What the client reports about itself; `controller.metrics` implements it for Prometheus."""

from __future__ import annotations

from typing import Protocol


class ClientMetrics(Protocol):
    """Called for every attempt, from any thread. `host` is the server's host:port, `verb` the HTTP method."""

    def request(self, *, code: str, method: str, host: str, seconds: float) -> None:
        """An attempt ended after `seconds` with `code`, or with "<error>" when there was no answer."""
        ...

    def retry(self, *, code: str, verb: str, host: str) -> None:
        """A request is about to be sent again."""
        ...

    def sizes(self, *, verb: str, host: str, request: int, response: int) -> None:
        """Bytes of the bodies of a finished exchange (not of watches)."""
        ...

    def throttled(self, *, verb: str, host: str, seconds: float) -> None:
        """The client's own limiter held a request back for `seconds`."""
        ...


class NoClientMetrics:
    """For whoever does not measure."""

    def request(self, *, code: str, method: str, host: str, seconds: float) -> None:
        """Ignore."""

    def retry(self, *, code: str, verb: str, host: str) -> None:
        """Ignore."""

    def sizes(self, *, verb: str, host: str, request: int, response: int) -> None:
        """Ignore."""

    def throttled(self, *, verb: str, host: str, seconds: float) -> None:
        """Ignore."""
