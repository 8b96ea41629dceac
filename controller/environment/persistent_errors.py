"""When the status shows an error that lasts although the controller tries again, and in which words.

The text must stay the same from one retry to the next, or each retry would write the status, and then wait until the
cache has that write. A text that differs only in ports, times or identifiers counts as the same, and the recorded one
is kept. If requests fail in different ways, the first that is shown stays for a while.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, assert_never

from controller.apimachinery import conditions
from controller.apimachinery.errors import (
    ApiError,
    ConnectionLost,
    MalformedAnswer,
    RequestTimeout,
    StatusError,
    without_content,
)
from controller.apimachinery.resources import SECRETS, Resource
from controller.environment.decision import Wait
from controller.environment.effects import (
    AddFinalizer,
    Apply,
    Create,
    Delete,
    Effect,
    Emit,
    GroupVersion,
    Listing,
    Patch,
    Question,
    Read,
    RemoveFinalizer,
    Replace,
    TakePlace,
    TakeTurn,
    Target,
    WakeOnChange,
)
from controller.environment.timers import Timers

# Runs from the first of several failures in a row to the next success.
_TIMER: Final = "error"
# Seconds. A restart of the API server, an election in its storage or a full queue take less. A person who waits for an
# environment begins to wonder after about that time.
_PATIENCE: Final = 5.0
# Seconds for which an error that is shown stays, although requests fail in another way since then.
_SHOWN: Final = 30.0
# The reason while a request to the API server fails repeatedly.
RETRYING: Final = "RetryingAfterError"
# The reason while our own code fails or does not end in time.
INTERNAL: Final = "InternalError"
REASONS: Final = frozenset({RETRYING, INTERNAL})

_AGAIN: Final = "This is tried again."
_WORDS_LIMIT: Final = 300
_CHANGES_BY_ITSELF: Final = re.compile(r"\S*\d\S*")


def is_due(timers: Timers, key: str, generation: int, *, too_late: bool = False) -> bool:
    """Return whether the status should show the error of a reconcile that failed just now.

    Args:
        timers: those of the keys; all of `key` end with its next success.
        key: what was reconciled.
        generation: its generation. An error of an older one does not stand in the way.
        too_late: whether the time for the whole reconcile was over, which is shown at once.
    """
    timers.start(key, (_TIMER,))
    ages = timers.ages(key)
    lasts = too_late or ages[_TIMER] >= _PATIENCE
    return lasts and ages.get(_shown_timer(generation), math.inf) >= _SHOWN


def record_shown(timers: Timers, key: str, generation: int) -> None:
    """Record that the status shows an error now. The arguments are those of `is_due`."""
    timers.restart(key, _shown_timer(generation))


def explain(
    error: Exception, effect: Effect | None, *, too_late: bool = False, standing: Iterable[Mapping[str, Any]] = ()
) -> Wait:
    """Return what the status shows about an error that lasts.

    Args:
        error: what was raised.
        effect: what was being done, or None if that is not known.
        too_late: whether the time for the whole reconcile was over.
        standing: the recorded conditions.
    """
    if too_late:
        message = f"The reconcile took longer than --reconcile-timeout; the controller's log says where. {_AGAIN}"
        return Wait(reason=INTERNAL, message=steady(INTERNAL, message, standing))
    if not isinstance(error, ApiError):
        # The text of the error and its place in the code can contain values of the object.
        message = f"The controller failed with {type(error).__name__}; its log says where. {_AGAIN}"
        return Wait(reason=INTERNAL, message=steady(INTERNAL, message, standing))
    return waiting(failing(error, effect), standing=standing)


def waiting(sentences: str, *, standing: Iterable[Mapping[str, Any]]) -> Wait:
    """Return what the status shows about requests that fail repeatedly; `sentences` are those of `failing`."""
    return Wait(reason=RETRYING, message=steady(RETRYING, f"{sentences} {_AGAIN}", standing))


def failing(error: ApiError, effect: Effect | None) -> str:
    """Return a sentence: what fails, on which object, and what the API server says about it."""
    doing, secret = _doing(effect)
    return f"{doing} fails: {_words(without_content(error) if secret and isinstance(error, StatusError) else error)}."


def steady(reason: str, message: str, standing: Iterable[Mapping[str, Any]]) -> str:
    """Return the message, or the recorded one if both say the same."""
    known = conditions.find(standing, "Reconciling") or {}
    before = str(known.get("message") or "")
    same = known.get("reason") == reason and _essence(before) == _essence(message)
    return before if same else message


def _shown_timer(generation: int) -> str:
    return f"error shown:{generation}"


def _doing(effect: Effect | None) -> tuple[str, bool]:
    """Return what was being done, and whether it was done to a Secret."""
    match effect:
        case None | Emit() | TakeTurn():
            return "Writing the status", False
        case Read(subject):
            return _reading(subject)
        case TakePlace():
            return "Counting the environments", False
        case WakeOnChange(listing):
            return f"Watching {_place(listing)}", _is_secret(listing.resource)
        case Create(target):
            doing = "Creating"
        case Patch(target):
            doing = "Changing"
        case Apply(target):
            doing = "Applying"
        case Replace(Delete(target)):
            doing = "Replacing"
        case Delete(target):
            doing = "Deleting"
        case AddFinalizer(target) | RemoveFinalizer(target):
            doing = "Changing the finalizers of"
        case _:
            assert_never(effect)
    return f"{doing} {target}", _is_secret(target.resource)


def _reading(subject: Question) -> tuple[str, bool]:
    match subject:
        case Target():
            return f"Reading {subject}", _is_secret(subject.resource)
        case Listing():
            return f"Listing {_place(subject)}", _is_secret(subject.resource)
        case GroupVersion():
            return f"Looking up the resources of {subject}", False
        case _:
            assert_never(subject)


def _place(listing: Listing) -> str:
    return f"{listing.resource} in namespace {listing.namespace}"


def _is_secret(resource: Resource) -> bool:
    return resource.group_resource == SECRETS.group_resource


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
