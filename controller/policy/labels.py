"""Finders for the table in `rules`: which labels an environment may set on its namespace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from controller.api.environment import GROUP, MANAGED_BY_LABEL, Environment
from controller.apimachinery import names
from controller.apimachinery.findings import Key, Path
from controller.policy import chart, pins
from controller.policy.chart import Found
from controller.policy.options import PolicyOptions

# These labels identify the owner of a namespace. No option allows them.
OUR_OWN: Final = (MANAGED_BY_LABEL, f"{GROUP}/*", f"*.{GROUP}/*")


def bad_key(environment: Environment, options: PolicyOptions, engine: str) -> Found:
    """Find a label key that Kubernetes refuses."""
    for key in environment.namespace_labels:
        if not names.is_label_key(key):
            yield _path(key), key


def bad_value(environment: Environment, options: PolicyOptions, engine: str) -> Found:
    """Find a label value that Kubernetes refuses."""
    for key, value in environment.namespace_labels.items():
        if value is not None and not (isinstance(value, str) and names.is_label_value(value)):
            yield _path(key), value


def our_own(environment: Environment, options: PolicyOptions, engine: str) -> Found:
    """Find a label that identifies the owner of the namespace."""
    yield from _matching(environment.namespace_labels, OUR_OWN)


def denied(environment: Environment, options: PolicyOptions, engine: str) -> Found:
    """Find a label that is reserved for the platform team."""
    yield from _matching(environment.namespace_labels, options.denied_namespace_labels)


def foreign_value(environment: Environment, options: PolicyOptions, engine: str) -> Found:
    """Find a pinned label with a value that is not allowed for the repository."""
    # Nearly always there are no pins.
    labels = environment.namespace_labels if options.pinned_namespace_labels else {}
    for key, value in labels.items():
        globs = pins.allowed_values(key, chart.location(environment), options.pinned_namespace_labels)
        if globs is not None and not names.matches_any(str(value), globs):
            yield _path(key), value


def _matching(labels: Mapping[str, str], globs: tuple[str, ...]) -> Found:
    for key, value in labels.items():
        if names.matches_any(key, globs):
            yield _path(key), value


def _path(key: str) -> Path:
    return ("spec", "namespaceLabels", Key(key))
