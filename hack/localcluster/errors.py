"""Failures as the API server words them: a `metav1.Status` and the HTTP code it travels with.

The texts are part of the contract: clients show them to people, and some read them (conflicts, "already exists").
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .fielderrors import FieldError, go_quote, invalid_message


def qualified(group: str, name: str) -> str:
    """Return `name.group`, or `name` for the core group, as messages write resources and kinds."""
    return f"{name}.{group}" if group else name


class StatusError(Exception):
    """An answer that is a failure.

    Args:
        code: HTTP status.
        reason: machine readable `reason`; "" leaves it out.
        message: the sentence.
        details: `details` of the Status; None leaves it out, {} is sent as it is.
    """

    def __init__(self, code: int, reason: str, message: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details

    @property
    def body(self) -> dict[str, Any]:
        """The Status object."""
        body: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            body["reason"] = self.reason
        if self.details is not None:
            body["details"] = self.details
        body["code"] = self.code
        return body


class PlainError(Exception):
    """An error response in plain text instead of a Status, as net/http and the path router send it."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


def _details(group: str, kind: str, name: str = "", **more: Any) -> dict[str, Any]:
    details: dict[str, Any] = {}
    if name:
        details["name"] = name
    if group:
        details["group"] = group
    if kind:
        details["kind"] = kind
    details.update(more)
    return details


def page_not_found() -> PlainError:
    """Return the 404 for a path that is not served."""
    return PlainError(404, "404 page not found\n")


def not_found(group: str, plural: str, name: str) -> StatusError:
    """404 for an object."""
    return StatusError(
        404,
        "NotFound",
        f"{qualified(group, plural)} {go_quote(name)} not found",
        _details(group, plural, name),
    )


def resource_not_found() -> StatusError:
    """404 for a resource that a built-in group does not have."""
    return StatusError(404, "NotFound", "the server could not find the requested resource", {})


def already_exists(group: str, plural: str, name: str) -> StatusError:
    """409 on create."""
    message = f"{qualified(group, plural)} {go_quote(name)} already exists"
    return StatusError(409, "AlreadyExists", message, _details(group, plural, name))


def conflict(group: str, plural_or_kind: str, name: str, why: str) -> StatusError:
    """409 on update or delete."""
    return StatusError(
        409,
        "Conflict",
        f"Operation cannot be fulfilled on {qualified(group, plural_or_kind)} {go_quote(name)}: {why}",
        _details(group, plural_or_kind, name),
    )


def stale(group: str, plural: str, name: str) -> StatusError:
    """409 of optimistic concurrency."""
    return conflict(
        group,
        plural,
        name,
        "the object has been modified; please apply your changes to the latest version and try again",
    )


def bad_request(message: str) -> StatusError:
    """400."""
    return StatusError(400, "BadRequest", message)


def invalid(group: str, kind: str, name: str, errors: Iterable[FieldError]) -> StatusError:
    """422 with a cause for each error; the sentence names each distinct error once."""
    errors = list(errors)
    return StatusError(
        422,
        "Invalid",
        invalid_message(qualified(group, kind), name, errors),
        _details(group, kind, name, causes=[error.cause for error in errors]),
    )


def invalid_options(kind: str, errors: Iterable[FieldError]) -> StatusError:
    """422 for query parameters or DeleteOptions."""
    return invalid("meta.k8s.io", kind, "", errors)


def forbidden(group: str, plural: str, name: str, why: str, causes: list[dict[str, str]] | None = None) -> StatusError:
    """403."""
    subject = qualified(group, plural) + (f" {go_quote(name)}" if name else "")
    details = _details(group, plural, name)
    if causes:
        details["causes"] = causes
    return StatusError(403, "Forbidden", f"{subject} is forbidden: {why}", details)


def unauthorized() -> StatusError:
    """401."""
    return StatusError(401, "Unauthorized", "Unauthorized")


def method_not_supported(group: str, plural: str, action: str) -> StatusError:
    """405 by a resource that lacks the verb."""
    return StatusError(
        405,
        "MethodNotAllowed",
        f"{action} is not supported on resources of kind {go_quote(qualified(group, plural))}",
        _details(group, plural),
    )


def method_not_allowed() -> StatusError:
    """405 by the router of the built-in groups."""
    message = "the server does not allow this method on the requested resource"
    return StatusError(405, "MethodNotAllowed", message, {})


def unsupported_media_type(accepted: Iterable[str]) -> StatusError:
    """415."""
    text = f"the body of the request was in an unknown format - accepted media types include: {', '.join(accepted)}"
    return StatusError(415, "UnsupportedMediaType", text)


def not_acceptable(accepted: Iterable[str]) -> StatusError:
    """406."""
    text = f"only the following media types are accepted: {', '.join(accepted)}"
    return StatusError(406, "NotAcceptable", text)


def expired(message: str) -> StatusError:
    """410: the version asked for has left the history."""
    return StatusError(410, "Expired", message)


def too_large_version(asked: int, current: int) -> StatusError:
    """504: a version that does not exist yet."""
    cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    return StatusError(
        504,
        "Timeout",
        f"Timeout: Too large resource version: {asked}, current: {current}",
        {"causes": [cause], "retryAfterSeconds": 1},
    )


def storage_initializing() -> StatusError:
    """429 for a list or watch of a new resource, whose watch cache is not filled yet."""
    return StatusError(429, "TooManyRequests", "storage is (re)initializing", {"retryAfterSeconds": 1})


def starting() -> StatusError:
    """Return the 503 of a path that the server may serve once it has started."""
    text = "the request has been made before all known HTTP paths have been installed, please try again"
    return StatusError(503, "ServiceUnavailable", text, {"retryAfterSeconds": 5})


def internal(message: str) -> StatusError:
    """500 with a reason, wrapped as the server wraps its own faults."""
    details = {"causes": [{"message": message}]}
    return StatusError(500, "InternalError", f"Internal error occurred: {message}", details)


def bare_failure(message: str) -> StatusError:
    """Return a 500 without a reason, as for errors that the server does not expect."""
    return StatusError(500, "", message)
