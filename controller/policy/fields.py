"""Lists the fields of a release that an environment may use. All others are refused and never passed on.

A field that a new version of an engine introduces is refused until it is added here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from controller.api.environment import Environment
from controller.apimachinery import giturls, nesting

RELEASE: Final = "spec.application.release"
CHART: Final = f"{RELEASE}.chart"
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
_AROUND: Final[Mapping[str, Shape]] = {"application": {"release": LISTED}, "namespaceLabels": dict}
# Slightly more than the longest label key.
_NAME_LIMIT: Final = 320
_WORDS: Final[Mapping[type, str]] = {str: "a string", int: "a number", bool: "true or false"}


@dataclass(frozen=True, slots=True)
class Misfit:
    """A value of the wrong type, or one in an `unlisted` field.

    For a wrong type, `wanted` names the right one, or `remedy` says what to do.
    """

    field: str
    value: Any
    wanted: str = ""
    remedy: str = ""

    @property
    def unlisted(self) -> bool:
        return not (self.wanted or self.remedy)


def shown(name: str) -> str:
    """Return a field name from an author for use in a message: on one line, shortened, and without a password."""
    plain = "".join(character if character.isprintable() else "?" for character in giturls.masked(name))
    return plain if len(plain) <= _NAME_LIMIT else f"{plain[:_NAME_LIMIT]}..."


def misfits(environment: Environment) -> Iterator[Misfit]:
    """Yield every field of the spec that is not listed or has the wrong type. Null counts as absent everywhere."""
    yield from _look("spec", environment.obj.get("spec"), _AROUND)


def _look(field: str, value: Any, shape: Shape) -> Iterator[Misfit]:
    if value is None:
        return
    if isinstance(shape, Mapping):
        yield from _look_into(field, value, shape)
    elif isinstance(shape, list):
        if not isinstance(value, list):
            yield Misfit(field, value, "a list")
            return
        for position, item in enumerate(value):
            yield from _look(f"{field}[{position}]", item, shape[0])
    elif shape is dict:
        yield from _look_into_free_form(field, value)
    elif not isinstance(value, shape) or (isinstance(value, bool) and shape is not bool):
        yield Misfit(field, value, _WORDS[shape])


def _look_into_free_form(field: str, value: Any) -> Iterator[Misfit]:
    if isinstance(value, Mapping):
        for fault in nesting.faults(value):
            yield Misfit(nesting.shown(field, fault.path), fault.words, remedy=fault.remedy)
    else:
        yield Misfit(field, value, "a map")


def _look_into(field: str, value: Any, shape: Mapping[str, Any]) -> Iterator[Misfit]:
    if not isinstance(value, Mapping):
        yield Misfit(field, value, "a map")
        return
    for name, of_name in shape.items():
        yield from _look(f"{field}.{name}", value.get(name), of_name)
    if shape is _AROUND or shape is _AROUND["application"]:
        return
    for name in sorted(value.keys() - shape.keys()):
        if value[name] is not None:
            yield Misfit(f"{field}.{shown(name)}", value[name])
