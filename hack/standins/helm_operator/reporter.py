"""What the operator tells the world of a sync: the HelmRelease's status, step by step, and Events with the real errors.

Each step is a write of its own, as in the original: whoever watches sees every phase, and sees `observedGeneration`
move only after the last one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import structlog

from controller.apimachinery import objects
from controller.apimachinery.errors import ApiError, Conflict
from controller.apimachinery.resources import CORE_EVENTS
from controller.apimachinery.timestamps import to_time
from controller.client import Client
from hack.standins.helm_operator import status as vocabulary
from hack.standins.helm_operator.resource import HELM_RELEASES, HelmRelease

log = structlog.get_logger(__name__)

COMPONENT = "helm-operator"
SYNCED = "ReleaseSynced"
SYNC_FAILED = "FailedReleaseSync"
# Enough for other writers of the same object; the next sync says it anew anyway.
_TRIES = 5
# The API server refuses longer ones.
_MESSAGE_LIMIT = 1024


class Reporter:
    """Writes status and Events. Failing to do so never fails a sync. Thread-safe."""

    def __init__(self, *, client: Client) -> None:
        self._client = client
        self._lock = threading.Lock()
        # (uid, type, reason, message) -> (name of the Event, how often it was said)
        self._said: dict[tuple[str, str, str, str], tuple[str, int]] = {}

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
        """Helm was asked how the release is."""
        self._change(
            hr,
            lambda status: vocabulary.with_release_status(
                status, release=hr.release_name, release_status=release_status
            ),
        )

    def event(self, hr: HelmRelease, type_: str, reason: str, message: str) -> None:
        """Emit an Event; the same one again is counted instead."""
        now = to_time(datetime.now(UTC))
        message = message[:_MESSAGE_LIMIT]
        said = (objects.uid(hr.obj), type_, reason, message)
        with self._lock:
            name, count = self._said.get(said, ("", 0))
        try:
            if name:
                body = {"count": count + 1, "lastTimestamp": now}
                self._client.patch(CORE_EVENTS, name, body, namespace=hr.namespace)
            else:
                created = self._client.create(CORE_EVENTS, _event(hr, said, now), namespace=hr.namespace)
                name = objects.name(created)
        except ApiError as error:
            # Expired, or the namespace is on its way out: the next one starts anew.
            log.info("event not written", helmrelease=hr.key, error=str(error))
            name, count = "", -1
        with self._lock:
            self._said[said] = (name, count + 1)

    def forget(self, hr: HelmRelease) -> None:
        """The HelmRelease is gone."""
        with self._lock:
            self._said = {said: event for said, event in self._said.items() if said[0] != objects.uid(hr.obj)}

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


def _event(hr: HelmRelease, said: tuple[str, str, str, str], now: str) -> dict[str, Any]:
    uid, type_, reason, message = said
    return {
        "apiVersion": CORE_EVENTS.api_version,
        "kind": CORE_EVENTS.kind,
        "metadata": {"name": f"{hr.name}.{time.time_ns():x}", "namespace": hr.namespace},
        "involvedObject": {
            "apiVersion": HELM_RELEASES.api_version,
            "kind": HELM_RELEASES.kind,
            "name": hr.name,
            "namespace": hr.namespace,
            "uid": uid,
            "resourceVersion": objects.resource_version(hr.obj),
        },
        "type": type_,
        "reason": reason,
        "message": message,
        "source": {"component": COMPONENT},
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }
