"""The errors that a request to the API server can raise.

Callers distinguish them by class, never by number or text. `status_error` maps an answer to its class.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from controller.apimachinery import objects

# Long enough for any message for people, and short enough that the HTML page of a proxy does not flood the log.
TEXT_LIMIT = 512
# How the API server begins the message of an admission webhook. The status code is the webhook's choice.
_WEBHOOK_DENIED = re.compile(r'^admission webhook "[^"]+" denied the request')
_WEBHOOK_SILENT = re.compile(r'failed calling webhook "([^"]+)"')
# A cause of a 422 that refuses only the change of a field. The submitted value is in the middle of the text, so only
# the beginning and the end are compared.
_UNCHANGEABLE = re.compile(
    r": (field is immutable|may not change once set|cannot change roleRef)$"
    r"|^Forbidden: (field is immutable when|spec is immutable after creation|updates to statefulset spec for fields)"
)
# A 403 that further permissions would not change.
_ADMISSION = re.compile(
    r"admission webhook \"|ValidatingAdmissionPolicy|exceeded quota|failed quota|violates PodSecurity"
)


class ApiError(Exception):
    """Base class: a request to the API server failed."""


class ConfigError(ApiError):
    """The configuration of the connection (kubeconfig, service account, flags) is invalid. A retry does not help."""


class ConnectionLost(ApiError):
    """There was no complete answer: refused, reset, TLS failure, or cut off. A write may or may not have happened."""


class TlsFailure(ConnectionLost):
    """There is no TLS connection: one side refuses the other's certificate, or the server does not use TLS."""


class RequestTimeout(ConnectionLost):
    """There was no answer in time. A write may or may not have happened."""


class MalformedAnswer(ConnectionLost):
    """The answer violates the API: it is not JSON, is cut off, or has an unexpected kind."""


class Stopped(ApiError):
    """The process is stopping. The request was not sent, or its answer is not awaited any more."""


class NotLeader(ApiError):
    """A write was not sent, because this process is not the leader now."""


class StatusError(ApiError):
    """The server answered with an error.

    Attributes:
        code: HTTP status code.
        reason: the Status object's `reason` (`NotFound`, `AlreadyExists`, ...), or "" if the body was not a Status.
        message: the server's message, cut to `TEXT_LIMIT`.
        retry_after: seconds from the Retry-After header, or None.
        status: the whole Status object, or {} if the body was not a Status.
    """

    def __init__(
        self, *, code: int, reason: str, message: str, status: Mapping[str, Any], retry_after: float | None = None
    ) -> None:
        self.code = code
        self.reason = reason
        self.message = message
        self.status = status
        self.retry_after = retry_after
        super().__init__(f"{code} {reason}: {message}" if reason else f"{code}: {message}")

    @property
    def causes(self) -> tuple[Mapping[str, Any], ...]:
        """`details.causes` of the Status."""
        return objects.mappings(objects.mapping(self.status.get("details")).get("causes"))

    def has_cause(self, reason: str) -> bool:
        """Whether one of the causes has this reason (`ResourceVersionTooLarge`, `NamespaceTerminating`, ...)."""
        return any(cause.get("reason") == reason for cause in self.causes)

    @property
    def denied_by_webhook(self) -> bool:
        """Whether an admission webhook refused the request, with any status code."""
        return bool(_WEBHOOK_DENIED.match(self.message))

    @property
    def definition_terminating(self) -> bool:
        """Whether the object cannot be created because the CustomResourceDefinition of its kind is being deleted."""
        return "custom resource definition is terminating" in self.message

    @property
    def version_too_large(self) -> bool:
        """Whether the server has not reached the requested resourceVersion: it lags, or was restored from a backup."""
        return self.has_cause("ResourceVersionTooLarge") or "Too large resource version" in self.message


class BadRequest(StatusError):
    """400."""


class Unauthorized(StatusError):
    """401: the credentials are missing, wrong or expired."""


