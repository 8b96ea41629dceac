"""What a starting server refuses: custom resources at first, and resources whose storage is not initialized."""

from __future__ import annotations

from .errors import starting, storage_initializing
from .registry.catalog import Catalog
from .storage.store import GroupPlural

_READS_OF_MANY = ("list", "watch")


class Readiness:
    """Refuses the requests that come too early.

    Args:
        paths_installed: whether custom resources are served; a server that starts installs their paths last.
    """

    def __init__(self, catalog: Catalog, *, paths_installed: bool) -> None:
        self._catalog = catalog
        self._paths_installed = paths_installed
        self._initializing: set[GroupPlural] = set()

    def install_paths(self) -> None:
        """Serve custom resources from now on."""
        self._paths_installed = True

    def initialize(self, storage: GroupPlural, initializing: bool) -> None:
        """Have a resource's storage start, or say that it has. The resource need not exist yet."""
        if initializing:
            self._initializing.add(storage)
        else:
            self._initializing.discard(storage)

    def check(self, path: str, *, verb: str, storage: GroupPlural) -> None:
        """Refuse a request that comes too early.

        Args:
            verb, storage: as authorization sees the request.

        Raises:
            StatusError: 503 for a path that is not installed, 429 for a list or watch of what is not initialized.
        """
        parts = path.strip("/").split("/")
        custom = parts[0] == "apis" and len(parts) > 1 and not self._catalog.has_builtin_group(parts[1])
        if custom and not self._paths_installed:
            raise starting()
        if verb in _READS_OF_MANY and storage in self._initializing:
            raise storage_initializing()
