"""Finders for the table in `rules`: which other objects and URLs a release may read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from controller.api.engines import ENGINES
from controller.api.environment import Environment
from controller.apimachinery import names
from controller.apimachinery.findings import Path
from controller.policy.chart import Found, leads_out
from controller.policy.fields import CHART, RELEASE, VALUES_SOURCES
from controller.policy.options import PolicyOptions

_KINDS_OF_KEYS: Final = ("configMapKeyRef", "secretKeyRef")
_KEY: Final = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_EXTERNAL_URL: Final = re.compile(r"https?://[^@\s\\]+")


def foreign_reference(environment: Environment, options: PolicyOptions, engine: str) -> Found:
    """Find a Secret or ConfigMap in a namespace that is neither the environment's own nor allowed."""
    for path, reference in _references(environment):
        namespace = reference.get("namespace") or environment.namespace_name
        if namespace != environment.namespace_name and not (
            names.is_dns_label(namespace) and names.matches_any(namespace, options.allowed_reference_namespaces)
        ):
            yield (*path, "namespace"), namespace


def bad_reference(environment: Environment, options: PolicyOptions, engine: str) -> Found:
    """Find an invalid object name or key. It would become part of a URL of the API."""
    for path, reference in _references(environment):
        if not names.is_dns_subdomain(name := reference.get("name") or ""):
            yield (*path, "name"), name
        key = reference.get("key")
        if key and (not _KEY.fullmatch(key) or key.startswith("..") or key == "."):
            yield (*path, "key"), key


def ambiguous_source(environment: Environment, options: PolicyOptions, engine: str) -> Found:
    """Find an entry of valuesFrom without a source or with more than one."""
    for path, source in _sources(environment):
        given = [kind for kind in VALUES_SOURCES if source.get(kind) is not None]
        if len(given) != 1 or not source[given[0]]:
            yield path, ", ".join(given)


def external_source(environment: Environment, options: PolicyOptions, engine: str) -> Found:
    """Find values from a URL if they are not allowed."""
    if not options.allow_external_values:
        yield from _external(environment)


def unsupported_external_source(environment: Environment, options: PolicyOptions, engine: str) -> Found:
    """Find values from a URL for an engine that cannot read them. Without them it would deploy something unintended."""
    if options.allow_external_values and engine and not ENGINES[engine].reads_external_values:
        yield from _external(environment)


def bad_external_source(environment: Environment, options: PolicyOptions, engine: str) -> Found:
    """Find a URL of values that is invalid or contains credentials."""
    if options.allow_external_values:
        yield from ((path, url) for path, url in _external(environment) if not _EXTERNAL_URL.fullmatch(url))


def bad_chart_file(environment: Environment, options: PolicyOptions, engine: str) -> Found:
    """Find a values file outside the chart."""
    for path, source in _sources(environment):
        if (reference := source.get("chartFileRef")) is not None:
            file = reference.get("path") or ""
            if not file or file.startswith("/") or leads_out(file):
                yield (*path, "chartFileRef", "path"), file


def _sources(environment: Environment) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    for position, source in enumerate(environment.release.get("valuesFrom") or ()):
        yield (*RELEASE, "valuesFrom", position), source or {}


def _references(environment: Environment) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yield every reference to an object in the cluster, with its path."""
    if secret := environment.chart.get("secretRef"):
        yield (*CHART, "secretRef"), secret
    for path, source in _sources(environment):
        for kind in _KINDS_OF_KEYS:
            if source.get(kind):
                yield (*path, kind), source[kind]


def _external(environment: Environment) -> Iterator[tuple[Path, str]]:
    for path, source in _sources(environment):
        if (reference := source.get("externalSourceRef")) is not None:
            yield (*path, "externalSourceRef", "url"), str(reference.get("url") or "")
