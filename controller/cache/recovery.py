"""How reflectors learn that the API server answers again after an outage."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from controller.apimachinery.scope import Scope, current_scope


class Recovery(Protocol):
    """The part of `controller.client.serverhealth.ServerHealth` that is used here."""

    @property
    def epoch(self) -> int:
        """How many times the server has come back so far."""
        ...

    @property
    def away(self) -> bool:
        """Whether the server is known to be unavailable."""
        ...

    def subscribe(self, callback: Callable[[], None]) -> None:
        """Call `callback` each time the server comes back. It must not block."""
        ...

    def wait(self, seconds: float, *, since: int, at_least: float = 0.0) -> bool:
        """Wait under the current scope. Returns True if the server's return after epoch `since` cut the wait short.

        The wait always lasts at least `at_least` seconds.
        """
        ...


class NoRecovery:
    """Used where outages are not detected: every wait takes its full time."""

    epoch = 0
    away = False

    def subscribe(self, callback: Callable[[], None]) -> None:
        """Ignore the callback, because no return is ever detected."""

    def wait(self, seconds: float, *, since: int, at_least: float = 0.0) -> bool:
        """Wait under the current scope; always returns False."""
        (current_scope() or Scope()).wait(seconds)
        return False
