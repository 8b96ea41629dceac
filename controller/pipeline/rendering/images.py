"""Names of image repositories, by the grammar that registries and container runtimes share (OCI distribution).

`host:port/path`: the host may have capitals, the path may not. Without a dot, a port or `localhost` the first part is a
part of the path, of an image on Docker Hub.
"""

from __future__ import annotations

import re
from typing import Final

from controller.apimachinery import giturls
from controller.pipeline.yamlfiles.document import cut

_LIMIT: Final = 255
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST: Final = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{{1,5}})?")
_COMPONENT: Final = re.compile(r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*")
_SCHEME: Final = re.compile(r"[a-z]+://")
_DIGEST: Final = re.compile(r"(.+)@([a-z0-9+._-]+:[0-9A-Fa-f]+)")


def check(text: str) -> None:
    """ValueError, whose text is the remedy: `text` does not name a repository of images."""
    if scheme := _SCHEME.match(text):
        raise ValueError(f"leave out '{scheme[0]}'")
    if digest := _DIGEST.fullmatch(text):
        raise ValueError(f"leave out '@{digest[2]}'; a digest goes after the tag in --image-tag")
    host, components = _split(text)
    name, colon, tag = components[-1].partition(":")
    if colon and name:
        raise ValueError(f"leave out ':{cut(tag)}'; the tag goes into --image-tag")
    lowered = [component.lower() for component in components]
    if len(text) > _LIMIT or not all(_COMPONENT.fullmatch(each) for each in lowered):
        raise ValueError("give an image's name without its tag, such as registry.example.com/team/shop")
    if host and not _HOST.fullmatch(host):
        raise ValueError("give the registry as host or host:port before the first '/'")
    if lowered != components:
        better = "/".join([*([host] if host else []), *lowered])
        raise ValueError(f"registries take no capitals after the host: push and name the image as '{better}'")


def masked(text: str) -> str:
    """`text` for a message, without what may be a password before a host."""
    digest = _DIGEST.fullmatch(text)
    return f"{giturls.masked(digest[1])}@{digest[2]}" if digest else giturls.masked(text)


def _split(text: str) -> tuple[str, list[str]]:
    first, *others = text.split("/")
    if others and (first == "localhost" or "." in first or ":" in first):
        return first, others
    return "", [first, *others]
