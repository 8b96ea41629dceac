"""Which labels a namespace gets, and which it loses. Pure.

An annotation on the namespace remembers the names and values that the controller applied. So it can remove a label that
the environment no longer names, and leave alone those of others, also if they changed a label after the controller.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from controller.api.environment import (
    APPLIED_LABELS_ANNOTATION,
    ENVIRONMENT_LABEL,
    MANAGED_BY,
    MANAGED_BY_LABEL,
    PULL_REQUEST_ANNOTATION,
    PULL_REQUEST_LABEL,
    REPOSITORY_LABEL,
    Environment,
)
from controller.apimachinery import jsontext, names, objects
from controller.apimachinery.objects import Object


def wanted(environment: Environment, operator_labels: Mapping[str, str], *, adopted: bool) -> dict[str, str]:
    """Return all labels that we want on the namespace. Those of the operator take precedence, and our own over all.

    An adopted namespace keeps its managed-by label.
    """
    managed_by = {} if adopted else {MANAGED_BY_LABEL: MANAGED_BY}
    return {
        **environment.namespace_labels,
        **operator_labels,
        **_origin(environment),
        **managed_by,
        ENVIRONMENT_LABEL: environment.name,
    }


def _origin(environment: Environment) -> dict[str, str]:
    """Return the labels by which programs can sum what the environments of a repository cost."""
    # The pipeline writes both as annotations. Without a number, an environment does not belong to a pull request.
    if PULL_REQUEST_ANNOTATION not in objects.annotations(environment.obj):
        return {}
    found = {REPOSITORY_LABEL: environment.repository, PULL_REQUEST_LABEL: environment.pull_request}
    return {name: names.label_value(text) for name, text in found.items() if text}


def mirrored(environment: Environment, operator_labels: Mapping[str, str]) -> dict[str, str]:
    """Return those labels of the environment that the namespace has, for the status."""
    ours = {*operator_labels, MANAGED_BY_LABEL, ENVIRONMENT_LABEL}
    return {name: value for name, value in environment.namespace_labels.items() if name not in ours}


def remembered(namespace: Object) -> dict[str, str]:
    """Return what we applied before. An annotation that is not valid counts as empty, so no label is removed."""
    try:
        memory = jsontext.decode((objects.annotations(namespace).get(APPLIED_LABELS_ANNOTATION) or "{}").encode())
    except ValueError:
        return {}
    if not isinstance(memory, dict):
        return {}
    return {name: value for name, value in memory.items() if isinstance(value, str)}


def memory_of(labels: Mapping[str, str]) -> str:
    """Return the annotation for `labels`, always the same text for the same labels."""
    return json.dumps(dict(labels), sort_keys=True, separators=(",", ":"))


def changes(namespace: Object, labels: Mapping[str, str]) -> dict[str, str | None]:
    """Return the merge patch of `metadata.labels`: values to set, and None for labels to remove."""
    actual = objects.labels(namespace)
    patch: dict[str, str | None] = {name: value for name, value in labels.items() if actual.get(name) != value}
    for name, value in remembered(namespace).items():
        if name not in labels and actual.get(name) == value:
            patch[name] = None
    return patch