class Forbidden(StatusError):
    """403: refused by RBAC, by an admission policy, or because the namespace is terminating."""

    @property
    def namespace_terminating(self) -> bool:
        """Whether the object was refused because its namespace is being deleted."""
        return self.has_cause("NamespaceTerminating") or "because it is being terminated" in self.message

    @property
    def by_admission(self) -> bool:
        """Whether a policy, a webhook or a quota refused the request, so that further permissions would not help."""
        return bool(_ADMISSION.search(self.message))


class NotFound(StatusError):
    """404: the object or the whole resource (CRD not installed) does not exist; see `resource_missing`."""

    @property
    def resource_missing(self) -> bool:
        """Whether the server does not serve the resource. It then answers with plain text instead of a Status."""
        return not self.status


class AlreadyExists(StatusError):
    """409 on create."""


class Conflict(StatusError):
    """409 on update or delete: the object has changed, or it is a new object of the same name."""


class Expired(StatusError):
    """410: the server's history does not contain that resourceVersion or continue token any more."""


class Invalid(StatusError):
    """422: the object is invalid; the causes name the fields."""

    @property
    def unchangeable_fields(self) -> tuple[str, ...]:
        """Return the fields that cannot be changed in an existing object, or () if anything else was wrong too."""
        if not all(_UNCHANGEABLE.search(str(cause.get("message") or "")) for cause in self.causes):
            return ()
        return tuple(dict.fromkeys(str(cause.get("field") or "?") for cause in self.causes))


class TooManyRequests(StatusError):
    """429."""


class ServerError(StatusError):
    """Any 5xx."""

    @property
    def silent_webhook(self) -> str:
        """Return the name of the admission webhook that did not answer and therefore blocks the request, or ""."""
        found = _WEBHOOK_SILENT.search(self.message)
        return found[1] if found else ""


_BY_CODE: dict[int, type[StatusError]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Expired,
    422: Invalid,
    429: TooManyRequests,
}


def status_error(code: int, body: Any, *, retry_after: float | None = None) -> StatusError:
    """Return the error for an answer with status `code` and `body`: a parsed Status object, or any text.

    Also used for the Status in the ERROR event of a watch, with the `code` in it.
    """
    status: Mapping[str, Any] = body if isinstance(body, Mapping) and body.get("kind") == "Status" else {}
    text = str(status.get("message") or "") if status else str(body or "").strip()
    reason = str(status.get("reason") or "")
    if code == 409 and reason == "AlreadyExists":
        cls: type[StatusError] = AlreadyExists
    elif reason in ("Expired", "Gone"):
        cls = Expired
    else:
        cls = _BY_CODE.get(code, ServerError if code >= 500 else StatusError)
    return cls(code=code, reason=reason, message=text[:TEXT_LIMIT], status=status, retry_after=retry_after)


def means_server_away(error: Exception) -> bool:
    """Whether the whole server may be unavailable: no answer, 5xx or 429, unless only this request is the cause."""
    if isinstance(error, ServerError):
        return not (error.silent_webhook or error.version_too_large)
    no_answer = isinstance(error, ConnectionLost) and not isinstance(error, MalformedAnswer)
    return no_answer or isinstance(error, TooManyRequests)


def means_server_answers(error: Exception) -> bool:
    """Whether this error shows that the server is healthy. A starting server sends 401, 403, or a plain-text 404."""
    if isinstance(error, NotFound):
        return not error.resource_missing
    return isinstance(error, (BadRequest, AlreadyExists, Conflict, Expired, Invalid))


def without_content(error: StatusError) -> StatusError:
    """Return the same error without the server's message, which may repeat the content of a Secret.

    The names of the invalid fields and the reasons are kept.
    """
    causes = [{name: cause[name] for name in ("reason", "field") if name in cause} for cause in error.causes]
    fields = ", ".join(str(cause["field"]) for cause in causes if cause.get("field"))
    message = f"{error.reason or error.code}{f' ({fields})' if fields else ''}; details withheld (may contain secrets)"
    status = {"kind": "Status", "code": error.code, "reason": error.reason, "details": {"causes": causes}}
    return type(error)(
        code=error.code,
        reason=error.reason,
        message=message,
        # A 404 without a Status would mean that the server does not serve the resource.
        status=status if error.status else {},
        retry_after=error.retry_after,
    )
