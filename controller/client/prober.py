"""Probes an API server that may be unavailable every one to two seconds. Sends nothing while the server is well.

Nothing else would notice the server's return in time: informers back off for up to a minute, and a standby renews no
lease. `/readyz` is cheap, fails while a server starts, and is open to every client (ClusterRole
`system:public-info-viewer`).
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Final

from controller.apimachinery.clock import Clock, MonotonicClock
from controller.apimachinery.errors import ApiError, Stopped, means_server_away
from controller.apimachinery.scope import Scope
from controller.apimachinery.threads import start_thread
from controller.client.serverhealth import ServerHealth

# Seconds between two probes, stretched by a random factor of up to 2.
_INTERVAL: Final = 1.0
# Seconds. A starting server refuses every client (401, 403, 404) until it has loaded its roles. If it still refuses
# after this time, it is available and just does not permit the probe.
_REFUSING_IS_ANSWERING: Final = 5.0


class Prober:
    """Runs the probes; see the module.

    Args:
        ask: sends one probe; raises ApiError. Its client reports the result to `health`, as it does for any request.
    """

    name = "server-prober"

    def __init__(
        self,
        *,
        health: ServerHealth,
        ask: Callable[[], None],
        clock: Clock | None = None,
        rand: Callable[[], float] = random.random,
    ) -> None:
        self._health = health
        self._ask = ask
        self._clock = clock or MonotonicClock()
        self._rand = rand
        self._scope = Scope(clock=self._clock)
        self._thread: threading.Thread | None = None
        self._refused_since: float | None = None

    def start(self) -> None:
        """Start the prober's thread."""
        self._thread = start_thread(self.name, self._run)

    def stop(self, timeout: float) -> bool:
        """Interrupt a running probe and end the thread. Returns whether it ended in `timeout` seconds. Idempotent."""
        self._scope.cancel()
        if self._thread is None:
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        with self._scope.bound():
            try:
                while True:
                    self._health.wait_for_doubt()
                    self._probe()
                    self._scope.wait(_INTERVAL * (1.0 + self._rand()))
            except Stopped:
                return

    def _probe(self) -> None:
        try:
            self._ask()
        except Stopped:
            raise
        except ApiError as error:
            if means_server_away(error):
                self._refused_since = None
                self._health.probe_failed()
            elif self._refuses_for_long():
                self._health.answered()
        else:
            self._refused_since = None
            self._health.answered()

    def _refuses_for_long(self) -> bool:
        now = self._clock.now()
        if self._refused_since is None:
            self._refused_since = now
        return now - self._refused_since >= _REFUSING_IS_ANSWERING
