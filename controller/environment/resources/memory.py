"""What we applied in a namespace, remembered in an annotation of the namespace, so that we can always remove it.

The annotation is written before anything is applied. It has the names of objects, never their content.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from controller.api.environment import APPLIED_RESOURCES_ANNOTATION
from controller.apimachinery import jsontext, objects
from controller.apimachinery.objects import Object
from controller.environment.resources.item import Identity

# The origin after the TronadorConfig was deleted by accident (`lost_config`). Until one exists again, nothing is
# removed.
LOST: Final = "lost"
# These values become parts of a URL's path, and everyone who may annotate the namespace can write them.
_API_VERSION: Final = re.compile(r"([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?v[0-9][a-z0-9]*")
_NAME: Final = re.compile(r"(?!\.{1,2}$)[^/%\s]{1,253}")


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
        """The value of the annotation, always the same for the same memory; None if there is nothing to remember."""
        if self.is_empty:
            return None
        written = {
            "objects": [[i.api_version, i.kind, i.name] for i in sorted(self.objects)],
            "imagePullSecrets": {name: sorted(added) for name, added in self.pull_secrets.items() if added},
        } | ({"origin": self.origin} if self.origin else {})
        return json.dumps(written, sort_keys=True, separators=(",", ":"))


_EMPTY: Final = Memory()


def remembered(namespace: Object | None) -> Memory:
    """Return what the namespace remembers. An annotation that is not valid counts as empty: nothing is removed."""
    text = objects.annotations(namespace or {}).get(APPLIED_RESOURCES_ANNOTATION)
    if not text:
        return _EMPTY
    try:
        written = jsontext.decode(text.encode())
    except ValueError:
        return _EMPTY
    if not isinstance(written, dict):
        return _EMPTY
    return Memory(
        frozenset(Identity(*entry) for entry in _list(written.get("objects")) if _is_identity(entry)),
        {
            account: frozenset(name for name in _list(names) if isinstance(name, str))
            for account, names in _dict(written.get("imagePullSecrets")).items()
            if _NAME.fullmatch(account)
        },
        str(written.get("origin") or ""),
    )


def _is_identity(entry: Any) -> bool:
    if not (isinstance(entry, list) and len(entry) == 3 and all(isinstance(word, str) and word for word in entry)):
        return False
    api_version, _, name = entry
    return bool(_API_VERSION.fullmatch(api_version) and _NAME.fullmatch(name))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
