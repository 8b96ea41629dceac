"""The state file: all objects as JSON, so that a program can be restarted with its state. History is not kept."""

from __future__ import annotations

import os
from pathlib import Path

from ..objects import decode, encode
from .store import Store


def save(store: Store, path: Path) -> None:
    """Write all objects."""
    resources = [
        {"group": group, "plural": plural, "items": store.items((group, plural))} for group, plural in store.resources()
    ]
    draft = path.with_name(path.name + ".new")
    draft.write_bytes(encode({"version": store.version, "resources": resources}))
    os.replace(draft, path)


def load(store: Store, path: Path) -> None:
    """Read what `save` wrote, if there is anything; versions before it are compacted."""
    if not path.exists():
        return
    document = decode(path.read_bytes())
    for entry in document["resources"]:
        store.restore((entry["group"], entry["plural"]), entry["items"])
    store.version = document["version"]
    store.compact()
