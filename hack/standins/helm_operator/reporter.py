"""Writes the steps of a sync into the HelmRelease's status.

Each step is a write of its own, as in the original: a watch sees every phase, and `observedGeneration` changes only
after the last one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import structlog

from controller.apimachinery.errors import ApiError, Conflict
from controller.client import Client
from hack.standins.helm_operator import status as vocabulary
from hack.standins.helm_operator.resource import HELM_RELEASES, HelmRelease

log = structlog.get_logger(__name__)

# Enough attempts for conflicts with other writers; the next sync writes the status again anyway.
_TRIES = 5


class Reporter:
    """Writes status. Failing to do so never fails a sync. Thread-safe."""

    def __init__(self, *, client: Client) -> None:
        self._client = client

    def phase(self, hr: HelmRelease, phase: str, *, revision: str = "") -> None:
        """Enter a phase."""
        self._change(
            hr,
            lambda status: vocabulary.with_phase(
                status,
                phase,
                release=hr.release_name,
                namespace=hr.target_namespace,
                now=datetime.now(UTC),
                revision=revision,
                ignore_test_failures=hr.ignores_test_failures,
            ),
        )

    def observed(self, hr: HelmRelease) -> None:
        """A sync of this generation has ended."""
        self._change(hr, lambda status: vocabulary.with_observed_generation(status, hr.generation))

    def release_status(self, hr: HelmRelease, release_status: str) -> None:
        """Record the state of the release in Helm."""
        self._change(
            hr,
            lambda status: vocabulary.with_release_status(
                status, release=hr.release_name, release_status=release_status
            ),
        )

    def _change(self, hr: HelmRelease, change: Callable[[Mapping[str, Any]], dict[str, Any]]) -> None:
        for _ in range(_TRIES):
            try:
                live = self._client.get(HELM_RELEASES, hr.name, namespace=hr.namespace)
                before = live.get("status") or {}
                after = change(before)
                if after != before:
                    self._client.replace(
                        HELM_RELEASES,
                        hr.name,
                        {**live, "status": after},
                        namespace=hr.namespace,
                        subresource="status",
                    )
            except Conflict:
                continue
            except ApiError as error:
                log.info("status not written", helmrelease=hr.key, error=str(error))
            return
