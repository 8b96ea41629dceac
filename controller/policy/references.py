"""Finders for the table in `rules`: which other objects and URLs a release may read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from controller.api.engines import ENGINES
from controller.api.environment import Environment
from controller.apimachinery import names
from controller.policy.chart import Found, leads_out
from controller.policy.fields import CHART, RELEASE, VALUES_SOURCES
from controller.policy.options import PolicyOptions

_KINDS_OF_KEYS: Final = ("configMapKeyRef", "secretKeyRef")
_KEY: Final = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_EXTERNAL_URL: Final = re.compile(r"https?://[^@\s\\]+")


def foreign_reference(environment: Environment, options: PolicyOptions, engine: str) -> Found:
    """Find a Secret or ConfigMap in a namespace that is neither the environment's own nor allowed."""
    for field, reference in _references(environment):
        namespace = reference.get("namespace") or environment.namespace_name
        if namespace != environment.namespace_name and not (
            names.is_dns_label(namespace) and names.matches_any(namespace, options.allowed_reference_namespaces)
        ):
            yield f"{field}.namespace", namespace


def bad_reference(environment: Environment, options: PolicyOptions, engine: str) -> Found:
    """Find an invalid object name or key. It would become part of a URL of the API."""
    for field, reference in _references(environment):
        if not names.is_dns_subdomain(name := reference.get("name") or ""):
            yield f"{field}.name", name
        key = reference.get("key")
        if key and (not _KEY.fullmatch(key) or key.startswith("..") or key == "."):
            yield f"{field}.key", key


def ambiguous_source(environment: Environment, options: PolicyOptions, engine: str) -> Found:
    """Find an entry of valuesFrom without a source or with more than one."""
    for field, source in _sources(environment):
        given = [kind for kind in VALUES_SOURCES if source.get(kind) is not None]
        if len(given) != 1 or not source[given[0]]:
            yield field, ", ".join(given)


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
        yield from ((field, url) for field, url in _external(environment) if not _EXTERNAL_URL.fullmatch(url))


def bad_chart_file(environment: Environment, options: PolicyOptions, engine: str) -> Found:
    """Find a values file outside the chart."""
    for field, source in _sources(environment):
        if (reference := source.get("chartFileRef")) is not None:
            path = reference.get("path") or ""
            if not path or path.startswith("/") or leads_out(path):
                yield f"{field}.chartFileRef.path", path


def _sources(environment: Environment) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for position, source in enumerate(environment.release.get("valuesFrom") or ()):
        yield f"{RELEASE}.valuesFrom[{position}]", source or {}


def _references(environment: Environment) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every reference to an object in the cluster, with its path."""
    if secret := (environment.release.get("chart") or {}).get("secretRef"):
        yield f"{CHART}.secretRef", secret
    for field, source in _sources(environment):
        for kind in _KINDS_OF_KEYS:
            if source.get(kind):
                yield f"{field}.{kind}", source[kind]


def _external(environment: Environment) -> Iterator[tuple[str, str]]:
    for field, source in _sources(environment):
        if (reference := source.get("externalSourceRef")) is not None:
            yield f"{field}.externalSourceRef.url", str(reference.get("url") or "")
