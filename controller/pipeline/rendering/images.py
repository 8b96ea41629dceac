"""Names of image repositories, in the grammar of registries and container runtimes (OCI distribution).

The form is `host:port/path`. The host may have capitals, the path must not. If the first part has no dot and no port,
and is not `localhost`, it belongs to the path, and the image is on Docker Hub.
"""

from __future__ import annotations

import re
from typing import Final

from controller.apimachinery import giturls
from controller.apimachinery.findings import cut

_LIMIT: Final = 255
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST: Final = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{{1,5}})?")
_COMPONENT: Final = re.compile(r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*")
_SCHEME: Final = re.compile(r"[a-z]+://")
_DIGEST: Final = re.compile(r"(.+)@([a-z0-9+._-]+:[0-9A-Fa-f]+)")


def check(text: str) -> None:
    """Raise ValueError if `text` is not the name of an image repository. Its message is the remedy."""
    if scheme := _SCHEME.match(text):
        raise ValueError(f"remove '{scheme[0]}'")
    if digest := _DIGEST.fullmatch(text):
        raise ValueError(f"remove '@{digest[2]}'; write the digest after the tag in --image-tag")
    host, components = _split(text)
    name, colon, tag = components[-1].partition(":")
    if colon and name:
        raise ValueError(f"remove ':{cut(tag)}'; pass the tag in --image-tag")
    lowered = [component.lower() for component in components]
    if len(text) > _LIMIT:
        raise ValueError(f"shorten it to at most {_LIMIT} characters")
    if not all(_COMPONENT.fullmatch(each) for each in lowered):
        raise ValueError("use the name of an image without its tag, such as registry.example.com/team/shop")
    if host and not _HOST.fullmatch(host):
        raise ValueError("write the registry as host or host:port before the first '/'")
    if lowered != components:
        better = "/".join([*([host] if host else []), *lowered])
        raise ValueError(f"registries reject capitals after the host; push the image as '{better}' and use this name")


def masked(text: str) -> str:
    """Return `text` for a message, without a possible password before the host."""
    digest = _DIGEST.fullmatch(text)
    return f"{giturls.masked(digest[1])}@{digest[2]}" if digest else giturls.masked(text)


def _split(text: str) -> tuple[str, list[str]]:
    first, *others = text.split("/")
    if others and (first == "localhost" or "." in first or ":" in first):
        return first, others
    return "", [first, *others]
