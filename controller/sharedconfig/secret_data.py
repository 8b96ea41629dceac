"""The content of a Secret in a manifest: whether it is what its author meant, and the one form in which we apply it.

A message names a key and never what stands there.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from controller.apimachinery.objects import Object
from controller.sharedconfig.model import Manifest, Problem

INVALID: Final = "InvalidSecretData"
# Keys whose values people type. Where one decodes to bytes that are no text, somebody wrote plain text that happens to
# be base64 too, as `password` is.
_TYPED: Final = re.compile(r"user|pass|token|login|\.dockercfg|\.dockerconfigjson", re.IGNORECASE)
_KEY: Final = re.compile(r"[-._a-zA-Z0-9]{1,253}")


def problems(manifest: Manifest) -> Iterator[Problem]:
    """What is wrong with the content of a manifest that is a Secret."""
    for part in ("data", "stringData"):
        content = manifest.body.get(part)
        if content is not None and not isinstance(content, Mapping):
            yield Problem(INVALID, f"{manifest.field}.{part}", "use a map")
            continue
        for key, value in (content or {}).items():
            if message := _message(part, key, value):
                yield Problem(INVALID, f"{manifest.field}.{part}[{key}]", message)


def in_one_map(body: Object) -> dict[str, Any]:
    """The same Secret with everything in `data`, as the API server holds it; `stringData` wins there too.

    `stringData` is no field that the API server keeps, so an object that is applied with it could never be compared.
    """
    plain = {
        key: base64.b64encode(str(value or "").encode()).decode()
        for key, value in (body.get("stringData") or {}).items()
    }
    data = {key: value or "" for key, value in (body.get("data") or {}).items()} | plain
    rest = {field: value for field, value in body.items() if field not in ("data", "stringData")}
    return rest | ({"data": data} if data else {})


def _message(part: str, key: object, value: object) -> str:
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        return "use letters, digits, '-', '_' and '.' for the key"
    if value is None:
        return ""
    if not isinstance(value, str):
        return "the value is no text; put it into quotes"
    if part == "stringData":
        return ""
    try:
        # Line breaks are allowed, as `base64` writes them.
        decoded = base64.b64decode(value.replace("\n", "").replace("\r", ""), validate=True)
    except (binascii.Error, ValueError):
        return "the value is not base64; write plain text under stringData instead of data"
    if _TYPED.search(key):
        try:
            decoded.decode()
        except UnicodeDecodeError:
            return "the value decodes to no text; write plain text under stringData instead of data"
    return ""
