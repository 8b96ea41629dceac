"""What the controller reads to fill its caches, among everything that it reads."""

from __future__ import annotations

from collections.abc import Iterable

from controller.app.options import Options
from controller.environment.watches import WATCHES
from hack.localcluster.audit import AuditEntry

_CACHED = frozenset((watch.resource.group, watch.resource.plural) for watch in WATCHES)


def fillings(entries: Iterable[AuditEntry]) -> list[AuditEntry]:
    """The lists and watches of caches: no looks into an environment's own namespace, which are for that moment only,
    and not the asking again and again for what the cluster does not know."""
    return [
        entry
        for entry in entries
        if entry.verb in ("list", "watch")
        and (entry.group, entry.resource) in _CACHED
        and entry.namespace in ("", Options().namespace)
        and entry.code != 404
    ]
