"""What a cluster holds, in a form in which two runs of the same journey can be compared.

Uids, versions, times and the names of the environments differ from run to run, so they are left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from controller.api import flux, helm_operator
from controller.api.environment import APPLIED_HASH_ANNOTATION
from controller.api.tronador_config import TRONADOR_CONFIGS
from hack.localcluster import LocalCluster

# Of each object: its place and its content.
Contents = dict[str, Any]

# The hash of what was applied has the uid in it.
_VOLATILE = frozenset(
    {
        "uid",
        "resourceVersion",
        "generation",
        "observedGeneration",
        "managedFields",
        "creationTimestamp",
        "createdAt",
        "modifiedAt",
        "environments",
        APPLIED_HASH_ANNOTATION,
    }
)
# The engine writes their status, and may still do so when the environment is deployed.
_OF_ENGINES = tuple(
    str(resource) for resource in (helm_operator.HELM_RELEASES, flux.HELM_RELEASES, flux.GIT_REPOSITORIES)
)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_UID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Nothing is promised about when these are written.
_ASIDE = frozenset({"events", "leases"})


def ours(local: LocalCluster, names: Sequence[str]) -> Contents:
    """What belongs to these environments, and the TronadorConfig; the names as `<1>`, `<2>`, ..."""
    found = {place: obj for place, obj in _objects(local).items() if _concerns(place, names) or _is_shared(place)}
    return {anonymous(place, names): _content(place, obj, names) for place, obj in sorted(found.items())}


def others(local: LocalCluster, names: Sequence[str]) -> Contents:
    """Everything else. Here an object of the same content with another uid is another one."""
    found = {place: obj for place, obj in _objects(local).items() if not (_concerns(place, names) or _is_shared(place))}
    return {place: [obj["metadata"].get("uid"), _content(place, obj, ())] for place, obj in found.items()}


def differences(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """What is missing, what is there beyond it, and what is otherwise, a line each."""
    return [
        *(f"{place} is missing" for place in wanted.keys() - found.keys()),
        *(f"{place} should not be there: {json.dumps(found[place])}" for place in found.keys() - wanted.keys()),
        *(
            f"{place} should be\n    {json.dumps(wanted[place])}\n  and is\n    {json.dumps(found[place])}"
            for place in wanted.keys() & found.keys()
            if wanted[place] != found[place]
        ),
    ]


def _objects(local: LocalCluster) -> dict[str, Any]:
    return {
        "/".join(filter(None, (_kind(resource), obj["metadata"].get("namespace"), obj["metadata"]["name"]))): obj
        for resource, items in local.objects().items()
        if resource[1] not in _ASIDE
        for obj in items
    }


def _kind(resource: tuple[str, str]) -> str:
    group, plural = resource
    return f"{plural}.{group}" if group else plural


def _content(place: str, obj: Mapping[str, Any], names: Sequence[str]) -> Any:
    seen = {key: value for key, value in obj.items() if key != "status" or not place.startswith(_OF_ENGINES)}
    return _comparable(seen, names)


def _concerns(place: str, names: Sequence[str]) -> bool:
    return not set(names).isdisjoint(place.split("/"))


def _is_shared(place: str) -> bool:
    return place.startswith(str(TRONADOR_CONFIGS))


def anonymous(text: str, names: Sequence[str]) -> str:
    """The text with `<1>`, `<2>`, ... for the names."""
    for number, name in enumerate(names, start=1):
        text = text.replace(name, f"<{number}>")
    return text


def _comparable(value: Any, names: Sequence[str]) -> Any:
    if isinstance(value, dict):
        if value.get("type") == "helm.sh/release.v1":
            # The time is in its content, which is compressed.
            value = {**value, "data": sorted(value["data"])}
        return {
            anonymous(key, names): _comparable(content, names) for key, content in value.items() if key not in _VOLATILE
        }
    if isinstance(value, list):
        return [_comparable(content, names) for content in value]
    if isinstance(value, str):
        return _UID.sub("<uid>", _TIME.sub("<time>", anonymous(value, names)))
    return value
