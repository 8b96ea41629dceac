"""What the API server serves, asked once for everybody who wants to know at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from controller.client import Client

# Seconds for which an answer is used again: a new CRD is found soon, and a thousand environments ask once.
KEPT: Final = 5.0


class Discovery:
    """Plural names by group version. `now` returns monotonic seconds. Thread-safe."""

    def __init__(self, *, client: Client, now: Callable[[], float]) -> None:
        self._client = client
        self._now = now
        self._lock = threading.Lock()
        self._answers: dict[str, tuple[float, frozenset[str]]] = {}

    def served(self, group_version: str) -> frozenset[str]:
        """The plural names served in `v1` or `apps/v1`; none where it is unknown. Raises ApiError."""
        with self._lock:
            asked, answer = self._answers.get(group_version, (float("-inf"), frozenset()))
        if self._now() - asked < KEPT:
            return answer
        answer = frozenset(str(entry.get("name")) for entry in self._client.api_resources(group_version))
        with self._lock:
            self._answers[group_version] = (self._now(), answer)
        return answer
