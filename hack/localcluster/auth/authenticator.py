"""Finds the user of a request from its Authorization header."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from ..errors import unauthorized
from ..objects import uid_of
from ..storage.store import GroupPlural, Store
from .credentials import Credentials
from .tokens import AUDIENCE, LEGACY_ISSUER, Claims
from .users import ADMIN, ANONYMOUS, AUTHENTICATED, CREDENTIAL_ID, User, service_account_groups, service_account_name

_ACCOUNTS: GroupPlural = ("", "serviceaccounts")
_SECRETS: GroupPlural = ("", "secrets")
# Objects that a token can be bound to; it dies with them.
_BOUND: Mapping[str, GroupPlural] = {"pod": ("", "pods"), "secret": _SECRETS}
_LEGACY = "kubernetes.io/serviceaccount"


class Authenticator:
    """Knows the tokens of this cluster.

    Args:
        store: where service accounts live; a token is good only while its account does.
    """

    def __init__(self, credentials: Credentials, store: Store) -> None:
        self._credentials = credentials
        self._store = store

    def authenticate(self, headers: Mapping[str, str]) -> User:
        """The user of a request; without a bearer token that is system:anonymous.

        Raises:
            StatusError: 401 for a token that is not good.
        """
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return ANONYMOUS
        user = self.user_of(token.strip())
        if user is None:
            raise unauthorized()
        return user

    def user_of(self, token: str, audiences: tuple[str, ...] = (AUDIENCE,)) -> User | None:
        """Return the user of the token, or None if the token is invalid or not meant for any of `audiences`."""
        if token == self._credentials.admin_token:
            return ADMIN
        claims = self._credentials.signer.read(token)
        if claims is None:
            return None
        if claims["iss"] == LEGACY_ISSUER:
            return self._of_secret(claims, token)
        return self._of_account(claims) if set(audiences) & set(claims["aud"]) else None

    def _of_account(self, claims: Claims) -> User | None:
        about = claims["kubernetes.io"]
        namespace, account = about["namespace"], about["serviceaccount"]
        for kind, resource in _BOUND.items():
            bound = about.get(kind)
            if bound and not self._lives(resource, namespace, bound["name"], bound["uid"]):
                return None
        if not self._lives(_ACCOUNTS, namespace, account["name"], account["uid"]):
            return None
        return _user(namespace, account["name"], account["uid"], claims["jti"])

    def _of_secret(self, claims: Claims, token: str) -> User | None:
        namespace, name = claims[f"{_LEGACY}/namespace"], claims[f"{_LEGACY}/service-account.name"]
        uid = claims[f"{_LEGACY}/service-account.uid"]
        secret = self._store.get(_SECRETS, namespace, claims[f"{_LEGACY}/secret.name"]) or {}
        stored = (secret.get("data") or {}).get("token", "")
        if stored != base64.b64encode(token.encode()).decode() or not self._lives(_ACCOUNTS, namespace, name, uid):
            return None
        return _user(namespace, name, uid, "")

    def _lives(self, resource: GroupPlural, namespace: str, name: str, uid: str) -> bool:
        found = self._store.get(resource, namespace, name)
        return found is not None and uid_of(found) == uid


def _user(namespace: str, name: str, uid: str, token_id: str) -> User:
    extra = ((CREDENTIAL_ID, (f"JTI={token_id}",)),) if token_id else ()
    groups = (*service_account_groups(namespace), AUTHENTICATED)
    return User(service_account_name(namespace, name), groups, uid, extra)
