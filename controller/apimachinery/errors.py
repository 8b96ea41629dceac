"""The one hierarchy of errors that talking to an API server can end in.

Callers branch on classes, never on numbers or texts. `status_error` maps an answer to its class; the transport in
`controller.client` is the only place that calls it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from controller.apimachinery import objects

# Long enough for any message a person should read, short enough that a proxy's HTML page does not flood a log.
TEXT_LIMIT = 512
# How the API server begins what an admission webhook said. A refusal bears whatever code the webhook chose.
_WEBHOOK_DENIED = re.compile(r'^admission webhook "[^"]+" denied the request')
_WEBHOOK_SILENT = re.compile(r'failed calling webhook "([^"]+)"')
# A cause of a 422 that refuses only the change of a field. What was sent stands in the middle, so the ends count.
_UNCHANGEABLE = re.compile(
    r": (field is immutable|may not change once set|cannot change roleRef)$"
    r"|^Forbidden: (field is immutable when|spec is immutable after creation|updates to statefulset spec for fields)"
)
# A 403 that no right would change.
_ADMISSION = re.compile(
    r"admission webhook \"|ValidatingAdmissionPolicy|exceeded quota|failed quota|violates PodSecurity"
)


class ApiError(Exception):
    """Anything that went wrong between us and the API server."""


class ConfigError(ApiError):
    """The connection's configuration (kubeconfig, service account, flags) cannot be used. Retrying does not help."""


class ConnectionLost(ApiError):
    """No answer: refused, reset, TLS failure, or cut off in the middle. A write may or may not have been done."""


class TlsFailure(ConnectionLost):
    """No TLS connection: one side does not accept the other's certificate, or the server speaks no TLS."""


class RequestTimeout(ConnectionLost):
    """No answer within the time allowed. A write may or may not have been done."""


class MalformedAnswer(ConnectionLost):
    """An answer that is not what the API promises: not JSON, cut off, or of another kind than was asked for."""


class Stopped(ApiError):
    """The process is stopping; the request was not sent, or its answer is no longer waited for."""


class NotLeader(ApiError):
    """A write was refused by our own gate because this process is not the leader now."""


class StatusError(ApiError):
    """The server answered with a failure.

    Attributes:
        code: HTTP status code.
        reason: the Status object's `reason` (`NotFound`, `AlreadyExists`, ...) or "" when the body was no Status.
        message: the server's words, cut to `TEXT_LIMIT`.
        retry_after: seconds from the Retry-After header, or None.
        status: the whole Status object, or {} when the body was none.
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
        """Whether one of the causes carries this reason (`ResourceVersionTooLarge`, `NamespaceTerminating`, ...)."""
        return any(cause.get("reason") == reason for cause in self.causes)

    @property
    def denied_by_webhook(self) -> bool:
        """Whether an admission webhook refused the request, with whichever code."""
        return bool(_WEBHOOK_DENIED.match(self.message))

    @property
    def definition_terminating(self) -> bool:
        """Whether nothing can be created because the CustomResourceDefinition of its kind is being deleted."""
        return "custom resource definition is terminating" in self.message

    @property
    def version_too_large(self) -> bool:
        """Whether the server has not reached the resourceVersion asked for: it lags, or its history went back."""
        return self.has_cause("ResourceVersionTooLarge") or "Too large resource version" in self.message


class BadRequest(StatusError):
    """400."""


class Unauthorized(StatusError):
    """401: the credentials are missing, wrong or expired."""


class Forbidden(StatusError):
    """403: by RBAC, by an admission policy, or because the namespace is terminating."""

    @property
    def namespace_terminating(self) -> bool:
        """Whether new content was refused because its namespace is on its way out."""
        return self.has_cause("NamespaceTerminating") or "because it is being terminated" in self.message

    @property
    def by_admission(self) -> bool:
        """Whether a policy, a webhook or a quota refused it, so that no further right would help."""
        return bool(_ADMISSION.search(self.message))


class NotFound(StatusError):
    """404: no such object, or no such resource (CRD not installed): `resource_missing` distinguishes them."""

    @property
    def resource_missing(self) -> bool:
        """True when the whole resource is unknown to the server: it then answers with plain text, not with a Status."""
        return not self.status


class AlreadyExists(StatusError):
    """409 on create."""


class Conflict(StatusError):
    """409 on update or delete: the object changed, or is not the one we meant."""


class Expired(StatusError):
    """410: that resourceVersion or continue token is no longer in the server's history."""


class Invalid(StatusError):
    """422: refused by the schema, with causes that name the fields."""

    @property
    def unchangeable_fields(self) -> tuple[str, ...]:
        """The fields that cannot be changed in an object that exists, if nothing else was wrong; otherwise ()."""
        if not all(_UNCHANGEABLE.search(str(cause.get("message") or "")) for cause in self.causes):
            return ()
        return tuple(dict.fromkeys(str(cause.get("field") or "?") for cause in self.causes))


class TooManyRequests(StatusError):
    """429."""


class ServerError(StatusError):
    """Any 5xx."""

    @property
    def silent_webhook(self) -> str:
        """Name of the admission webhook that did not answer and without which nothing is let in, or ""."""
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
    """The error for an answer of `code` with `body`: a parsed Status object, or any text.

    A Status inside a watch's ERROR event goes through here too, with its own `code`.
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
    """Whether the whole server may be away: no answer, 5xx or 429, unless only this one request is the reason."""
    if isinstance(error, ServerError):
        return not (error.silent_webhook or error.version_too_large)
    no_answer = isinstance(error, ConnectionLost) and not isinstance(error, MalformedAnswer)
    return no_answer or isinstance(error, TooManyRequests)


def means_server_answers(error: Exception) -> bool:
    """Whether only a healthy server fails a request like this. One that starts says 401, 403, or 404 in plain text."""
    if isinstance(error, NotFound):
        return not error.resource_missing
    return isinstance(error, (BadRequest, AlreadyExists, Conflict, Expired, Invalid))


def without_content(error: StatusError) -> StatusError:
    """The same failure without the server's words, which repeat what was sent: for objects that hold secrets.

    The fields that were blamed are kept, and why.
    """
    causes = [{name: cause[name] for name in ("reason", "field") if name in cause} for cause in error.causes]
    fields = ", ".join(str(cause["field"]) for cause in causes if cause.get("field"))
    message = f"{error.reason or error.code}{f' ({fields})' if fields else ''}; the rest is not repeated here"
    status = {"kind": "Status", "code": error.code, "reason": error.reason, "details": {"causes": causes}}
    return type(error)(
        code=error.code,
        reason=error.reason,
        message=message,
        # Without one a 404 says that the whole resource is unknown.
        status=status if error.status else {},
        retry_after=error.retry_after,
    )
