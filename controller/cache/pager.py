"""Reading a whole list in pages, so that no single answer holds the interpreter's lock for long."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from controller.apimachinery.errors import Expired, MalformedAnswer
from controller.cache.listwatch import ListWatch, Target


class Pages:
    """`read` gives every item; afterwards `resource_version` is the version of the whole.

    `minimum_version` "": the most recent state, in pages of `page_size`. Otherwise any state not older than that, asked
    for without a limit: only so does the server answer from its watch cache instead of from etcd.

    A continue token that expired on the way (410) starts over, as one full list.
    """

    def __init__(self, *, client: ListWatch, target: Target, minimum_version: str, page_size: int) -> None:
        self._client = client
        self._target = target
        self._minimum_version = minimum_version
        self._page_size = page_size
        self.resource_version = ""

    def read(self, *, start_over: Callable[[], None]) -> Iterator[dict[str, Any]]:
        """The items; `start_over()` is called when those given so far are to be thrown away."""
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
            self._target.resource,
            **self._target.arguments(),
            limit=limit,
            continue_token=token,
            resource_version=self._minimum_version or None,
            resource_version_match="NotOlderThan" if self._minimum_version else None,
        )


def _items(page: dict[str, Any]) -> Iterable[dict[str, Any]]:
    items = page.get("items")
    if not isinstance(page.get("metadata"), dict) or not (items is None or isinstance(items, list)):
        raise MalformedAnswer(f"the answer is no list but {page.get('kind')!r}")
    return items or ()
