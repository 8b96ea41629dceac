"""Keeps the token of a configuration current while it is used. Requests of many threads ask for it all the time."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from typing import Final

from controller.apimachinery.clock import Clock, MonotonicClock
from controller.client.kubernetes_package import ConfigException, Configuration

# Seconds between two looks of the package at whether the token has to be renewed.
_PAUSE: Final = 10.0


def reread(configuration: Configuration, path: Path) -> None:
    """Look at the token file before each request. The package would keep the first token for ever."""
    known: tuple[int, ...] = ()

    def read(target: Configuration) -> None:
        nonlocal known
        # While a file is being replaced it may be unreadable: keep the old token. If it is expired, a 401 reloads all.
        with contextlib.suppress(OSError):
            found = path.stat()
            version = (found.st_mtime_ns, found.st_size, found.st_ino)
            if version != known and (token := path.read_text().strip()):
                target.api_key["BearerToken"] = f"Bearer {token}"
                known = version

    configuration.refresh_api_key_hook = read
    read(configuration)


def renew(configuration: Configuration, *, clock: Clock | None = None) -> None:
    """Let the package look only every few seconds, because it then builds the whole configuration again.

    That is often enough: it renews a token minutes before the token expires. Also removes the line break at the end of
    a token, with which no server accepts it.
    """
    if token := configuration.api_key.get("BearerToken"):
        configuration.api_key["BearerToken"] = token.strip()
    package_hook = configuration.refresh_api_key_hook
    if package_hook is None:
        return
    clock = clock or MonotonicClock()
    # The package writes more than the token, among others its own hook. Nothing else uses this copy.
    scratch = Configuration()
    lock = threading.Lock()
    due = 0.0

    def look(target: Configuration) -> None:
        nonlocal due
        if clock.now() < due or not lock.acquire(blocking=False):
            return
        try:
            # As above, a file that is being replaced keeps the old token.
            with contextlib.suppress(ConfigException, OSError):
                package_hook(scratch)
                target.api_key["BearerToken"] = scratch.api_key["BearerToken"].strip()
            due = clock.now() + _PAUSE
        finally:
            lock.release()

    configuration.refresh_api_key_hook = look
