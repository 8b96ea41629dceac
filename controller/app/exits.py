"""The exit codes of every command."""

from __future__ import annotations

from typing import Final

OK: Final = 0
# The command failed, or refused its input.
FAILED: Final = 1
# The command line is wrong. From `tronador wait`: the time is over.
USAGE: Final = 2
# Plus the number of the signal that ended the process, as shells report it.
BY_SIGNAL: Final = 128
