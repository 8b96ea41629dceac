"""User names at the providers of git repositories."""

from __future__ import annotations

import re
from typing import Final

# GitHub, GitLab, Gitea and Forgejo allow nothing else. GitHub writes its apps as name[bot].
_USER_NAME: Final = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.-]{0,254}(\[bot\])?")


def is_user_name(text: str) -> bool:
    """Return whether `text` can be a user name."""
    return _USER_NAME.fullmatch(text) is not None
