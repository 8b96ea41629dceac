"""The fields of a release that an environment may use. Everything else is refused, and so is never passed on.

The list is the whole truth: a field that an engine learns tomorrow is refused until it is listed here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from controller.api.environment import Environment
from controller.apimachinery import giturls, nesting

RELEASE: Final = "spec.application.release"
CHART: Final = f"{RELEASE}.chart"
# Of a mapping: its listed fields. Of a list: what each item is. Of a type: a value of it; `dict` is free form, within
# the limits of `nesting`.
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
# Around the release nothing is passed on, so what is unknown there does no harm; what is known has to have its form.
_AROUND: Final[Mapping[str, Shape]] = {"application": {"release": LISTED}, "namespaceLabels": dict}
# The longest key of a label, and a little more.
_NAME_LIMIT: Final = 320
_WORDS: Final[Mapping[type, str]] = {str: "a text", int: "a number", bool: "true or false"}


@dataclass(frozen=True, slots=True)
class Misfit:
    """A value that is not of its field's form (`wanted` says which, or `remedy` what to do), or one whose field is
    `unlisted`.
    """

    field: str
    value: Any
    wanted: str = ""
    remedy: str = ""

    @property
    def unlisted(self) -> bool:
        return not (self.wanted or self.remedy)


def shown(name: str) -> str:
    """A name that an author chose, as a step of a path in a message: of one line, not too long, without a password."""
    plain = "".join(character if character.isprintable() else "?" for character in giturls.masked(name))
    return plain if len(plain) <= _NAME_LIMIT else f"{plain[:_NAME_LIMIT]}..."


def misfits(environment: Environment) -> Iterator[Misfit]:
    """Every field of the spec that is not listed, or not of its form. Null is absent, everywhere."""
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
