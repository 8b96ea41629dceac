"""Fills Secrets of type kubernetes.io/service-account-token, and deletes them together with their service account.

Source: kubernetes, pkg/controller/serviceaccount/tokens_controller.go.
"""

from __future__ import annotations

import base64

from ..auth import Credentials
from ..auth.tokens import secret_claims
from ..objects import Object, name_of, namespace_of, uid_of
from ..registry.context import DeleteOptions
from ..registry.registry import Registry
from ..storage.changes import Change
from ..storage.store import GroupPlural
from .writing import rewrite

_TYPE = "kubernetes.io/service-account-token"
_NAME, _UID = "kubernetes.io/service-account.name", "kubernetes.io/service-account.uid"
_SECRETS, _ACCOUNTS = ("", "secrets"), ("", "serviceaccounts")


class TokenController:
    """Keeps the token Secrets of service accounts."""

    def __init__(self, registry: Registry, credentials: Credentials) -> None:
        self._registry = registry
        self._credentials = credentials

    def react(self, resource: GroupPlural, change: Change) -> None:
        """Handle one change."""
        if resource == _ACCOUNTS and change.kind == "DELETED":
            for secret in self._registry.store.items(_SECRETS, namespace_of(change.obj)):
                if _account_of(secret) == name_of(change.obj):
                    self._settle(secret)
        elif resource == _SECRETS and change.kind != "DELETED" and _account_of(change.obj):
            self._settle(change.obj)

    def _settle(self, secret: Object) -> None:
        """Fill a token Secret, or delete it when its account is gone or is another one by now."""
        namespace, name = namespace_of(secret), name_of(secret)
        live = self._registry.store.get(_SECRETS, namespace, name)
        if live is None or uid_of(live) != uid_of(secret):
            return
        account = self._registry.store.get(_ACCOUNTS, namespace, _account_of(live))
        meant = (live["metadata"].get("annotations") or {}).get(_UID)
        resource = self._registry.catalog.of_storage(_SECRETS)
        if account is None or meant not in (None, "", uid_of(account)):
            self._registry.delete(resource, namespace, name, DeleteOptions(uid=uid_of(live)))
        elif not (live.get("data") or {}).get("token"):
            rewrite(self._registry, resource, namespace, name, lambda wanted: self._fill(wanted, account))

    def _fill(self, secret: Object, account: Object) -> None:
        namespace = namespace_of(secret)
        claims = secret_claims(namespace=namespace, name=name_of(account), uid=uid_of(account), secret=name_of(secret))
        content = {
            "ca.crt": self._credentials.authority,
            "namespace": namespace,
            "token": self._credentials.signer.sign(claims),
        }
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in content.items()}
        secret["data"] = {**(secret.get("data") or {}), **encoded}
        secret["metadata"].setdefault("annotations", {})[_UID] = uid_of(account)


def _account_of(secret: Object) -> str:
    """Return the service account whose token a Secret holds, or "" for other Secrets."""
    if secret.get("type") != _TYPE:
        return ""
    return (secret["metadata"].get("annotations") or {}).get(_NAME) or ""
