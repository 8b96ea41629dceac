"""What an environment may ask for. The CRD's schema refuses most of it first; a schema may be older than we are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from controller.api.environment import ENVIRONMENT_LABEL, GROUP, MANAGED_BY_LABEL, Environment
from controller.apimachinery import names

_GIT_URL: Final = re.compile(
    r"https?://([^/@:\s?#]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?(/\S*)?|ssh://([A-Za-z0-9._-]+@)?[^/@:\s]+(:[0-9]+)?/\S+|git@[^/@:\s]+:\S+"
)
# Whatever stands before an @ may be a password, with a scheme before it or without.
_USER_INFO: Final = re.compile(r"^([a-z+.-]+://)?.*@", re.DOTALL)
_VALUES_SOURCES: Final = ("configMapKeyRef", "secretKeyRef", "externalSourceRef", "chartFileRef")
_REFUSED_FIELDS: Final[Mapping[str, str]] = {
    "targetNamespace": "a release lives in its environment's own namespace; remove it",
    "valueFileSecrets": "it is deprecated; use valuesFrom with a secretKeyRef",
}
_REFUSED_CHART_FIELDS: Final[Mapping[str, str]] = dict.fromkeys(
    ("repository", "name", "version"), "charts from a Helm repository are not supported; use git, path and ref"
)
_RELEASE: Final = "spec.application.release"


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong: where it stands, what stands there, and what would be right."""

    field: str
    value: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.field}: {self.value!r}: {self.remedy}"


def violations(environment: Environment) -> tuple[Violation, ...]:
    """Everything that is wrong with the environment's spec, in the order of its fields."""
    return (*_of_release(environment), *_of_labels(environment))


def protecting_glob(environment: Environment, globs: tuple[str, ...]) -> str | None:
    """The glob that keeps the environment's name for others, or None."""
    return names.matches_any(environment.name, globs)


def _of_release(environment: Environment) -> Iterator[Violation]:
    release = environment.release
    chart = release.get("chart") or {}
    yield from _of_chart(chart)
    if not names.is_dns_label(environment.release_name, limit=names.RELEASE_NAME_LIMIT):
        yield Violation(
            f"{_RELEASE}.releaseName",
            environment.release_name,
            "use at most 53 lower case letters, digits and dashes, with a letter or digit at both ends",
        )
    if release.get("helmVersion") not in (None, "v3"):
        yield Violation(f"{_RELEASE}.helmVersion", str(release["helmVersion"]), "only Helm 3 is supported; remove it")
    for field, remedy in _REFUSED_FIELDS.items():
        if release.get(field) is not None:
            yield Violation(f"{_RELEASE}.{field}", str(release[field]), remedy)
    for position, source in enumerate(release.get("valuesFrom") or ()):
        if len(source) != 1 or not any(source.get(kind) for kind in _VALUES_SOURCES):
            yield Violation(
                f"{_RELEASE}.valuesFrom[{position}]",
                ", ".join(source),
                f"name exactly one of {', '.join(_VALUES_SOURCES)}",
            )


def _of_chart(chart: Mapping[str, Any]) -> Iterator[Violation]:
    for field, remedy in _REFUSED_CHART_FIELDS.items():
        if chart.get(field) is not None:
            yield Violation(f"{_RELEASE}.chart.{field}", str(chart[field]), remedy)
    url, path, ref = (str(chart.get(field) or "") for field in ("git", "path", "ref"))
    if not _GIT_URL.fullmatch(url):
        yield Violation(
            f"{_RELEASE}.chart.git",
            # Conditions are read by many.
            _USER_INFO.sub(r"\1***@", url),
            "use an http, https or ssh URL or git@host:path, and give credentials by chart.secretRef, never in the URL",
        )
    if not path or ".." in path.split("/"):
        yield Violation(f"{_RELEASE}.chart.path", path, "name the chart's folder within the repository, without '..'")
    if ref.startswith("-") or any(character.isspace() for character in ref):
        yield Violation(f"{_RELEASE}.chart.ref", ref, "name a branch, tag or commit")


def _of_labels(environment: Environment) -> Iterator[Violation]:
    for name, value in environment.namespace_labels.items():
        field = f"spec.namespaceLabels[{name}]"
        if not names.is_label_key(name):
            yield Violation(field, name, "use [prefix/]name as Kubernetes does for the keys of labels")
        elif not names.is_label_value(value):
            yield Violation(field, value, "use at most 63 letters, digits, '-', '_' and '.', or nothing")
        elif name in (MANAGED_BY_LABEL, ENVIRONMENT_LABEL) or name.startswith(f"{GROUP}/"):
            yield Violation(field, value, "this label tells whose the namespace is; remove it")
