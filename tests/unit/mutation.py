"""Detects changes of cached objects. They are shared, so that every reader would see a change.

Put `detector.transform` into an Informer; `detector.verify()` fails when an object is no longer what came in.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from controller.apimachinery import objects
from controller.apimachinery.objects import Object


class MutationDetector:
    """Remembers every object that came in, and how it looked."""

    def __init__(self, transform: Callable[[dict[str, Any]], Object] = objects.slim) -> None:
        self._transform = transform
        self._lock = threading.Lock()
        self._seen: list[tuple[Object, str]] = []

    def transform(self, raw: dict[str, Any]) -> Object:
        """The informer's transform."""
        obj = self._transform(raw)
        with self._lock:
            self._seen.append((obj, _text(obj)))
        return obj

    def verify(self) -> None:
        """Assert that no object was changed."""
        with self._lock:
            for obj, before in self._seen:
                assert _text(obj) == before, f"a cached object was changed: was {before}"


def _text(obj: Object) -> str:
    return json.dumps(obj, sort_keys=True)
