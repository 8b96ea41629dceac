"""All roles and bindings, indexed by subject, so that a decision looks only at the bindings of the caller."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..auth.users import User, service_account_name
from ..fielderrors import go_quote
from ..objects import Object, name_of, namespace_of
from ..storage.changes import Change
from ..storage.store import GroupPlural, Store
from .rules import Rule

GROUP = "rbac.authorization.k8s.io"
ROLES, CLUSTER_ROLES = (GROUP, "roles"), (GROUP, "clusterroles")
ROLE_BINDINGS, CLUSTER_ROLE_BINDINGS = (GROUP, "rolebindings"), (GROUP, "clusterrolebindings")
KINDS = (ROLES, CLUSTER_ROLES, ROLE_BINDINGS, CLUSTER_ROLE_BINDINGS)


@dataclass(frozen=True, slots=True)
class Grant:
    """The rules that one binding gives to a subject; `source` names the binding as audit and reviews show it."""

    source: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Grants:
    """The rights of a subject in one namespace or at the cluster scope, and its bindings to missing roles."""

    given: tuple[Grant, ...]
    missing: tuple[tuple[str, str], ...]

    def rules(self) -> Iterator[Rule]:
        """All rules in order."""
        for grant in self.given:
            yield from grant.rules


@dataclass(frozen=True, slots=True)
class _Bound:
    """One subject of one binding; `position` is the subject's place in it."""

    binding: str
    position: int
    role_kind: str
    role_name: str
    source: str


class _Bindings:
    """The bindings of one namespace, or those of the cluster, by subject."""

    def __init__(self) -> None:
        self._subjects: dict[str, dict[tuple[str, int], _Bound]] = {}

    def put(self, binding: Object) -> None:
        """Take a binding in."""
        for key, bound in _bound(binding):
            self._subjects.setdefault(key, {})[(bound.binding, bound.position)] = bound

    def remove(self, binding: Object) -> None:
        """Take it out again."""
        for key, bound in _bound(binding):
            found = self._subjects.get(key, {})
            found.pop((bound.binding, bound.position), None)
            if not found:
                self._subjects.pop(key, None)

    def of(self, user: User) -> list[_Bound]:
        """Return the bindings of the user, ordered by name, each once with the first subject that applies."""
        keys = [_user_key(user.name), *(_group_key(group) for group in user.groups)]
        places = sorted({place for key in keys for place in self._subjects.get(key, ())})
        found: dict[str, _Bound] = {}
        for place in places:
            for key in keys:
                bound = self._subjects.get(key, {}).get(place)
                if bound is not None:
                    found.setdefault(bound.binding, bound)
        return list(found.values())


class Policy:
    """The current roles and bindings. Pass every change to `apply`; answers are cached until a change affects them."""

    def __init__(self) -> None:
        self._roles: dict[tuple[str, str, str], tuple[Rule, ...]] = {}
        self._bindings: dict[str, _Bindings] = {"": _Bindings()}
        self._grants: dict[str, dict[tuple[str, tuple[str, ...]], Grants]] = {}

    def load(self, store: Store) -> None:
        """Take in everything a store has."""
        for resource in KINDS:
            for obj in store.items(resource):
                self._put(resource, obj)
        self._grants.clear()

    def apply(self, resource: GroupPlural, change: Change) -> None:
        """Follow one change of a role or binding."""
        if change.old is not None:
            self._remove(resource, change.old)
        if change.kind != "DELETED":
            self._put(resource, change.obj)
        if resource == ROLE_BINDINGS:
            self._grants.pop(namespace_of(change.obj), None)
        else:
            self._grants.clear()

    def _put(self, resource: GroupPlural, obj: Object) -> None:
        if resource in (ROLES, CLUSTER_ROLES):
            self._roles[_role_key(obj)] = tuple(Rule.from_object(rule) for rule in obj.get("rules") or ())
        else:
            self._bindings.setdefault(namespace_of(obj), _Bindings()).put(obj)

    def _remove(self, resource: GroupPlural, obj: Object) -> None:
        if resource in (ROLES, CLUSTER_ROLES):
            self._roles.pop(_role_key(obj), None)
        else:
            self._bindings[namespace_of(obj)].remove(obj)

    def role(self, kind: str, name: str, namespace: str) -> tuple[Rule, ...] | None:
        """Return the rules of a Role (in the namespace) or ClusterRole, or None if it does not exist."""
        return self._roles.get((kind, namespace if kind == "Role" else "", name))

    def grants(self, user: User, namespace: str) -> Grants:
        """Return what the bindings of a namespace, or of the cluster (""), grant to a user."""
        known = self._grants.setdefault(namespace, {})
        key = (user.name, user.groups)
        found = known.get(key)
        if found is None:
            found = known[key] = self._resolve(user, namespace)
        return found

    def _resolve(self, user: User, namespace: str) -> Grants:
        given, missing = [], []
        bindings = self._bindings.get(namespace)
        for bound in bindings.of(user) if bindings else ():
            rules = self.role(bound.role_kind, bound.role_name, namespace)
            if rules is None:
                missing.append((bound.role_kind, bound.role_name))
            else:
                given.append(Grant(bound.source, rules))
        return Grants(tuple(given), tuple(missing))

    def rights(self, user: User, namespace: str) -> tuple[list[Rule], list[tuple[str, str]]]:
        """All rules a user has in a namespace ("" for the cluster scope), and the roles that are bound and missing."""
        scopes = ("", namespace) if namespace else ("",)
        grants = [self.grants(user, scope) for scope in scopes]
        rules = [rule for one in grants for rule in one.rules()]
        return rules, [missing for one in grants for missing in one.missing]


def _role_key(role: Object) -> tuple[str, str, str]:
    namespace = namespace_of(role)
    return ("Role" if namespace else "ClusterRole", namespace, name_of(role))


def _bound(binding: Object) -> Iterator[tuple[str, _Bound]]:
    name, namespace, reference = name_of(binding), namespace_of(binding), binding.get("roleRef") or {}
    kind, role = reference.get("kind") or "", reference.get("name") or ""
    shown = f'RoleBinding "{name}/{namespace}"' if namespace else f'ClusterRoleBinding "{name}"'
    for position, subject in enumerate(binding.get("subjects") or ()):
        key, who = _subject(subject, namespace)
        if key:
            yield key, _Bound(name, position, kind, role, f"{shown} of {kind} {go_quote(role)} to {who}")


def _subject(subject: Object, namespace: str) -> tuple[str, str]:
    """Return the key of a subject ("" if it matches no user), and its description in messages."""
    name = subject.get("name") or ""
    if subject.get("kind") == "ServiceAccount":
        home = subject.get("namespace") or namespace
        key = _user_key(service_account_name(home, name)) if home else ""
        return key, f"ServiceAccount {go_quote(f'{name}/{home}')}"
    if subject.get("kind") == "Group":
        return _group_key(name), f"Group {go_quote(name)}"
    return _user_key(name), f"User {go_quote(name)}"


def _user_key(name: str) -> str:
    return f"User:{name}"


def _group_key(name: str) -> str:
    return f"Group:{name}"
