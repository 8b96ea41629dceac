"""The options of both controllers as values of the chart: names, types in YAML, and defaults."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from typing import Any, Final

from controller.apimachinery.options import Option, options_of
from controller.app.options import Options
from controller.app.reportoptions import ReportOptions

# The templates set these: the namespace of the release, the name of the pod, and the account and the shard, for which
# there are other values.
SET_BY_THE_CHART: Final = ("namespace", "lease_identity", "service_account", "watch_label_selector")
SET_FOR_REPORT: Final = ("namespace", "lease_identity", "credentials")
_LABEL: Final = "[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?"
_LABEL_KEYS: Final = {"pattern": f"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?{_LABEL}$"}
# The templates join a list with commas, so its items must not contain any.
_LIST: Final = {"type": "array", "items": {"type": "string", "pattern": "^[^,]+$"}}
# Repositories without https://; in `_REPOSITORIES` the host is in lower case.
_PLACES: Final = {"type": "array", "items": {"type": "string", "pattern": "^[^,/ ]*[^,/: ](/[^, ]*)?$"}}
_REPOSITORIES: Final = {"type": "array", "items": {"type": "string", "pattern": "^[^,/ A-Z]*[^,/: A-Z](/[^, ]*)?$"}}
_GLOB: Final = {"type": "string", "pattern": r"^[A-Za-z0-9._*?\[\]!-]+$"}
# By the placeholder in the help. A duration may also be a number of seconds.
_TYPES: Final[Mapping[str, Mapping[str, Any]]] = {
    "TEXT": {"type": "string"},
    "NAME": {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"},
    "URL": {"type": "string", "pattern": "^(https?://[^@ ]+)?$"},
    "BOOL": {"type": "boolean"},
    "NUMBER": {"type": "integer"},
    "HOST:PORT": {"type": ["string", "integer"], "pattern": "^(0|.*:[0-9]{1,5})$", "maximum": 0, "minimum": 0},
    "DURATION": {"type": ["string", "number"], "pattern": r"^([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+$", "minimum": 0},
    "GLOB,...": _LIST,
    "CHANNEL,...": _LIST,
    "HOST/ORG,...": _PLACES,
    "HOST/GLOB,...": _REPOSITORIES,
    # A text, because the templates join maps with commas.
    "NAME=VALUE;...": {"type": "string", "pattern": "^([^=;]+=[^;]*(;|$))*$"},
    "NAME=VALUE,...": {
        "type": "object",
        "propertyNames": _LABEL_KEYS,
        "additionalProperties": {"type": "string", "pattern": f"^({_LABEL})?$", "maxLength": 63},
    },
    "PREFIX:KEY=GLOB;...": {
        "type": "object",
        "additionalProperties": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": _LABEL_KEYS,
            "additionalProperties": {"anyOf": [_GLOB, {"type": "array", "minItems": 1, "items": _GLOB}]},
        },
    },
}


def values(kind: type[Any] = Options, *, left_out: tuple[str, ...] = SET_BY_THE_CHART) -> list[tuple[str, Option]]:
    """Return each option of a group that is a value, by its name there: `statusSettle` for `status_settle`."""
    return [(_camel_case(option.name), option) for option in options_of(kind) if option.name not in left_out]


def schema(kind: type[Any] = Options) -> dict[str, Any]:
    """Return the JSON schema of the value `options`.

    Raises KeyError for an option of a kind that has no row in `_TYPES`.
    """
    return _object("run", values(kind))


def schema_for_report() -> dict[str, Any]:
    """Return the JSON schema of the value `report.options`."""
    return _object("report", values(ReportOptions, left_out=SET_FOR_REPORT))


def _object(command: str, found: list[tuple[str, Option]]) -> dict[str, Any]:
    return {
        "description": f"The options of `tronador {command}`",
        "type": "object",
        "additionalProperties": False,
        "properties": {name: _schema(option) for name, option in found},
    }


def values_comment(kind: type[Any] = Options) -> str:
    """Return the part of values.yaml about the options: comments with all defaults, and `options: {}`."""
    lines = [
        "# The options of `tronador run`. Set only what differs from the default that is shown here. The chart itself",
        "# sets --namespace, --lease-identity, --service-account and --watch-label-selector.",
        "#",
        "# Write lists and maps as such:",
        "#   allowedGitRepositories: [github.com/org/*, git.example.com/*]",
        "#   namespaceLabels: {team: platform}",
        "#   pinnedNamespaceLabels: {github.com/org: {stakater.com/tenant: [org-a, org-b], kind: pr}}",
    ]
    for name, option in values(kind):
        lines += ["#", *(f"#   # {line}" for line in textwrap.wrap(option.help, 112))]
        lines.append(f"#   {name}: {json.dumps(_default(option))}")
    return "\n".join([*lines, "options: {}"]) + "\n"


def _schema(option: Option) -> dict[str, Any]:
    found = {"description": option.help, **_TYPES[option.kind.placeholder], "default": _default(option)}
    if option.choices:
        found["enum"] = list(option.choices)
    if option.least is not None:
        found["minimum"] = option.least
    return found


def _default(option: Option) -> Any:
    value = option.default
    if isinstance(value, bool | int | str):
        return value
    if isinstance(value, float) or _TYPES[option.kind.placeholder]["type"] == "string":
        return option.default_text
    if isinstance(value, Mapping):
        return dict(value)
    # The only other default is that of the pins, which are a map in YAML. It is empty.
    return list(value) if _TYPES[option.kind.placeholder]["type"] == "array" else {}


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
