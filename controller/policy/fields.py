"""Lists the fields of a release that an environment may use. All others are refused and never passed on.

A field that a new version of an engine introduces is refused until it is added here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from controller.api.environment import Environment
from controller.apimachinery import giturls, nesting
from controller.apimachinery.findings import Finding, Path

RELEASE: Final[Path] = ("spec", "application", "release")
CHART: Final[Path] = (*RELEASE, "chart")
INVALID: Final = "InvalidSpec"
NOT_ALLOWED: Final = "FieldNotAllowed"
# A mapping gives the shape of each allowed field. A list gives the shape of its items. A type stands for a value of
# that type; `dict` is free form, within the limits of `nesting`.
Shape = Mapping[str, Any] | list[Any] | type

_KEY_REFERENCE: Final = {"name": str, "namespace": str, "key": str, "optional": bool}
VALUES_SOURCES: Final[Mapping[str, Shape]] = {
    "configMapKeyRef": _KEY_REFERENCE,
    "secretKeyRef": _KEY_REFERENCE,
    "externalSourceRef": {"url": str, "optional": bool},
    "chartFileRef": {"path": str, "optional": bool},
}
LISTED: Final[Mapping[str, Shape]] = {
    "chart": {"git": str, "path": str, "ref": str, "secretRef": {"name": str, "namespace": str}},
    "releaseName": str,
    "values": dict,
    "valuesFrom": [VALUES_SOURCES],
    "helmVersion": str,
    "timeout": int,
    "maxHistory": int,
    "wait": bool,
    "skipCRDs": bool,
    "disableOpenAPIValidation": bool,
    "forceUpgrade": bool,
    "resetValues": bool,
    "rollback": {
        "enable": bool,
        "retry": bool,
        "maxRetries": int,
        "force": bool,
        "recreate": bool,
        "disableHooks": bool,
        "timeout": int,
        "wait": bool,
    },
    "test": {"enable": bool, "ignoreFailures": bool, "timeout": int, "cleanup": bool},
}
# Fields around the release are not passed on, so unknown ones are harmless. Known ones must have the right type.
_AROUND: Final[Mapping[str, Shape]] = {
    "application": {"release": LISTED},
    "lifecycle": {"expireAfter": str},
    "namespaceLabels": dict,
}
_WORDS: Final[Mapping[type, str]] = {str: "a string", int: "a number", bool: "true or false"}
# Remedies for refused fields whose purpose another field serves.
_NO_HELM_REPOSITORY: Final = "charts from a Helm repository are not supported; use git, path and ref"
_INSTEAD: Final[Mapping[Path, str]] = {
    (*RELEASE, "targetNamespace"): "a release is always installed in its environment's own namespace; remove it",
    (*RELEASE, "valueFileSecrets"): "it is deprecated; use valuesFrom with a secretKeyRef",
    (*CHART, "repository"): _NO_HELM_REPOSITORY,
    (*CHART, "name"): _NO_HELM_REPOSITORY,
    (*CHART, "version"): _NO_HELM_REPOSITORY,
}
# A message shows only enough of a value to recognize it.
_VALUE_LIMIT: Final = 200


def refusal(reason: str, path: Path, value: Any, remedy: str) -> Finding:
    """Return the finding about a refused value. Its message is the value: quoted, short and without passwords."""
    text = giturls.masked(str(value))
    shown = text if len(text) <= _VALUE_LIMIT else f"{text[:_VALUE_LIMIT]}..."
    return Finding(path=path, reason=reason, message=repr(shown), remedy=remedy)


def misfits(environment: Environment) -> Iterator[Finding]:
    """Yield every field of the spec that is not listed or has the wrong type. Null counts as absent everywhere."""
    yield from _look(("spec",), environment.obj.get("spec"), _AROUND)


def _look(path: Path, value: Any, shape: Shape) -> Iterator[Finding]:
    if value is None:
        return
    if isinstance(shape, Mapping):
        yield from _look_into(path, value, shape)
    elif isinstance(shape, list):
        if not isinstance(value, list):
            yield _of_type(path, value, "a list")
            return
        for position, item in enumerate(value):
            yield from _look((*path, position), item, shape[0])
    elif shape is dict:
        yield from _look_into_free_form(path, value)
    elif not isinstance(value, shape) or (isinstance(value, bool) and shape is not bool):
        yield _of_type(path, value, _WORDS[shape])


def _look_into_free_form(path: Path, value: Any) -> Iterator[Finding]:
    if isinstance(value, Mapping):
        for fault in nesting.faults(value, at=path):
            yield refusal(INVALID, fault.path, fault.message, fault.remedy)
    else:
        yield _of_type(path, value, "a map")


def _look_into(path: Path, value: Any, shape: Mapping[str, Any]) -> Iterator[Finding]:
    if not isinstance(value, Mapping):
        yield _of_type(path, value, "a map")
        return
    for name, of_name in shape.items():
        if value.get(name) is not None:
            yield from _look((*path, name), value[name], of_name)
    if shape is _AROUND or shape in (_AROUND["application"], _AROUND["lifecycle"]):
        return
    for name in sorted(value.keys() - shape.keys()):
        if value[name] is not None:
            there = (*path, name)
            yield refusal(NOT_ALLOWED, there, value[name], _INSTEAD.get(there, "this field is not allowed; remove it"))


def _of_type(path: Path, value: Any, wanted: str) -> Finding:
    return refusal(INVALID, path, value, f"use {wanted}")
