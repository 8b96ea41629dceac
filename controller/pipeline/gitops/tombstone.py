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
        # The same second is no proof of "later".
        return closed is None or happened is None or happened <= closed

    def text(self) -> bytes:
        """As it is written to its file."""
        fields = {
            "repository": self.origin.repository,
            "pullRequest": self.origin.pull_request,
            "time": self.time,
        }
        return json.dumps({name: value for name, value in fields.items() if value}).encode() + b"\n"


def parse(content: bytes) -> Tombstone:
    """The tombstone in a file. One that cannot be read names nobody, and so holds for everybody."""
    try:
        fields = json.loads(content)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        return Tombstone(Origin())
    origin = Origin(str(fields.get("repository") or ""), str(fields.get("pullRequest") or ""))
    return Tombstone(origin, str(fields.get("time") or ""))
