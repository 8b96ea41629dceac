"""The tombstone of a retired environment. It keeps a build that ends after the close from publishing it again.

A tombstone is the file `.retired/NAME` beside the environments' files. It holds a line of JSON, and its name has no
extension, so that Argo CD does not read it. It names the pull request, because another one may use the same name later.
It also holds the time of the close by the provider's clock. This time distinguishes an event that happened after the
close (a reopening) from one that only arrives after it (a late build).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from controller.apimachinery import timestamps
from controller.pipeline.gitops.origin import Origin

FOLDER: Final = ".retired"


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A tombstone, as described above. `time` is RFC 3339, or "" if it is not known."""

    origin: Origin
    time: str = ""

    def outlives(self, origin: Origin, *, time: str) -> bool:
        """Return whether the tombstone applies to an event of the pull request `origin` at `time` (RFC 3339 or "")."""
        if self.origin.contradicts(origin):
            return False
        closed, happened = timestamps.from_time(self.time), timestamps.from_time(time)
        # An equal time does not count as later. A reopening in the second of the close gets a later time in
        # webhooks/delivery.py.
        return closed is None or happened is None or happened <= closed

    def text(self) -> bytes:
        """Return the content of the tombstone file."""
        fields = {
            "repository": self.origin.repository,
            "repositoryId": self.origin.repository_id,
            "pullRequest": self.origin.pull_request,
            "time": self.time,
        }
        return json.dumps({name: value for name, value in fields.items() if value}).encode() + b"\n"


def parse(content: bytes) -> Tombstone:
    """Return the tombstone in a file. If it cannot be read, it names no pull request and applies to all of them."""
    try:
        fields = json.loads(content)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        return Tombstone(Origin())
    repository, pull_request, number, time = (
        _word(fields.get(name)) for name in ("repository", "pullRequest", "repositoryId", "time")
    )
    return Tombstone(Origin(repository, pull_request, number), time)


def _word(value: object) -> str:
    """Return a string, or the digits of a number; "" for anything else."""
    return str(value) if isinstance(value, str | int) and value else ""
