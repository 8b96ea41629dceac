"""Reads a whole list in pages, so that decoding one response does not hold the interpreter's lock for long."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from controller.apimachinery.errors import Expired, MalformedAnswer
from controller.cache.listwatch import Collection, ListWatch


class Pages:
    """A paged list. `read` yields every item; after that, `resource_version` is the version of the whole list.

    If `minimum_version` is "", reads the most recent state in pages of `page_size`. Otherwise reads any state that is
    not older than `minimum_version`, without a limit, because only then does the server answer from its watch cache
    instead of from etcd.

    If a continue token expires on the way (410), the list starts over as one full page.
    """

    def __init__(self, *, client: ListWatch, collection: Collection, minimum_version: str, page_size: int) -> None:
        self._client = client
        self._collection = collection
        self._minimum_version = minimum_version
        self._page_size = page_size
        self.resource_version = ""

    def read(self, *, start_over: Callable[[], None]) -> Iterator[dict[str, Any]]:
        """Yield the items. Calls `start_over()` when the items yielded so far must be discarded."""
        limit = None if self._minimum_version else self._page_size
        token = ""
        while True:
            try:
                page = self._page(limit=limit, token=token)
            except Expired:
                if not token:
                    raise
                start_over()
                limit, token = None, ""
                continue
            meta = page.get("metadata") or {}
            yield from _items(page)
            self.resource_version = str(meta.get("resourceVersion") or "")
            token = str(meta.get("continue") or "")
            if not token:
                return

    def _page(self, *, limit: int | None, token: str) -> dict[str, Any]:
        return self._client.list(
            self._collection.resource,
            **self._collection.arguments(),
            limit=limit,
            continue_token=token,
            resource_version=self._minimum_version or None,
            resource_version_match="NotOlderThan" if self._minimum_version else None,
        )


def _items(page: dict[str, Any]) -> Iterable[dict[str, Any]]:
    items = page.get("items")
    if not isinstance(page.get("metadata"), dict) or not (items is None or isinstance(items, list)):
        raise MalformedAnswer(f"expected a list, got {page.get('kind')!r}")
    return items or ()
