"""The requests that passed through the proxy, for tests that record them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request that the server has answered, and of the answer what its first line says.

    Attributes:
        path: decoded.
        query: the last value of each parameter.
        status: of the server's answer, whatever the client will be given.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    status: int


Witness = Callable[[Exchange], None]
"""Called when the server has done a request and before the client learns of it. The proxy stands still meanwhile."""


def ignore(exchange: Exchange) -> None:
    """Keeps no account."""
