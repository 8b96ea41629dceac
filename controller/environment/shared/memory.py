"""What we applied in a namespace, kept on the namespace itself: so we can take it back, whatever was lost meanwhile.

It is written before anything is applied. Whoever reads it learns names, never content.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from controller.api.environment import APPLIED_RESOURCES_ANNOTATION
from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.environment.shared.item import Identity

# The TronadorConfig vanished by accident (`absence`): until there is one again, nothing of it is taken back.
LOST: Final = "lost"


@dataclass(frozen=True, slots=True)
class Memory:
    """What we applied.

    Attributes:
        objects: the objects.
        pull_secrets: by the name of a service account, what we added to its imagePullSecrets.
        origin: UID of the controller's namespace whose TronadorConfig gave some of it, "" where none did, or `LOST`.
    """

    objects: frozenset[Identity] = frozenset()
    pull_secrets: Mapping[str, frozenset[str]] = field(default_factory=dict)
    origin: str = ""

    @property
    def is_empty(self) -> bool:
        return not self.objects and not any(self.pull_secrets.values())

    @property
    def text(self) -> str | None:
        """The annotation's value, always the same for the same memory; None where there is nothing to remember."""
        if self.is_empty:
            return None
        written = {
            "objects": [[i.api_version, i.kind, i.name] for i in sorted(self.objects)],
            "imagePullSecrets": {name: sorted(added) for name, added in self.pull_secrets.items() if added},
        } | ({"origin": self.origin} if self.origin else {})
        return json.dumps(written, sort_keys=True, separators=(",", ":"))


def remembered(namespace: Object | None) -> Memory:
    """What the namespace says. A memory that somebody has garbled is none: then nothing is taken back."""
    text = objects.annotations(namespace or {}).get(APPLIED_RESOURCES_ANNOTATION) or "{}"
    try:
        written = json.loads(text)
    except (ValueError, RecursionError):
        return Memory()
    if not isinstance(written, dict):
        return Memory()
    return Memory(
        frozenset(Identity(*entry) for entry in _list(written.get("objects")) if _is_identity(entry)),
        {
            account: frozenset(name for name in _list(names) if isinstance(name, str))
            for account, names in _dict(written.get("imagePullSecrets")).items()
        },
        str(written.get("origin") or ""),
    )


def _is_identity(entry: Any) -> bool:
    return isinstance(entry, list) and len(entry) == 3 and all(isinstance(word, str) and word for word in entry)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
