"""API discovery: which resources the API server serves. One answer is shared by all reconciles for a few seconds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from controller.apimachinery import names, objects
from controller.apimachinery.resources import Resource
from controller.client import Client

# Seconds for which an answer is used again. A new CRD is found soon, and a thousand environments cause one request.
KEPT: Final = 5.0


class Discovery:
    """A cache of API discovery by group version. `now` returns monotonic seconds. Thread-safe."""

    def __init__(self, *, client: Client, now: Callable[[], float]) -> None:
        self._client = client
        self._now = now
        self._lock = threading.Lock()
        self._answers: dict[str, tuple[float, frozenset[Resource]]] = {}

    def served(self, group_version: str) -> frozenset[Resource]:
        """Return the resources of a group version (`v1`, `apps/v1`) that can be read and applied.

        Returns an empty set if the API server does not know the group version.

        Raises:
            ApiError: the API server did not answer.
        """
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
    # An aggregated API server answers for its own groups, and its answer can contain anything.
    for entry in objects.mappings(entries):
        plural, kind, verbs = objects.text(entry.get("name")), objects.text(entry.get("kind")), entry.get("verbs")
        can_be_applied = isinstance(verbs, list) and "get" in verbs and "patch" in verbs
        # The name of a subresource contains a slash. Reviews and the like can only be created.
        if names.is_dns_label(plural) and kind and can_be_applied:
            yield Resource(group, version, plural, kind, namespaced=entry.get("namespaced") is True)
