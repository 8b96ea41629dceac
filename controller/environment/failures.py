"""What an error of the API server means for an environment: the one place that tells retry, wait and stop apart."""

from __future__ import annotations

from typing import Final

from controller.apimachinery.errors import ApiError, BadRequest, Forbidden, Invalid, NotFound, ServerError
from controller.environment import access
from controller.environment.decision import Stop, Wait
from controller.environment.effects import Apply, Effect, GroupVersion, Listing, Read, WakeOnChange
from controller.environment.options import EnvironmentOptions

# Seconds until a new RoleBinding is usually in force.
_RIGHTS_TAKE: Final = 0.2


def explain(
    effect: Effect, error: ApiError, options: EnvironmentOptions, *, fresh_rights: bool = False
) -> Wait | Stop | None:
    """The decision to show instead of the one that failed, or None for an error that a retry heals unseen.

    `fresh_rights`: whether a RoleBinding of ours may be too young to be in force.
    """
    subject = _subject(effect)
    again = options.recheck_interval
    if isinstance(effect, Apply) and isinstance(error, NotFound) and error.resource_missing:
        return Wait("UnknownKind", f"The cluster does not know {subject} any more.", recheck_after=again)
    if isinstance(error, NotFound) and error.resource_missing:
        return Wait(
            "ReleaseEngineMissing",
            f"The cluster does not know {subject}: install the release engine with its CRDs; this then goes on.",
            recheck_after=again,
        )
    if isinstance(error, Forbidden) and error.namespace_terminating:
        return Wait("NamespaceTerminating", "The namespace is terminating.", recheck_after=again)
    if isinstance(error, ServerError) and error.silent_webhook:
        # Not the server's words: they name ports and times, and would be another message each time.
        return Wait(
            "WebhookSilent",
            f"The API server lets no {subject} in: its admission webhook {error.silent_webhook!r} does not answer.",
            recheck_after=again,
        )
    if isinstance(error, Forbidden) and fresh_rights:
        return Wait("AwaitingRights", "Waiting for our rights in the namespace to be in force.", _RIGHTS_TAKE)
    if isinstance(error, Forbidden) and error.by_admission:
        return Stop("Forbidden", f"The API server refused {subject}: {error.message}", recheck_after=again)
    if isinstance(effect, Apply) and isinstance(error, Forbidden):
        told = f"{access.missing('patch', effect.target)}. The API server said: {error.message}"
        return Stop("Forbidden", told, recheck_after=again)
    if isinstance(error, Forbidden):
        return Stop("Forbidden", f"{error.message} (grant the controller this right)", recheck_after=again)
    if isinstance(error, Invalid | BadRequest):
        return Stop("Rejected", f"The API server refused {subject}: {error.message}", recheck_after=again)
    return None


def _subject(effect: Effect) -> str:
    if isinstance(effect, Read):
        subject = effect.subject
        return str(subject) if isinstance(subject, GroupVersion) else str(subject.resource)
    if isinstance(effect, WakeOnChange):
        return str(effect.listing.resource)
    if isinstance(effect, Apply):
        # One of many, and what the server says about a Secret, its name too, is left out.
        return f"{effect.target.resource} {effect.target.name!r}"
    target = getattr(effect, "target", None)
    return str(target.resource) if target is not None and not isinstance(target, Listing) else "an object"
