"""Continue tokens: where the next page of a list begins, and of which version the list is.

Source: k8s.io/apiserver, storage/continue.go and storage/etcd3/errors.go.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import Any

from ..errors import StatusError, bad_request
from ..objects import Object, name_of, namespace_of, object_key
from .store import GroupPlural, Store

_EXPIRED = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)
# A token with this version continues a list whose version has left the history, using the current state.
_INCONSISTENT = -1


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list.

    Attributes:
        items: the objects, in order.
        version: the resourceVersion of the list.
        token: continue token, "" on the last page.
        remaining: objects after this page, None where the server does not count them (selectors).
    """

    items: list[Object]
    version: int
    token: str
    remaining: int | None


def cut(objects: list[Object], *, version: int, limit: int, prefix: str, counted: bool) -> Page:
    """The first `limit` objects (0: all) of an ordered list and the token for the rest.

    `prefix` is what all keys share and the token leaves out: `namespace/` in a list of one namespace.
    """
    if not limit or len(objects) <= limit:
        return Page(objects, version, "", None)
    items = objects[:limit]
    last = object_key(namespace_of(items[-1]), name_of(items[-1]))
    token = _encode(version, last.removeprefix(prefix) + "\0")
    return Page(items, version, token, len(objects) - limit if counted else None)


def resume(store: Store, resource: GroupPlural, token: str, prefix: str) -> tuple[dict[str, Object], int, str]:
    """Resolve a continue token into (objects of that version, the version, first key of the next page).

    Raises:
        StatusError: 400 if the token is invalid; 410, with a token for the rest, if its version is too old.
    """
    version, start = _decode(token)
    if version == _INCONSISTENT:
        return store.collection(resource).objects, store.version, prefix + start
    objects = store.snapshot(resource, version, gone=lambda: _ContinueExpired(_encode(_INCONSISTENT, start)))
    return objects, version, prefix + start


class _ContinueExpired(StatusError):
    """Return the 410 that offers to continue with an inconsistent list."""

    def __init__(self, token: str) -> None:
        super().__init__(410, "Expired", _EXPIRED)
        self._token = token

    @property
    def body(self) -> dict[str, Any]:
        """The Status with the offered token in its list metadata."""
        return {**super().body, "metadata": {"continue": self._token}}


def _encode(version: int, start: str) -> str:
    text = json.dumps({"v": "meta.k8s.io/v1", "rv": version, "start": start}, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(token: str) -> tuple[int, str]:
    misplaced = re.search(r"[^A-Za-z0-9_-]", token)
    if misplaced or len(token) % 4 == 1:
        position = misplaced.start() if misplaced else len(token) - 1
        raise _bad(f"continue key is not valid: illegal base64 data at input byte {position}")
    try:
        data = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        content = json.loads(data)
    except (ValueError, binascii.Error):
        raise _bad(f"continue key is not valid: {_json_error(data)}") from None
    if not isinstance(content, dict) or content.get("v") != "meta.k8s.io/v1":
        found = content.get("v", "") if isinstance(content, dict) else ""
        raise _bad(f"continue key is not valid: server does not recognize this encoded version {found}")
    if not content.get("rv"):
        raise _bad("continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)")
    start = str(content.get("start") or "")
    if not start:
        raise _bad("continue key is not valid: encoded start key empty (version meta.k8s.io/v1)")
    return int(content["rv"]), start.removeprefix("/")


def _json_error(data: bytes) -> str:
    if not data:
        return "unexpected end of JSON input"
    first = data[0]
    shown = chr(first) if 0x20 < first < 0x7F else f"\\u{first:04x}" if first >= 0x80 else f"\\x{first:02x}"
    return f"invalid character '{shown}' looking for beginning of value"


def _bad(why: str) -> StatusError:
    return bad_request(f"invalid continue token: {why}")
