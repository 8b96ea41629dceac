"""The facts of a request that authorization looks at, and the message of its refusal."""

from __future__ import annotations

from dataclasses import dataclass

from ..auth.users import User
from ..errors import StatusError, forbidden
from ..fielderrors import go_quote

# The server keeps its refusals from looking like HTML.
_SANITIZED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """One request, as authorization sees it.

    Attributes:
        verb: the RBAC verb of a resource request; for other paths the HTTP method in lower case.
        resource: the plural; "" for a non-resource path.
        namespace: "" at the cluster scope. A namespace itself counts as being in it.
        path: the URL's path, for a non-resource request.
        is_resource: whether the request is about a resource.
    """

    user: User
    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""
    is_resource: bool = True

    @property
    def full_resource(self) -> str:
        """`pods` or `pods/log`."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


def refusal(attributes: Attributes, reason: str = "") -> StatusError:
    """403 in the server's words; `reason` is what the authorizer has to say beyond its decision."""
    text = _sentence(attributes).translate(_SANITIZED) + (f": {reason}" if reason else "")
    if not attributes.resource:
        return StatusError(403, "Forbidden", f"forbidden: {text}", {})
    return forbidden(attributes.group, attributes.resource, attributes.name, text)


def _sentence(attributes: Attributes) -> str:
    start = f"User {go_quote(attributes.user.name)} cannot {attributes.verb}"
    if not attributes.is_resource:
        return f"{start} path {go_quote(attributes.path)}"
    where = f"in the namespace {go_quote(attributes.namespace)}" if attributes.namespace else "at the cluster scope"
    what = f"resource {go_quote(attributes.full_resource)} in API group {go_quote(attributes.group)}"
    return f"{start} {what} {where}"
