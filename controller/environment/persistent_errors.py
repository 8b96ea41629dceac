"""What users read about errors that last. Retries heal most errors; the status shows one that they have not healed.

The text has to stay the same from one retry to the next, or the status would be written each time. So a text that only
differs in ports, times or identifiers counts as the same, and the one that is already written is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from controller.apimachinery import conditions
from controller.apimachinery.errors import (
    ApiError,
    ConnectionLost,
    MalformedAnswer,
    RequestTimeout,
    StatusError,
    without_content,
)
from controller.apimachinery.resources import SECRETS
from controller.environment.decision import Wait
from controller.environment.effects import (
    AddFinalizer,
    Apply,
    Create,
    Delete,
    Effect,
    GroupVersion,
    Listing,
    Patch,
    Read,
    RemoveFinalizer,
    WakeOnChange,
)

# Runs from the first of several failures in a row to the next success.
TIMER: Final = "error"
# Seconds. A restart of the API server, an election among its storage or a full queue take less; a person who waits for
# an environment begins to wonder after about that time.
PATIENCE: Final = 5.0
# A request to the API server fails again and again.
RETRYING: Final = "RetryingAfterError"
# Our own code fails, or does not come to an end in time.
INTERNAL: Final = "InternalError"
REASONS: Final = frozenset({RETRYING, INTERNAL})

_AGAIN: Final = "This is tried again."
_WORDS_LIMIT: Final = 300
_DOING: Final[Mapping[type, str]] = {
    Create: "Creating",
    Patch: "Changing",
    Apply: "Applying",
    Delete: "Deleting",
    AddFinalizer: "Changing the finalizers of",
    RemoveFinalizer: "Changing the finalizers of",
}
_CHANGES_BY_ITSELF: Final = re.compile(r"\S*\d\S*")


def explain(
    error: Exception, effect: Effect | None, *, too_late: bool = False, standing: Iterable[Mapping[str, Any]] = ()
) -> Wait:
    """What to show of an error that has lasted.

    Args:
        error: what was raised.
        effect: what was being done, or None where that is not known.
        too_late: whether the time for the whole reconcile was over.
        standing: the conditions that are written already.
    """
    if too_late:
        message = f"The reconcile took longer than --reconcile-timeout; the controller's log says where. {_AGAIN}"
        return Wait(reason=INTERNAL, message=steady(INTERNAL, message, standing))
    if not isinstance(error, ApiError):
        # Neither its text nor its place: both may hold values of the object.
        message = f"The controller failed with {type(error).__name__}; its log says where. {_AGAIN}"
        return Wait(reason=INTERNAL, message=steady(INTERNAL, message, standing))
    return waiting(failing(error, effect), standing=standing)


def waiting(sentences: str, *, standing: Iterable[Mapping[str, Any]]) -> Wait:
    """What to show of requests that fail again and again, as `failing` words them."""
    return Wait(reason=RETRYING, message=steady(RETRYING, f"{sentences} {_AGAIN}", standing))


def failing(error: ApiError, effect: Effect | None) -> str:
    """One sentence: what fails, on which object, and what the API server says about it."""
    doing, secret = _doing(effect)
    return f"{doing} fails: {_words(without_content(error) if secret and isinstance(error, StatusError) else error)}."


def steady(reason: str, message: str, standing: Iterable[Mapping[str, Any]]) -> str:
    """The message, or the one that stands already where both say the same."""
    known = conditions.find(standing, "Reconciling") or {}
    before = str(known.get("message") or "")
    same = known.get("reason") == reason and _essence(before) == _essence(message)
    return before if same else message


def _doing(effect: Effect | None) -> tuple[str, bool]:
    """What was being done, and whether it was done to a Secret."""
    if isinstance(effect, Read | WakeOnChange):
        subject = effect.subject if isinstance(effect, Read) else effect.listing
        if isinstance(subject, GroupVersion):
            return f"Looking up the resources of {subject}", False
        secret = subject.resource.group_resource == SECRETS.group_resource
        if isinstance(subject, Listing):
            verb = "Listing" if isinstance(effect, Read) else "Watching"
            return f"{verb} {subject.resource} in namespace {subject.namespace}", secret
        return f"Reading {subject}", secret
    target = getattr(effect, "target", None)
    if target is None:
        return "Writing the status", False
    return f"{_DOING[type(effect)]} {target}", target.resource.group_resource == SECRETS.group_resource


def _words(error: ApiError) -> str:
    match error:
        case StatusError():
            text = " ".join(error.message.split())[:_WORDS_LIMIT].rstrip(". ")
            return ": ".join(filter(None, (f"{error.code} {error.reason}".strip(), text)))
        case RequestTimeout():
            return "no answer in the time allowed"
        case MalformedAnswer():
            return "the answer does not follow the Kubernetes API"
        case ConnectionLost():
            return "the connection was refused or lost"
        case _:
            return type(error).__name__


def _essence(message: str) -> str:
    return _CHANGES_BY_ITSELF.sub("#", message)
