"""What users read about a correction that does not last: the field, its wanted and found value, and who changed it.

The sentences have no times and no numbers of attempts, because each change of the text costs a status and an Event.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from controller.api.environment import FIELD_MANAGER
from controller.apimachinery.nesting import Unreadable
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import SECRETS
from controller.environment.drift import field_managers
from controller.environment.drift.attempts import Contest, Path
from controller.environment.drift.comparison import ABSENT, Difference
from controller.environment.effects import Target

OVERWRITTEN: Final = "FieldOverwritten"
DROPPED: Final = "FieldDropped"
REVERTED: Final = "FieldReverted"
DELETED: Final = "ObjectDeleted"
RECREATED: Final = "ObjectRecreated"

_NAMED: Final = 3
_VALUE_LIMIT: Final = 80
# Others choose the keys, and how deep they nest.
_PATH_LIMIT: Final = 160
_AFTERWARDS: Final = "The controller corrects it again at growing intervals, up to once a minute."
_CONFIDENTIAL: Final = re.compile(r"passw|secret|token|credential|api[-_]?key|private", re.IGNORECASE)
_UNRECORDED: Final = "the object does not record who does it; see the audit log of the API server"


def lost(target: Target, found: Sequence[Difference]) -> Contest:
    """Return the report about fields that have another value in the answer to our own write."""
    dropped = all(difference.found is ABSENT for difference in found)
    why = (
        "the API server drops it from what is written: the CRD does not know the field, or an admission webhook or "
        "policy removes it"
        if dropped
        else "an admission webhook or policy, or a default of the CRD, changes what is written"
    )
    return _contest(DROPPED if dropped else OVERWRITTEN, target, found, why)


def reverted(target: Target, found: Sequence[Difference], live: Object) -> Contest:
    """Return the report about fields that others changed after our write. `live` has its managedFields."""
    return _contest(REVERTED, target, found, _by_whom(found, live))


def deleted(target: Target) -> Contest:
    """Return the report about an object that others delete each time we create it."""
    return Contest(DELETED, f"{_subject(target)} is deleted each time it is created: {_UNRECORDED}. {_AFTERWARDS}")


def recreated(target: Target, live: Object) -> Contest:
    """Return the report about an object that others create again each time we delete it."""
    by = field_managers.last(live, besides="")
    who = f"field manager {by!r} creates it" if by else _UNRECORDED
    return Contest(RECREATED, f"{_subject(target)} is created again each time it is deleted: {who}. {_AFTERWARDS}")


def _contest(reason: str, target: Target, found: Sequence[Difference], why: str) -> Contest:
    named = [_difference(target, difference) for difference in found[:_NAMED]]
    fields = ", ".join([*named, "and more"] if len(found) > _NAMED else named)
    message = f"{_subject(target)}: {fields}: {why}. {_AFTERWARDS}"
    return Contest(reason, message, tuple(difference.path for difference in found))


def _subject(target: Target) -> str:
    return f"{target.resource.kind} {target.name}"


def _difference(target: Target, difference: Difference) -> str:
    shown = target.resource.group_resource != SECRETS.group_resource and not _CONFIDENTIAL.search(
        ".".join(difference.path)
    )
    if not shown:
        return f"{_dotted(difference.path)} does not have the expected value (values are not shown)"
    return f"{_dotted(difference.path)} should be {_text(difference.wanted)} and is {_text(difference.found)}"


def _dotted(path: Path) -> str:
    steps = [f"[{step}]" if "." in step or "/" in step else f".{step}" for step in path]
    dotted = "".join(steps).removeprefix(".")
    return dotted if len(dotted) <= _PATH_LIMIT else f"{dotted[:_PATH_LIMIT]}…"


def _text(value: Any) -> str:
    if value is ABSENT:
        return "absent"
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list):
        return "a list"
    text = str(value) if isinstance(value, Unreadable) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _VALUE_LIMIT else f"{text[:_VALUE_LIMIT]}…"


def _by_whom(found: Sequence[Difference], live: Object) -> str:
    names = sorted({name for difference in found for name in field_managers.owners(live, difference.path)})
    if others := [name for name in names if name != FIELD_MANAGER]:
        return f"set by field manager {', '.join(map(repr, others))}"
    if names:
        return f"set by this controller's own field manager {FIELD_MANAGER!r}: look for a second installation"
    if writer := field_managers.last(live, besides=FIELD_MANAGER):
        return f"the last to write the object was field manager {writer!r}"
    return _UNRECORDED
