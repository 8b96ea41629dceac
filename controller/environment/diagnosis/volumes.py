"""What a Pod waits for that has to be mounted, or read into its environment."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

# Reasons of Events about a Pod.
REASONS: Final = ("FailedMount", "FailedAttachVolume", "FailedMapVolume")
# What the scheduler says about claims. A claim that waits for its first Pod says nothing.
_CLAIM: Final = re.compile(r"persistentvolumeclaim|volume node affinity|unbound immediate", re.IGNORECASE)
_SETUP: Final = re.compile(r'^(?:MountVolume\.\w+|AttachVolume\.\w+|MapVolume\.\w+) failed for volume "([^"]*)" ?: ?')
_LATE: Final = re.compile(r"timed out waiting|context deadline exceeded|Unable to attach or mount")


def is_about_claim(text: str) -> bool:
    """Return whether the scheduler cannot place a Pod because of a volume."""
    return bool(_CLAIM.search(text))


def words(texts: Iterable[str]) -> str:
    """Return the most useful of what the kubelet says about mounting, or "".

    A kubelet says at the same time what is missing, and that it waited too long.
    """
    said = min(texts, key=lambda text: (bool(_LATE.search(text)), text), default="")
    return _SETUP.sub(r"volume \1: ", said)
