"""What reflectors need to know about an API server that was away and answers again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from controller.apimachinery.scope import Scope, current_scope


class Recovery(Protocol):
    """`controller.client.serverhealth.ServerHealth`, as far as it is needed here."""

    @property
    def epoch(self) -> int:
        """How often the server came back so far."""
        ...

    @property
    def away(self) -> bool:
        """Whether the server is known to be away."""
        ...

    def subscribe(self, callback: Callable[[], None]) -> None:
        """Call `callback`, which must not block, each time when the server comes back."""
        ...

    def wait(self, seconds: float, *, since: int, at_least: float = 0.0) -> bool:
        """Wait under the current scope; True when it was cut short because the server came back after epoch `since`.

        A wait is never cut below `at_least` seconds.
        """
        ...


class NoRecovery:
    """Every wait takes its full time."""

    epoch = 0
    away = False

    def subscribe(self, callback: Callable[[], None]) -> None:
        """Ignore the callback: without knowledge of an outage there is no return."""

    def wait(self, seconds: float, *, since: int, at_least: float = 0.0) -> bool:
        """Wait as the current scope does."""
        (current_scope() or Scope()).wait(seconds)
        return False
