"""Reads the head of an HTTP request, of which only the first line counts, in bounded time and memory.

`http.server` would parse all headers as those of a mail, although nothing here reads them. That takes minutes for some
headers of 200 kB, and slows down every other thread meanwhile.
"""

from __future__ import annotations

import re
import socket
import time
from dataclasses import dataclass
from typing import Final

# Bytes of a head. Kubelets, scrapers and browsers send about one thousand, and cookies of other pages a few more.
LIMIT: Final = 16 * 1024
_END: Final = re.compile(rb"\n\r?\n")
_LINE: Final = re.compile(r"(?P<method>[A-Z]{1,16}) (?P<target>[!-~\x80-\xff]+) HTTP/1\.[01]")


class BadRequest(Exception):
    """The head is not one of HTTP/1."""


class TooLong(Exception):
    """The head has more than `LIMIT` bytes."""


@dataclass(frozen=True, slots=True)
class Request:
    """The first line of a request: its method, such as GET, and its target, which need not be a valid URL."""

    method: str
    target: str


def receive(connection: socket.socket, *, seconds: float) -> Request | None:
    """Return the request that arrives on a connection, or None if the client closes it without one.

    Raises BadRequest, TooLong, TimeoutError if the whole head is not there after `seconds`, and OSError.
    """
    head = _head(connection, time.monotonic() + seconds)
    if not head:
        return None
    match = _LINE.fullmatch(head.partition(b"\n")[0].removesuffix(b"\r").decode("latin-1"))
    if match is None:
        raise BadRequest
    return Request(match["method"], match["target"])


def _head(connection: socket.socket, deadline: float) -> bytes:
    head, seen = bytearray(), 0
    while not _END.search(head, max(0, seen - 2)):
        seen = len(head)
        if seen > LIMIT:
            raise TooLong
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("the request takes too long")
        connection.settimeout(remaining)
        data = connection.recv(LIMIT)
        if not data:
            break
        head += data
    return bytes(head)
