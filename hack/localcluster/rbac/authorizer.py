"""Decides about requests: members of system:masters may do everything, all others what their bindings allow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..auth.users import MASTERS, User
from ..fielderrors import go_quote
from .attributes import Attributes, refusal
from .policy import GROUP, Policy
from .rules import Rule


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a request is allowed; `reason` is "" where there is nothing to say."""

    allowed: bool
    reason: str = ""


class Authorizer:
    """Decides by a policy."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def decide(self, asked: Attributes) -> Decision:
        """Whether the request is allowed, and by which binding, or which bound role is missing."""
        if MASTERS in asked.user.groups:
            return Decision(True)
        missing: list[tuple[str, str]] = []
        for namespace in ("", asked.namespace) if asked.namespace else ("",):
            grants = self._policy.grants(asked.user, namespace)
            for grant in grants.given:
                if any(rule.allows(asked) for rule in grant.rules):
                    return Decision(True, f"RBAC: allowed by {grant.source}")
            missing += grants.missing
        return Decision(False, f"RBAC: {_unresolved(missing)}" if missing else "")

    def rules(self, user: User, namespace: str) -> tuple[list[Rule], str]:
        """Return the rules of a user in a namespace, and which bound roles are missing ("" for none)."""
        rules, missing = self._policy.rights(user, namespace)
        return rules, _unresolved(missing)

    def check(self, asked: Attributes) -> None:
        """Refuse what is not allowed.

        Raises:
            StatusError: 403.
        """
        decision = self.decide(asked)
        if not decision.allowed:
            raise refusal(asked, decision.reason)


def _unresolved(missing: list[tuple[str, str]]) -> str:
    """Bound roles that do not exist, in the words of the informers' listers."""
    return aggregate(f"{kind.lower()}.{GROUP} {go_quote(name)} not found" for kind, name in missing)


def aggregate(errors: Iterable[str]) -> str:
    """Errors as an aggregate of them is printed; "" for none."""
    texts = list(dict.fromkeys(errors))
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]" if texts else ""
