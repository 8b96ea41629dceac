"""One rule of a role, and whether it allows a request."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..fielderrors import go_quote
from ..objects import Object
from .attributes import Attributes

ALL = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A `rbac/v1` PolicyRule. The lists keep their order, which refusals show."""

    verbs: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    verb_set: frozenset[str] = field(init=False, repr=False, compare=False)
    resource_set: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "verb_set", frozenset(self.verbs))
        object.__setattr__(self, "resource_set", frozenset(self.resources))

    @classmethod
    def from_object(cls, document: Object) -> Rule:
        """Create a rule from the document of a role."""
        return cls(
            verbs=tuple(document.get("verbs") or ()),
            groups=tuple(document.get("apiGroups") or ()),
            resources=tuple(document.get("resources") or ()),
            names=tuple(document.get("resourceNames") or ()),
            urls=tuple(document.get("nonResourceURLs") or ()),
        )

    def to_object(self) -> Object:
        """Return the rule as a review shows it, without URLs."""
        shown: Object = {"verbs": list(self.verbs), "apiGroups": list(self.groups), "resources": list(self.resources)}
        return {**shown, "resourceNames": list(self.names)} if self.names else shown

    def allows(self, asked: Attributes) -> bool:
        """Whether it covers the request.

        A rule with resourceNames never covers a request that names no object: create and deletecollection, and a list
        or watch unless its field selector picks one name.
        """
        if asked.verb not in self.verb_set and ALL not in self.verb_set:
            return False
        if not asked.is_resource:
            return any(url_matches(url, asked.path) for url in self.urls)
        if asked.group not in self.groups and ALL not in self.groups:
            return False
        if self.names and asked.name not in self.names:
            return False
        return self._matches_resource(asked)

    def _matches_resource(self, asked: Attributes) -> bool:
        found = self.resource_set
        if ALL in found or asked.full_resource in found:
            return True
        return bool(asked.subresource) and f"*/{asked.subresource}" in found

    def __str__(self) -> str:
        """Return the rule as the errors about escalation show it."""
        parts = (
            ("APIGroups", self.groups),
            ("Resources", self.resources),
            ("NonResourceURLs", self.urls),
            ("ResourceNames", self.names),
            ("Verbs", self.verbs),
        )
        return "{" + ", ".join(f"{name}:{go_list(values)}" for name, values in parts if values) + "}"


def url_matches(pattern: str, path: str) -> bool:
    """Whether a nonResourceURL, which may end with `*`, covers a path."""
    if pattern == path:
        return True
    return pattern.endswith("*") and path.startswith(pattern.rstrip("*"))


def go_list(values: tuple[str, ...]) -> str:
    """Strings as Go's %q prints a slice."""
    return "[" + " ".join(go_quote(value) for value in values) + "]"
