"""What the API server serves, asked once for everybody who wants to know at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from controller.apimachinery import names, objects
from controller.apimachinery.resources import Resource
from controller.client import Client

# Seconds for which an answer is used again: a new CRD is found soon, and a thousand environments ask once.
KEPT: Final = 5.0


class Discovery:
    """Resources by group version. `now` returns monotonic seconds. Thread-safe."""

    def __init__(self, *, client: Client, now: Callable[[], float]) -> None:
        self._client = client
        self._now = now
        self._lock = threading.Lock()
        self._answers: dict[str, tuple[float, frozenset[Resource]]] = {}

    def served(self, group_version: str) -> frozenset[Resource]:
        """What can be read and applied in `v1` or `apps/v1`; nothing where that is unknown. Raises ApiError."""
        with self._lock:
            asked, answer = self._answers.get(group_version, (float("-inf"), frozenset()))
        if self._now() - asked < KEPT:
            return answer
        answer = frozenset(_resources(group_version, self._client.api_resources(group_version)))
        with self._lock:
            self._answers[group_version] = (self._now(), answer)
        return answer


def _resources(group_version: str, entries: Iterable[Mapping[str, Any]]) -> Iterable[Resource]:
    group, _, version = group_version.rpartition("/")
    # An aggregated API server, which anybody may have written, answers for its own groups.
    for entry in objects.mappings(entries):
        plural, kind, verbs = objects.text(entry.get("name")), objects.text(entry.get("kind")), entry.get("verbs")
        can_be_applied = isinstance(verbs, list) and "get" in verbs and "patch" in verbs
        # Subresources have a slash; reviews and the like are created to be answered, and never exist.
        if names.is_dns_label(plural) and kind and can_be_applied:
            yield Resource(group, version, plural, kind, namespaced=entry.get("namespaced") is True)
