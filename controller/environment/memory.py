"""What a process remembers of its environments from one reconcile to the next. All of it may be lost at any moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from controller.environment.drift.corrections import Corrections
from controller.environment.echoes import Echoes
from controller.environment.timers import Timers


@dataclass(frozen=True, slots=True)
class Memory:
    """See the module.

    Attributes:
        timers: how long something has been so.
        corrections: what was written, and what others made of it.
        echoes: how the last reconcile of each environment ended.
        let_go: the environments (name: UID) whose finalizer we removed, as long as the cache still has them. The memory
            of our writes does not cover this: the answer to the removal of the last finalizer has the earlier version.
    """

    timers: Timers
    corrections: Corrections
    echoes: Echoes
    let_go: dict[str, str] = field(default_factory=dict)

    @classmethod
    def empty(cls, *, now: Callable[[], float]) -> Memory:
        """Return the memory of a new process. `now` returns monotonic seconds."""
        return cls(timers=Timers(now=now), corrections=Corrections(now=now), echoes=Echoes(now=now))

    def forget(self, key: str) -> None:
        """Forget an environment, but not that its finalizer was removed."""
        self.timers.forget(key)
        self.corrections.forget(key)
        self.echoes.forget(key)
