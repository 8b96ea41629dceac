"""Validation of git ref names, so that only names that git accepts reach a command line or an object."""

from __future__ import annotations

import re
from typing import Final

_LIMIT: Final = 255
# What git-check-ref-format(1) forbids (control characters, spaces, git's own revision and pattern syntax), and
# characters that a string in a Kubernetes object cannot hold.
_FORBIDDEN: Final = re.compile(r"[\x00-\x20\x7f-\x9f\ud800-\udfff\u2028\u2029~^:?*\[\\]|\.\.|@\{|//")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


def is_branch(text: str) -> bool:
    """Return whether `text` is a valid branch name. A name that could be read as an option is not."""
    if not text or len(text) > _LIMIT or text == "@" or text.startswith(("-", "/")) or text.endswith(("/", ".")):
        return False
    if _FORBIDDEN.search(text):
        return False
    return not any(part.startswith(".") or part.endswith(".lock") for part in text.split("/"))


def is_commit(text: str) -> bool:
    """Return whether `text` is a full commit SHA."""
    return _COMMIT.fullmatch(text) is not None
