"""The exit codes of every command."""

from __future__ import annotations

from typing import Final

OK: Final = 0
# It failed, or what it was given is refused.
FAILED: Final = 1
# The command line itself is wrong; for `tronador wait`: the time is over.
USAGE: Final = 2
