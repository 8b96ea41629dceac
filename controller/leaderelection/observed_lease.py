"""Judging a lease by this machine's clock alone.

The times in a Lease come from other machines' clocks and are never compared with ours. What counts is when *we* last
saw the Lease change: its holder is alive until that moment plus the duration which the Lease itself claims.
"""

from __future__ import annotations

from controller.apimachinery.clock import Clock
from controller.apimachinery.objects import Object
from controller.leaderelection import record


class ObservedLease:
    """The Lease as last seen by this process. For one thread."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._changed_at = 0.0
        self.lease: Object | None = None

    def see(self, lease: Object, *, at: float | None = None) -> None:
        """Record a Lease that was read or written. `at`: when that request began, in clock seconds; None: now."""
        if self.lease is None or record.spec_of(lease) != record.spec_of(self.lease):
            self._changed_at = self._clock.now() if at is None else at
        self.lease = lease

    def holder(self) -> str:
        """Return the identity of the holder, whether it is alive or not; "" if there is no holder."""
        return "" if self.lease is None else record.holder_of(self.lease)

    def valid_until(self) -> float:
        """Return the time (clock seconds) until which the holder counts as alive."""
        return 0.0 if self.lease is None else self._changed_at + record.duration_of(self.lease)

    def is_valid(self) -> bool:
        """Whether the holder counts as alive now."""
        return self._clock.now() < self.valid_until()
