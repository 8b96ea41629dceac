"""One object that the environment's namespace should have, with the marks that show that it is ours."""

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
    """What is remembered about an object that we applied."""

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
    """An object to apply. `source` says what asks for it. The body may be a Secret, so it is never shown."""

    source: str
    identity: Identity
    body: Object = dataclasses.field(repr=False)


def build(environment: Environment, source: str, identity: Identity, body: Object) -> Item:
    """Return the item for an object as a user wrote it. Of its metadata, only labels and annotations are used."""
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
    # Only the hash shows that a field is no longer wanted. It includes the environment's UID, so that the same password
    # has another hash in each environment.
    text = json.dumps(whole, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH_DIGITS]
