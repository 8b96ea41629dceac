"""What a registry says about an image that cannot be pulled, without what kubelets and runtimes put around it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from controller.environment.diagnosis import wording

# Reasons of a waiting container, and what to say if there are no other words.
REASONS: Final[Mapping[str, str]] = {
    "ErrImagePull": "",
    "ImagePullBackOff": "",
    "ImageInspectError": "the node cannot read the image",
    "InvalidImageName": "the name of the image is invalid",
    "ErrImageNeverPull": "the node does not have the image, and the pull policy is Never",
    "RegistryUnavailable": "the registry does not answer",
    "SignatureValidationFailed": "the signature of the image is not valid",
}
_IMAGE_LIMIT: Final = 200
# kubelet, containerd, CRI-O and Docker, each around the next one. The name of the image is said once, by us.
_AROUND: Final = re.compile(
    r"""^(?:
    Back-off\ pulling\ image\ "[^"]*"
    | Failed\ to\ (?:pull|inspect)\ image\ "[^"]*"
    | Failed\ to\ apply\ default\ image\ tag\ "[^"]*"
    | Error(?=:) | ErrImagePull | ImagePullBackOff | InvalidImageName
    | rpc\ error:\ code\ =\ \w+\ desc\ =
    | failed\ to\ pull\ and\ unpack\ (?:image|artifact)\ "[^"]*"
    | failed\ to\ resolve\ (?:reference|image)\ "[^"]*"
    | failed\ to\ copy | httpReadSeeker | failed\ open | error\ pulling\ image\ configuration
    | initializing\ source\ \S+?(?=:\ )
    | unable\ to\ pull\ image\ or\ OCI\ artifact | parsing\ image\ configuration
    | copying\ system\ image\ from\ manifest\ list
    | pull\ image\ err | image\ pull\ err
    | Error\ response\ from\ daemon | error\ getting\ credentials
    | couldn't\ parse\ image\ (?:name|reference)\ "[^"]*"
    | [^\s"]+[/:@][^\s"]+(?=:\ (?:not\ found|no\ match\ for\ platform))
    )(?::\s+|\s+|$)""",
    re.VERBOSE,
)
_LAYERS: Final = 12


def words(texts: Iterable[str]) -> str:
    """Return the longest of what the texts say once nothing is around it any more, or ""."""
    return max((_core(text.strip()) for text in texts), key=lambda core: (len(core), core), default="")


def message(container: str, image: str, reason: str, said: str) -> str:
    """Return the message of a problem; `said` may be "". The container is named as in "Container web"."""
    name = wording.cut(image, _IMAGE_LIMIT)
    return wording.sentence(f'{container}: image "{name}" cannot be pulled', said or REASONS.get(reason, ""))


def _core(text: str) -> str:
    for _ in range(_LAYERS):
        shorter = _AROUND.sub("", text)
        if shorter == text:
            break
        text = shorter
    return text.strip()
