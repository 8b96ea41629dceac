"""The head of each request: what it asks for, and the headers, most of which are the same for all requests."""

from __future__ import annotations

from collections.abc import Mapping

from controller.client.kubernetes_package import Configuration
from controller.client.request import Request


class Heads:
    """Writes heads for the requests of one configuration.

    Args:
        target_prefix, fixed: see `Connections`; `fixed` are headers that every request has.
    """

    def __init__(self, configuration: Configuration, *, target_prefix: str, fixed: Mapping[str, str]) -> None:
        self._configuration = configuration
        self._target_prefix = target_prefix
        self._fixed = "".join(map(_line, fixed.items()))
        # The credentials that were used last, and the headers that contain them. Replaced as a pair.
        self._authorized: tuple[str | None, str] = (None, self._fixed)

    def of(self, request: Request, *, length: int | None) -> bytes:
        """Return the head of a request, with `length` bytes of body if it has one.

        Raises ValueError if no header can hold the token.
        """
        lines = [f"{request.method} {self._target_prefix}{request.target} HTTP/1.1\r\n", self._unchanging()]
        lines += map(_line, request.headers.items())
        lines.append("\r\n" if length is None else f"Content-Length: {length}\r\n\r\n")
        return "".join(lines).encode("latin-1")

    def _unchanging(self) -> str:
        # Calls the package's hook, which renews a token that has been rotated.
        token = self._configuration.get_api_key_with_prefix("BearerToken", alias="authorization")
        used, headers = self._authorized
        if token != used:
            if token and not (token.isascii() and token.isprintable()):
                # Without the token itself, because this text is logged.
                raise ValueError("the token contains a line break or another invalid character")
            headers = self._fixed + (_line(("Authorization", token)) if token else "")
            self._authorized = (token, headers)
        return headers


def _line(header: tuple[str, str]) -> str:
    return f"{header[0]}: {header[1]}\r\n"
