"""Refuses roles and bindings that grant rights which the writer does not have.

Source: kubernetes, pkg/registry/rbac/*/policybased/storage.go. What no user asked for (the built-in controllers) is
never refused.
"""

from __future__ import annotations

from ..auth.users import MASTERS, User
from ..errors import StatusError, bare_failure, forbidden, not_found
from ..fielderrors import go_quote
from ..objects import Object, meta, name_of
from ..storage.store import GroupPlural
from .attributes import Attributes
from .authorizer import Authorizer, aggregate
from .escalation import EVERYTHING, described, missing_rights
from .policy import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, GROUP, ROLE_BINDINGS, ROLES, Policy
from .rules import Rule, go_list

# The fields that the garbage collector changes in a terminating object, and those that record who changed it.
_UNGUARDED = ("ownerReferences", "finalizers", "managedFields")


class WriteGuard:
    """Checks one write before it is validated.

    Args:
        authorizer: answers whether the writer has `escalate` or `bind`.
        policy: what is stored now; whose rights are compared.
    """

    def __init__(self, authorizer: Authorizer, policy: Policy) -> None:
        self._authorizer = authorizer
        self._policy = policy

    def check(
        self,
        resource: GroupPlural,
        namespace: str,
        name: str,
        wanted: Object,
        live: Object | None,
        user: User | None,
    ) -> None:
        """Refuse to write `wanted` in place of `live` (None: a new object).

        Args:
            name: the name in the request's URL, "" for a POST.

        Raises:
            StatusError: 403; 404 for a binding of a role that does not exist.
        """
        if resource[0] != GROUP or user is None or MASTERS in user.groups or _same_rights(wanted, live):
            return
        if resource in (ROLES, CLUSTER_ROLES):
            self._check_role(resource, namespace, name, wanted, live, user)
        elif resource in (ROLE_BINDINGS, CLUSTER_ROLE_BINDINGS):
            self._check_binding(resource, namespace, wanted, user)

    def check_create(self, group: str, plural: str, namespace: str, name: str, user: User | None) -> None:
        """Refuse that an apply or update makes an object for somebody who may not create it.

        Raises:
            StatusError: 403.
        """
        if user is not None:
            asked = Attributes(user=user, verb="create", group=group, resource=plural, namespace=namespace, name=name)
            self._authorizer.check(asked)

    def _check_role(
        self, resource: GroupPlural, namespace: str, name: str, wanted: Object, live: Object | None, user: User
    ) -> None:
        plural = resource[1]
        escalate = Attributes(user=user, verb="escalate", group=GROUP, resource=plural, namespace=namespace, name=name)
        if self._authorizer.decide(escalate).allowed:
            return
        rules = [Rule.from_object(rule) for rule in wanted.get("rules") or ()]
        self._confirm(plural, namespace, name_of(wanted), rules, user)
        if _aggregates(wanted) or _aggregates(live or {}):
            held, _ = self._policy.rights(user, namespace)
            if missing_rights(held, EVERYTHING):
                why = "must have cluster-admin privileges to use the aggregationRule"
                raise forbidden(GROUP, plural, name_of(wanted), why)

    def _check_binding(self, resource: GroupPlural, namespace: str, wanted: Object, user: User) -> None:
        reference = wanted.get("roleRef") or {}
        kind, role = reference.get("kind") or "", reference.get("name") or ""
        plural = {"Role": "roles", "ClusterRole": "clusterroles"}.get(kind, "")
        if plural:
            group = reference.get("apiGroup") or ""
            bind = Attributes(user=user, verb="bind", group=group, resource=plural, namespace=namespace, name=role)
            if self._authorizer.decide(bind).allowed:
                return
        rules = self._policy.role(kind, role, namespace)
        if rules is None:
            # The storage names the resource of the request, not the kind that it looked up.
            raise not_found(GROUP, resource[1], role) if plural else _unknown_kind(kind)
        self._confirm(resource[1], namespace, name_of(wanted), list(rules), user)

    def _confirm(self, plural: str, namespace: str, name: str, wanted: list[Rule], user: User) -> None:
        held, unknown = self._policy.rights(user, namespace)
        missing = missing_rights(held, wanted)
        if not missing:
            return
        why = (
            f"user {go_quote(user.name)} (groups={go_list(user.groups)}) is attempting to grant RBAC permissions "
            f"not currently held:\n{described(missing)}"
        )
        if unknown:
            errors = (f"{plural}.{GROUP} {go_quote(role)} not found" for _, role in unknown)
            why += f"; resolution errors: [{aggregate(errors)}]"
        raise forbidden(GROUP, plural, name, why)


def _unknown_kind(kind: str) -> StatusError:
    return bare_failure(f"unsupported role reference kind: {go_quote(kind)}")


def _aggregates(role: Object) -> bool:
    return bool((role.get("aggregationRule") or {}).get("clusterRoleSelectors"))


def _same_rights(wanted: Object, live: Object | None) -> bool:
    return live is not None and _guarded(wanted) == _guarded(live)


def _guarded(obj: Object) -> Object:
    metadata = {key: value for key, value in meta(obj).items() if key not in _UNGUARDED}
    return {**obj, "metadata": metadata}
