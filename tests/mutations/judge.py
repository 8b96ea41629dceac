"""What became of a mutation: refused by the server or by the controller, or carried out; and whether that is right."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator, Mapping
from typing import Any

from controller.api.environment import ENVIRONMENTS
from controller.api.tronador_config import TRONADOR_CONFIGS
from controller.apimachinery import conditions, findings
from controller.apimachinery.resources import Resource
from tests.mutations.documents import NAME, NEIGHBOUR
from tests.mutations.neighbourhood import Neighbourhood

State = Mapping[tuple[str, str, str], Any]
# What differs between two lives of the same object, and says when something happened.
_OF_A_LIFE = ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields")
_OF_A_MOMENT = ("observedGeneration", "lastTransitionTime", "lastActivityTime", "expiresAt")
_AT_REST = ("deployed", "suspended", "expired")
_PLACE = re.compile(r"\b(?:spec|resources)\b[\w.\[\]/-]*")


class Outcome(enum.Enum):
    """What became of a mutation."""

    CONVERGED = "converged"
    REFUSED = "refused by a condition"
    NOT_ADMITTED = "refused by the API server"


def state(world: Neighbourhood) -> State:
    """Return everything in the cluster, apart from versions and times."""
    return {
        (str(resource), namespace, name): _lasting(resource, obj)
        for resource, namespace, name, obj in world.api.everything()
    }


def _lasting(resource: Resource, obj: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata = {field: value for field, value in obj["metadata"].items() if field not in _OF_A_LIFE}
    return {**obj, "metadata": metadata, "status": _timeless(obj.get("status"))}


def _timeless(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {field: _timeless(child) for field, child in value.items() if field not in _OF_A_MOMENT}
    return [_timeless(item) for item in value] if isinstance(value, list) else value


def outcome(world: Neighbourhood) -> tuple[Outcome, str]:
    """Return whether all that was asked for has come about, or the words with which it was refused.

    Raises:
        AssertionError: neither of both.
    """
    refusals = [*_refusals_of_config(world)]
    for name in (NAME, NEIGHBOUR):
        refusals += _refusals_of_environment(world, name)
    return (Outcome.REFUSED, " ".join(refusals)) if refusals else (Outcome.CONVERGED, "")


def _refusals_of_config(world: Neighbourhood) -> Iterator[str]:
    for obj in world.api.all(TRONADOR_CONFIGS):
        found = conditions.find(obj["status"]["conditions"], "Ready") or {}
        if found["status"] != conditions.TRUE:
            yield found["message"]


def _refusals_of_environment(world: Neighbourhood, name: str) -> Iterator[str]:
    obj = world.api.peek(ENVIRONMENTS, name)
    assert obj is not None
    status, generation = obj["status"], obj["metadata"]["generation"]
    assert status["observedGeneration"] == generation, f"{name}: the status is of an older generation"
    stalled = conditions.find(status["conditions"], "Stalled")
    waiting = conditions.find(status["conditions"], "ResourcesReady") or {}
    if stalled is not None:
        yield stalled["message"]
    elif waiting.get("status") not in (None, conditions.TRUE) and status["applicationStatus"] in (
        "deployed",
        "pending",
    ):
        yield waiting["message"]
    else:
        said = [(c["type"], c["status"], c["reason"], c["message"]) for c in status["conditions"]]
        assert status["applicationStatus"] in _AT_REST, f"{name} is neither right nor refused: {said}"


def is_named(words: str, where: tuple[str | int, ...], value: Any) -> bool:
    """Whether a refusal names the place of a mutation, or one within or around it, or the object that it refers to."""
    place = _dotted(findings.shown(where))
    for found in _PLACE.findall(words):
        other = _dotted(found)
        if ("." in other and f"{place}.".startswith(f"{other}.")) or f"{other}.".startswith(f"{place}."):
            return True
    return any(re.search(rf"(?<![\w-]){re.escape(text)}(?![\w-])", words) for text in _texts(value))


def _dotted(path: str) -> str:
    return path.rstrip(".,:;").replace("[", ".").replace("]", "")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str) and value:
        yield value
