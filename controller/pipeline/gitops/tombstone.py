"""What is left of a retired environment, so that a build that ends after the close does not bring it back.

A tombstone is `.retired/NAME` beside the environments' files: a line of JSON, and no ending in its name, so that Argo
CD does not read it. It names the pull request, for the same name may be used by another one later, and the moment of
the close by the provider's clock, so that what happened later, a reopening, can be told from what only arrives later.
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
    """See the module. `time` is RFC 3339, or "" where it is not known."""

    origin: Origin
    time: str = ""

    def outlives(self, origin: Origin, *, time: str) -> bool:
        """Whether it still holds for what happened to a pull request at `time`."""
        if self.origin.contradicts(origin):
            return False
        closed, happened = timestamps.from_time(self.time), timestamps.from_time(time)
        # The same moment does not count as later. A reopening in the same second as the close gets a later time, see
        # webhooks/delivery.py.
        return closed is None or happened is None or happened <= closed

    def text(self) -> bytes:
        """As it is written to its file."""
        fields = {
            "repository": self.origin.repository,
            "repositoryId": self.origin.repository_id,
            "pullRequest": self.origin.pull_request,
            "time": self.time,
        }
        return json.dumps({name: value for name, value in fields.items() if value}).encode() + b"\n"


def parse(content: bytes) -> Tombstone:
    """The tombstone in a file. One that cannot be read names no pull request, and so holds for all of them."""
    try:
        fields = json.loads(content)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        return Tombstone(Origin())
    repository, pull_request, number = (
        str(fields.get(name) or "") for name in ("repository", "pullRequest", "repositoryId")
    )
    origin = Origin(repository, pull_request, number)
    return Tombstone(origin, str(fields.get("time") or ""))
