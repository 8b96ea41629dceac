"""Finds the resource, the object and the verb of a URL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from ..auth import User
from ..errors import method_not_allowed, method_not_supported, page_not_found, resource_not_found
from ..registry.catalog import Catalog
from ..registry.resource import ResourceType

_OBJECT_VERBS = {"GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_COLLECTION_VERBS = {"GET": "list", "POST": "create", "DELETE": "deletecollection"}
_NAMESPACE_SUBRESOURCES = ("status", "finalize")
_CREATED_SUBRESOURCES = ("token",)
# The router of custom resources treats these as requests for a collection, and their handlers then lack a name.
_NAMED_ONLY = ("PUT", "PATCH")


@dataclass(frozen=True, slots=True)
class Target:
    """A request for a resource by a user, resolved."""

    resource: ResourceType
    verb: str
    namespace: str
    name: str
    subresource: str
    user: User


def resolve(catalog: Catalog, user: User, method: str, path: str, query: Mapping[str, str]) -> Target | None:
    """Return the resource request for a path, or None for any other path (`/version`, discovery, ...).

    Raises:
        StatusError, PlainError: 404 and 405 in the words of the router that would answer.
    """
    parts = [unquote(part) for part in path.split("/") if part]
    if len(parts) >= 3 and parts[0] == "api":
        group, version, rest = "", parts[1], parts[2:]
    elif len(parts) >= 4 and parts[0] == "apis":
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return None
    watch = rest[0] == "watch" and len(rest) > 1
    if watch:
        rest = rest[1:]
    namespace, rest = _namespace(group, rest)
    plural, name = rest[0], rest[1] if len(rest) > 1 else ""
    subresource = "/".join(rest[2:])
    builtin = catalog.is_builtin_group(group, version)
    resource = catalog.find(group, version, plural)
    missing = resource_not_found() if builtin else page_not_found()
    if resource is None or (namespace and not resource.namespaced):
        raise missing
    if subresource and subresource not in resource.subresources:
        raise missing
    if resource.namespaced and not namespace and (name or method != "GET"):
        raise missing if name or resource.custom else method_not_allowed()
    created, custom = subresource in _CREATED_SUBRESOURCES, resource.custom
    verb = _verb(method, query, named=bool(name), watch=watch, created=created, custom=custom)
    if verb not in (_subresource_verbs(subresource) if subresource else resource.verbs):
        if resource.custom:
            raise method_not_supported(group, plural, (verb or method).lower())
        raise method_not_allowed()
    return Target(resource, verb, namespace, name, subresource, user)


def _namespace(group: str, rest: list[str]) -> tuple[str, list[str]]:
    if rest[0] != "namespaces" or len(rest) < 3:
        return "", rest
    if not group and len(rest) == 3 and rest[2] in _NAMESPACE_SUBRESOURCES:
        return "", rest
    return rest[1], rest[2:]


def _subresource_verbs(subresource: str) -> tuple[str, ...]:
    return ("create",) if subresource in _CREATED_SUBRESOURCES else ("get", "update", "patch")


def _verb(method: str, query: Mapping[str, str], *, named: bool, watch: bool, created: bool, custom: bool) -> str:
    if method == "GET" and (watch or query.get("watch") in ("1", "true")):
        return "watch"
    if method == "POST" and (created or custom):
        return "create"
    if custom and not named and method in _NAMED_ONLY:
        return _OBJECT_VERBS[method]
    return (_OBJECT_VERBS if named else _COLLECTION_VERBS).get(method, "")
