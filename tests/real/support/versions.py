"""ResourceVersions that no server can serve."""

from __future__ import annotations

from typing import Final

ANCIENT: Final = "1"
FUTURE: Final = str(2**60)
