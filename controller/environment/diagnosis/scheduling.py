"""Why no node takes a Pod."""

from __future__ import annotations

import re
from typing import Final

_NODES: Final = re.compile(r"^\d+/\d+ nodes are available: ")
# Numbers of nodes change with an autoscaler, and they decide about the order of the scheduler's reasons.
_COUNT: Final = re.compile(r"^\d+ (?:node\(s\) )?")
_PREEMPTION: Final = re.compile(r"(?:\.|^)(?: [^.]*,)? preemption: .*$", re.DOTALL)
# Taints can contain commas.
_BETWEEN: Final = re.compile(r", (?=\d+ )")


def words(message: str) -> str:
    """Return the reasons of a scheduler without numbers of nodes, in alphabetical order."""
    text = _PREEMPTION.sub("", message).strip()
    shorter = _NODES.sub("", text)
    if shorter == text:
        return text.rstrip(".")
    reasons = {_COUNT.sub("", part.strip()) for part in _BETWEEN.split(shorter.rstrip(". "))}
    return f"no node is available: {'; '.join(sorted(reasons))}"
