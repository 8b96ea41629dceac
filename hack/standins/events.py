"""Events of the core group, as controllers write them: a repeated Event only raises the count."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Any

import structlog

from controller.apimachinery import objects
from controller.apimachinery.errors import ApiError
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import CORE_EVENTS, Resource
from controller.apimachinery.timestamps import to_time
from controller.client import Client

log = structlog.get_logger(__name__)

# The API server refuses longer ones.
_MESSAGE_LIMIT = 1024


class Events:
    """Writes Events about the objects of one namespaced kind. Failing to do so never fails the caller. Thread-safe."""

    def __init__(self, *, client: Client, component: str, about: Resource) -> None:
        self._client = client
        self._component = component
        self._about = about
        self._lock = threading.Lock()
        # (uid, type, reason, message) -> (name of the Event, its count)
        self._said: dict[tuple[str, str, str, str], tuple[str, int]] = {}

    def emit(self, obj: Object, type_: str, reason: str, message: str, *, field_path: str = "") -> None:
        """Write an Event about an object, or about the part of it that `field_path` names."""
        now = to_time(datetime.now(UTC))
        message = message[:_MESSAGE_LIMIT]
        said = (objects.uid(obj), type_, reason, message)
        namespace = objects.namespace(obj)
        with self._lock:
            name, count = self._said.get(said, ("", 0))
        try:
            if name:
                body = {"count": count + 1, "lastTimestamp": now}
                self._client.patch(CORE_EVENTS, name, body, namespace=namespace)
            else:
                event = self._event(obj, said, now)
                if field_path:
                    event["involvedObject"]["fieldPath"] = field_path
                created = self._client.create(CORE_EVENTS, event, namespace=namespace)
                name = objects.name(created)
        except ApiError as error:
            # The Event has expired or the namespace is being deleted: the next one starts a new count.
            log.info("event not written", object=objects.key(obj), error=str(error))
            name, count = "", -1
        with self._lock:
            self._said[said] = (name, count + 1)

    def forget(self, uid: str) -> None:
        """The object is gone."""
        with self._lock:
            self._said = {said: event for said, event in self._said.items() if said[0] != uid}

    def _event(self, obj: Object, said: tuple[str, str, str, str], now: str) -> dict[str, Any]:
        uid, type_, reason, message = said
        name, namespace = objects.name(obj), objects.namespace(obj)
        return {
            "apiVersion": CORE_EVENTS.api_version,
            "kind": CORE_EVENTS.kind,
            "metadata": {"name": f"{name}.{time.time_ns():x}", "namespace": namespace},
            "involvedObject": {
                "apiVersion": self._about.api_version,
                "kind": self._about.kind,
                "name": name,
                "namespace": namespace,
                "uid": uid,
                "resourceVersion": objects.resource_version(obj),
            },
            "type": type_,
            "reason": reason,
            "message": message,
            "source": {"component": self._component},
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }
