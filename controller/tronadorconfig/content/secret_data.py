"""Checks the content of a Secret in a manifest, and converts it to the one form in which it is applied.

A message names a key, but never its value.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from controller.apimachinery.findings import Finding, Key
from controller.apimachinery.objects import Object
from controller.tronadorconfig.content.model import Manifest

INVALID: Final = "InvalidSecretData"
# Keys whose values are usually typed by people. If such a value decodes to bytes that are not text, it is probably
# plain text that happens to be valid base64, like `password`.
_TYPED: Final = re.compile(r"user|pass|token|login|\.dockercfg|\.dockerconfigjson", re.IGNORECASE)
_KEY: Final = re.compile(r"[-._a-zA-Z0-9]{1,253}")


def problems(manifest: Manifest) -> Iterator[Finding]:
    """Yield the problems with the content of a Secret."""
    for part in ("data", "stringData"):
        content = manifest.body.get(part)
        if content is not None and not isinstance(content, Mapping):
            yield Finding(path=(*manifest.path, part), reason=INVALID, message="use a map")
            continue
        for key, value in (content or {}).items():
            if message := _message(part, key, value):
                yield Finding(path=(*manifest.path, part, Key(key)), reason=INVALID, message=message)


def in_one_map(body: Object) -> dict[str, Any]:
    """Return the Secret with everything in `data`, as the API server stores it; `stringData` takes precedence.

    The API server does not store `stringData`, so an object that is applied with it could not be compared later.
    """
    plain = {
        key: base64.b64encode(str(value or "").encode()).decode()
        for key, value in (body.get("stringData") or {}).items()
    }
    data = {key: value or "" for key, value in (body.get("data") or {}).items()} | plain
    rest = {field: value for field, value in body.items() if field not in ("data", "stringData")}
    return rest | ({"data": data} if data else {})


def copied(original: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a Secret or ConfigMap that a copy gets: its content without its metadata."""
    return {field: original[field] for field in ("type", "data", "binaryData") if original.get(field)}


def _message(part: str, key: object, value: object) -> str:
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        return "use letters, digits, '-', '_' and '.' for the key"
    if value is None:
        return ""
    if not isinstance(value, str):
        return "the value is not a string; put it into quotes"
    if part == "stringData":
        return ""
    try:
        # Line breaks are allowed, as `base64` writes them.
        decoded = base64.b64decode(value.replace("\n", "").replace("\r", ""), validate=True)
    except (binascii.Error, ValueError):
        return "the value is not base64; put plain text under stringData instead of data"
    if _TYPED.search(key):
        try:
            decoded.decode()
        except UnicodeDecodeError:
            return "the decoded value is not text; put plain text under stringData instead of data"
    return ""
