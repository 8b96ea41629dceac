"""What an error of the API server means for an environment. Only this module chooses between retry, wait and stop."""

from __future__ import annotations

from typing import Final, assert_never

from controller.apimachinery.errors import (
    ApiError,
    BadRequest,
    Forbidden,
    Invalid,
    NotFound,
    ServerError,
    StatusError,
)
from controller.environment import rights
from controller.environment.decision import Stop, Wait
from controller.environment.effects import (
    AddFinalizer,
    Apply,
    Create,
    Delete,
    Effect,
    Emit,
    GroupVersion,
    Patch,
    Read,
    RemoveFinalizer,
    Replace,
    TakePlace,
    TakeTurn,
    WakeOnChange,
)
from controller.environment.options import EnvironmentOptions

NAMESPACE_TERMINATING: Final = "NamespaceTerminating"
WEBHOOK_SILENT: Final = "WebhookSilent"
# The server ran out of time, so another try may succeed.
_REQUEST_TIMEOUT: Final = 408


def explain(
    effect: Effect, error: ApiError, options: EnvironmentOptions, *, fresh_rights: bool = False
) -> Wait | Stop | None:
    """Return the decision that replaces the one that failed, or None if the effect is simply tried again.

    If retries do not help for some seconds, `persistent_errors` decides what the status shows.

    Args:
        effect: what failed.
        error: how it failed.
        options: for the pause until the next look.
        fresh_rights: whether a RoleBinding of ours is so new that it may not have taken effect.
    """
    subject = _subject(effect)
    again = options.recheck_interval
    if isinstance(effect, Apply) and isinstance(error, NotFound) and error.resource_missing:
        return Wait(
            reason="UnknownKind",
            message=f"The cluster no longer serves {subject}; install its CRD, and this continues by itself.",
            recheck_after=again,
        )
    if isinstance(error, StatusError) and error.definition_terminating:
        missing = "UnknownKind" if isinstance(effect, Apply) else "ReleaseEngineMissing"
        message = f"The CRD of {subject} is being deleted; install it again, and this continues by itself."
        return Wait(reason=missing, message=message, recheck_after=again)
    if isinstance(error, NotFound) and error.resource_missing:
        return Wait(
            reason="ReleaseEngineMissing",
            message=f"The cluster does not serve {subject}; install the release engine with its CRDs, and this "
            "continues by itself.",
            recheck_after=again,
        )
    if isinstance(error, Forbidden) and error.namespace_terminating:
        return Wait(reason=NAMESPACE_TERMINATING, message="The namespace is terminating.", recheck_after=again)
    if isinstance(error, ServerError) and error.silent_webhook:
        # The server's own words name ports and times, so they would change the status each time.
        return Wait(
            reason=WEBHOOK_SILENT,
            message=f"The API server refused {subject}, because admission webhook {error.silent_webhook!r} does not "
            "answer.",
            recheck_after=again,
        )
    if isinstance(error, Forbidden) and fresh_rights:
        return Wait(reason=rights.AWAITING, message=rights.AWAITING_MESSAGE, recheck_after=rights.PAUSE)
    if isinstance(error, Forbidden) and error.by_admission:
        return Stop(
            reason="Forbidden", message=f"The API server refused {subject}: {error.message}", recheck_after=again
        )
    if isinstance(effect, Apply) and isinstance(error, Forbidden):
        message = f"{rights.missing('patch', effect.target)}. The API server said: {error.message}"
        return Stop(reason="Forbidden", message=message, recheck_after=again)
    if isinstance(error, Forbidden):
        return Stop(
            reason="Forbidden", message=f"{error.message} (grant the controller this right)", recheck_after=again
        )
    if isinstance(error, StatusError) and _is_final(error):
        return Stop(
            reason="Rejected", message=f"The API server refused {subject}: {error.message}", recheck_after=again
        )
    return None


def is_expected(decision: Wait | Stop) -> bool:
    """Return whether this ends by itself and needs no warning."""
    return decision.reason in (rights.AWAITING, NAMESPACE_TERMINATING)


def is_refusal(decision: Wait | Stop) -> bool:
    """Return whether the API server refuses the write until a person changes something that has no watch."""
    return isinstance(decision, Stop) or decision.reason == WEBHOOK_SILENT


def _is_final(error: StatusError) -> bool:
    """Return whether the server will never accept this request. Some codes, such as 405 and 413, have no class."""
    if isinstance(error, Invalid | BadRequest):
        return True
    return type(error) is StatusError and 400 <= error.code < 500 and error.code != _REQUEST_TIMEOUT


def _subject(effect: Effect) -> str:
    match effect:
        case Read(subject):
            return str(subject) if isinstance(subject, GroupVersion) else str(subject.resource)
        case WakeOnChange(listing):
            return str(listing.resource)
        case TakePlace():
            return "namespaces"
        case Apply(target, _, source):
            # One of many, so its name and its origin help. The server's words about a Secret, with its name, were
            # removed.
            return f"{target.resource} {target.name!r}{f' ({source})' if source else ''}"
        case Create() | Patch() | Replace() | Delete() | AddFinalizer() | RemoveFinalizer():
            return str(effect.target.resource)
        case Emit() | TakeTurn():
            return "an object"
        case _:
            assert_never(effect)
