"""One object that the environment's namespace should hold, and the marks by which we know it again."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from controller.api.environment import (
    APPLIED_HASH_ANNOTATION,
    ENVIRONMENT_LABEL,
    MANAGED_BY,
    MANAGED_BY_LABEL,
    UID_ANNOTATION,
    Environment,
)
from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.environment import engines

# The kinds from which a release can take values.
_OF_VALUES: Final = frozenset({("v1", "Secret"), ("v1", "ConfigMap")})
_HASH_DIGITS: Final = 32


@dataclass(frozen=True, slots=True, order=True)
class Identity:
    """What is remembered of an object that we applied."""

    api_version: str
    kind: str
    name: str

    @property
    def key(self) -> tuple[str, str, str]:
        """(group, kind, name): the object, whichever version it is written in."""
        return (self.api_version.rpartition("/")[0], self.kind, self.name)

    def __str__(self) -> str:
        return f"{self.kind} {self.name!r}"


@dataclass(frozen=True, slots=True)
class Item:
    """An object to be applied. `source` says where it is asked for. The body may be a Secret, so it is never shown."""

    source: str
    identity: Identity
    body: Object = dataclasses.field(repr=False)


def build(environment: Environment, source: str, identity: Identity, body: Object) -> Item:
    """The item for an object as somebody wrote it. Of its metadata only labels and annotations are taken."""
    metadata: dict[str, Any] = {
        "name": identity.name,
        "namespace": environment.namespace_name,
        "labels": {**objects.labels(body), **_labels(environment, identity)},
        "annotations": {**objects.annotations(body), UID_ANNOTATION: environment.uid},
    }
    content = {field: value for field, value in body.items() if field not in ("metadata", "status")}
    whole = content | {"apiVersion": identity.api_version, "kind": identity.kind, "metadata": metadata}
    metadata["annotations"][APPLIED_HASH_ANNOTATION] = _hash(whole)
    return Item(source, identity, whole)


def _labels(environment: Environment, identity: Identity) -> Mapping[str, str]:
    labels = {ENVIRONMENT_LABEL: environment.name, MANAGED_BY_LABEL: MANAGED_BY}
    if (identity.api_version, identity.kind) in _OF_VALUES:
        # Those of all engines, so that a change of the engine does not change the object.
        for engine in engines.ENGINES.values():
            labels |= engine.values_labels
    return labels


def _hash(whole: Mapping[str, Any]) -> str:
    # What is no longer wanted in an object shows in nothing but this. The environment's UID is in it too, so that the
    # same password in two environments does not look the same.
    text = json.dumps(whole, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH_DIGITS]
