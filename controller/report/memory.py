"""What the reporter remembers about one life of an environment, as long as the process runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from controller.report.feedback import Feedback
from controller.report.record import Record

_FIRST_PAUSE: Final = 60.0
_LONGEST_PAUSE: Final = 3600.0


@dataclass(slots=True)
class Refusal:
    """A channel that was refused, and is tried again later.

    Attributes:
        number: how often in a row.
        until: the time (clock seconds) before which it is not tried.
    """

    number: int = 0
    until: float = 0.0

    def again(self, now: float) -> float:
        """Note another refusal. Returns the seconds to wait: a minute first, then twice as long each time."""
        pause = min(_FIRST_PAUSE * 2.0**self.number, _LONGEST_PAUSE)
        self.number += 1
        self.until = now + pause
        return pause


@dataclass(slots=True, kw_only=True)
class Memory:
    """See the module. Only the worker that holds the key of the environment changes it.

    Attributes:
        uid: of the EnvironmentProvisioner.
        record: what was reported; at the start, what the annotation says.
        is_ignored: whether its repository is under no prefix.
        is_unsaved: whether the annotation still has to be written.
        comment: the number of our comment; 0 if it is not known.
        edited: when (clock seconds) the comment was last written; None if this process has not written it.
        failure: what the pull request was to show when the environment last failed; None if that was before the start.
        since: when (clock seconds) the change was first seen that is not reported yet; None if there is none.
        refusals: by channel.
    """

    uid: str
    record: Record
    is_ignored: bool = False
    is_unsaved: bool = False
    comment: int = 0
    edited: float | None = None
    failure: Feedback | None = None
    since: float | None = None
    refusals: dict[str, Refusal] = field(default_factory=dict)
