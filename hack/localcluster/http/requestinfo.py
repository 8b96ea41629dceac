"""Reads the facts that authorization needs from method, path and query, before anything is looked up.

A request for a resource that does not exist is therefore refused like any other. Source: k8s.io/apiserver,
pkg/endpoints/request/requestinfo.go.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..auth import User
from ..rbac.attributes import Attributes
from ..validation.names import path_segment

_VERBS = {"POST": "create", "GET": "get", "HEAD": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_PREFIX_VERBS = ("proxy", "watch")
_NAMESPACE_SUBRESOURCES = ("finalize", "status")


def attributes_of(user: User, method: str, path: str, query: Mapping[str, str]) -> Attributes:
    """The request as authorization sees it; `path` is decoded."""
    parts = path.strip("/").split("/")
    other = Attributes(user=user, verb=method.lower(), path=path, is_resource=False)
    grouped = parts[0] == "apis"
    if parts[0] not in ("api", "apis") or len(parts) < (4 if grouped else 3):
        return other
    group, rest = (parts[1], parts[3:]) if grouped else ("", parts[2:])
    verb = _VERBS.get(method, "")
    if rest[0] in _PREFIX_VERBS:
        if len(rest) < 2:
            return other
        verb, rest = rest[0], rest[1:]
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 1:
        namespace = rest[1]
        if len(rest) > 2 and rest[2] not in _NAMESPACE_SUBRESOURCES:
            rest = rest[2:]
    name = rest[1] if len(rest) > 1 else ""
    if not name and verb == "get":
        verb, name = "watch" if _watches(query) else "list", _selected_name(query.get("fieldSelector", ""))
    elif not name and verb == "delete":
        verb = "deletecollection"
    return Attributes(
        user=user,
        verb=verb,
        group=group,
        resource=rest[0],
        subresource=rest[2] if len(rest) > 2 else "",
        namespace=namespace,
        name=name,
    )


def _watches(query: Mapping[str, str]) -> bool:
    return query.get("watch", "false").lower() not in ("false", "0")


def _selected_name(selector: str) -> str:
    """The one name that a field selector demands, "" if it demands none."""
    for term in selector.split(","):
        key, _, value = term.partition("=")
        name = value.removeprefix("=")
        if key == "metadata.name" and name and not path_segment(name):
            return name
    return ""
