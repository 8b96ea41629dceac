"""Maps what goes wrong on a connection to our errors."""

from __future__ import annotations

import ssl
import zlib
from typing import Final

import httptools
import urllib3

from controller.apimachinery.errors import ApiError, ConnectionLost, RequestTimeout, Stopped, TlsFailure
from controller.apimachinery.scope import current_scope

# What opening a connection, sending, receiving and reading an answer can raise.
ERRORS: Final = (
    OSError,
    ValueError,
    urllib3.exceptions.HTTPError,
    httptools.HttpParserError,
    httptools.HttpParserUpgrade,
    zlib.error,
)


def failure(error: Exception, *, host: str) -> ApiError:
    """Return our error for one of `ERRORS`; `Stopped` if the scope is cancelled. `host` begins its text."""
    scope = current_scope()
    if scope is not None and scope.cancelled:
        return Stopped("stopping")
    text = " ".join(str(error).split())
    match error:
        case urllib3.exceptions.NewConnectionError():
            # The text begins with the representation of the connection object; the host is more useful to people.
            # urllib3 makes this a subclass of its timeouts, but a refused connection fails at once.
            return ConnectionLost(f"{host}: {text.removeprefix(f'{error.conn}: ')}")
        case urllib3.exceptions.TimeoutError():
            return RequestTimeout(f"{host}: no connection in the time allowed")
        case TimeoutError():
            return RequestTimeout(f"{host}: no answer in the time allowed")
        case urllib3.exceptions.SSLError() | ssl.SSLError():
            return TlsFailure(f"{host}: TLS: {text}")
        case httptools.HttpParserError() | httptools.HttpParserUpgrade():
            return ConnectionLost(f"{host}: the answer is not HTTP: {text}")
        case _:
            return ConnectionLost(f"{host}: {text}")
