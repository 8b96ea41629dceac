"""Rules and settings as JSON, for the control port and the command line. Unknown or wrong fields are refused by name.

A rule is `{"fault": KIND, ...fields of the fault, "percent": 30, "times": 2, "match": {...}}`; field names are written
in camel case, as everywhere in Kubernetes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from hack.faultproxy.faults import (
    Answer,
    CutWatch,
    DelayWatch,
    DropWatch,
    Ending,
    Fault,
    HalfOpenWatch,
    Latency,
    Match,
    ResetAfter,
    ResetBefore,
    Rule,
)
from hack.faultproxy.settings import Settings

_FAULTS: Mapping[str, type[Fault]] = {
    fault.kind: fault
    for fault in (Latency, Answer, ResetBefore, ResetAfter, DropWatch, HalfOpenWatch, DelayWatch, CutWatch)
}
_NUMBER, _INTEGER = (int, float), (int,)
_FIELDS: Mapping[str, tuple[type, ...]] = {
    "seconds": _NUMBER,
    "jitter": _NUMBER,
    "after": _NUMBER,
    "percent": _NUMBER,
    "code": _INTEGER,
    "retry_after": (int, type(None)),
    "after_lines": _INTEGER,
    "times": (int, type(None)),
    "seed": _INTEGER,
    "ending": (str,),
    "path": (str,),
    "user_agent": (str,),
    "watch": (bool, type(None)),
    "frozen": (bool,),
    "refusing": (bool,),
    "methods": (list,),
    "rules": (list,),
    "match": (dict,),
}


def settings_from(document: Any) -> Settings:
    """Settings from JSON; what is left out has its default. Raises ValueError with the field's name."""
    values = _values(document, Settings, "settings")
    if "rules" in values:
        values["rules"] = tuple(rule_from(rule) for rule in values["rules"])
    return Settings(**values)


def settings_to(settings: Settings) -> dict[str, Any]:
    return {
        "rules": [rule_to(rule) for rule in settings.rules],
        "seed": settings.seed,
        "frozen": settings.frozen,
        "refusing": settings.refusing,
    }


def rule_from(document: Any) -> Rule:
    """A rule from JSON. Raises ValueError with the field's name."""
    if not isinstance(document, dict) or document.get("fault") not in _FAULTS:
        raise ValueError(f"a rule is an object whose fault is one of {', '.join(_FAULTS)}")
    common = {"percent", "times", "match"}
    kind = _FAULTS[document["fault"]]
    own = {name: value for name, value in document.items() if name not in common | {"fault"}}
    fault_values = _values(own, kind, document["fault"])
    if "ending" in fault_values:
        fault_values["ending"] = _ending(fault_values["ending"])
    values = _values({name: document[name] for name in common & document.keys()}, Rule, "rule")
    if "match" in values:
        values["match"] = match_from(values["match"])
    try:
        return Rule(fault=kind(**fault_values), **values)
    except TypeError as error:
        raise ValueError(f"{document['fault']} needs more fields: {error}") from error


def rule_to(rule: Rule) -> dict[str, Any]:
    document: dict[str, Any] = {"fault": rule.fault.kind, **_document(rule.fault), "percent": rule.percent}
    if rule.times is not None:
        document["times"] = rule.times
    if rule.match != Match():
        document["match"] = _document(rule.match)
    return document


def match_from(document: Any) -> Match:
    """Parse a Match from JSON. Raises ValueError with the field's name."""
    values = _values(document, Match, "match")
    if "methods" in values:
        values["methods"] = tuple(str(method).upper() for method in values["methods"])
    return Match(**values)


def order_from(document: Any, ending: Ending) -> tuple[Match, Ending]:
    """Parse which open watches to end, and how (default: `ending`). Raises ValueError."""
    if not isinstance(document, dict) or document.keys() - {"match", "ending"}:
        raise ValueError("the body may have match and ending, and nothing else")
    return match_from(document.get("match", {})), _ending(document.get("ending", ending))


def _ending(text: Any) -> Ending:
    try:
        return Ending(text)
    except ValueError:
        raise ValueError(f"ending must be one of {', '.join(Ending)}, not {text!r}") from None


def _values(document: Any, target: type, what: str) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise ValueError(f"{what} must be an object")
    known = {_camel(field.name): field.name for field in dataclasses.fields(target)}
    values = {}
    for name, value in document.items():
        if name not in known:
            raise ValueError(f"{what} has no field {name!r}; it has {', '.join(known) or 'none'}")
        types = _FIELDS[known[name]]
        # In Python, but not in JSON, true is a number.
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            raise ValueError(f"{what}: {name} cannot be {value!r}")
        values[known[name]] = value
    return values


def _document(value: Any) -> dict[str, Any]:
    document = {}
    for field in dataclasses.fields(value):
        content = getattr(value, field.name)
        if content is not None and content not in ("", ()):
            document[_camel(field.name)] = list(content) if isinstance(content, tuple) else content
    return document


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)
