"""Who is asking: the one place where credentials become a user."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from .errors import unauthorized


@dataclass(frozen=True, slots=True)
class User:
    """An authenticated caller."""

    name: str
    groups: tuple[str, ...] = ()


ADMIN = User("kubernetes-admin", ("system:masters", "system:authenticated"))


class Authenticator:
    """Knows the bearer tokens of this cluster.

    Attributes:
        admin_token: the token the kubeconfig carries.
    """

    def __init__(self) -> None:
        self.admin_token = secrets.token_hex(16)
        self._users = {self.admin_token: ADMIN}

    def authenticate(self, headers: Mapping[str, str]) -> User:
        """The user of a request.

        Over plain HTTP kubectl keeps its credentials to itself (clientcmd sends them over TLS only), so a request
        without any is the admin's, as it was on the insecure port that API servers once had.

        Raises:
            StatusError: 401 for an unknown token.
        """
        if "Authorization" not in headers:
            return ADMIN
        scheme, _, token = headers["Authorization"].partition(" ")
        user = self._users.get(token.strip()) if scheme.lower() == "bearer" else None
        if user is None:
            raise unauthorized()
        return user
