"""Which labels a namespace gets, and which it loses: pure arithmetic on four maps.

We remember what we applied, name and value, on the namespace itself. So we can take back a label that the environment
no longer names, and leave alone what was never ours or what somebody else changed after us.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from controller.api.environment import (
    APPLIED_LABELS_ANNOTATION,
    ENVIRONMENT_LABEL,
    MANAGED_BY,
    MANAGED_BY_LABEL,
    Environment,
)
from controller.apimachinery import jsontext, objects
from controller.apimachinery.objects import Object


def wanted(environment: Environment, operator_labels: Mapping[str, str], *, adopted: bool) -> dict[str, str]:
    """All labels that the namespace should carry because of us. The operator's win, and our own win over all.

    An adopted namespace goes on being managed by whoever manages it.
    """
    managed_by = {} if adopted else {MANAGED_BY_LABEL: MANAGED_BY}
    return {**environment.namespace_labels, **operator_labels, **managed_by, ENVIRONMENT_LABEL: environment.name}


def mirrored(environment: Environment, operator_labels: Mapping[str, str]) -> dict[str, str]:
    """The environment's own labels that are in force, for its status."""
    ours = {*operator_labels, MANAGED_BY_LABEL, ENVIRONMENT_LABEL}
    return {name: value for name, value in environment.namespace_labels.items() if name not in ours}


def remembered(namespace: Object) -> dict[str, str]:
    """What we applied before. A memory that somebody has garbled is no memory: then nothing is taken back."""
    try:
        memory = jsontext.decode((objects.annotations(namespace).get(APPLIED_LABELS_ANNOTATION) or "{}").encode())
    except ValueError:
        return {}
    if not isinstance(memory, dict):
        return {}
    return {name: value for name, value in memory.items() if isinstance(value, str)}


def memory_of(labels: Mapping[str, str]) -> str:
    """The memory to write beside `labels`, always the same text for the same labels."""
    return json.dumps(dict(labels), sort_keys=True, separators=(",", ":"))


def changes(namespace: Object, labels: Mapping[str, str]) -> dict[str, str | None]:
    """The merge patch of `metadata.labels` that makes `labels` true: values to set, None for those to remove."""
    actual = objects.labels(namespace)
    patch: dict[str, str | None] = {name: value for name, value in labels.items() if actual.get(name) != value}
    for name, value in remembered(namespace).items():
        if name not in labels and actual.get(name) == value:
            patch[name] = None
    return patch
