"""Users and groups, and the names that service accounts go by."""

from __future__ import annotations

from dataclasses import dataclass

from ..validation.names import dns1123_label, dns1123_subdomain

MASTERS = "system:masters"
AUTHENTICATED = "system:authenticated"
UNAUTHENTICATED = "system:unauthenticated"
SERVICE_ACCOUNTS = "system:serviceaccounts"
# The key of `extra` under which a real audit log has it too.
CREDENTIAL_ID = "authentication.kubernetes.io/credential-id"
ANONYMOUS_NAME = "system:anonymous"
_PREFIX = "system:serviceaccount:"


@dataclass(frozen=True, slots=True)
class User:
    """A caller. `extra` holds (key, values) pairs."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def credential(self) -> str:
        """Which of the user's tokens it was, `JTI=...`; "" where that is not known."""
        return next((values[0] for key, values in self.extra if key == CREDENTIAL_ID), "")

    def to_object(self) -> dict[str, object]:
        """Return the user as an `authentication/v1` UserInfo."""
        info: dict[str, object] = {"username": self.name}
        if self.uid:
            info["uid"] = self.uid
        info["groups"] = list(self.groups)
        if self.extra:
            info["extra"] = {key: list(values) for key, values in self.extra}
        return info


ADMIN = User("kubernetes-admin", (MASTERS, AUTHENTICATED))
ANONYMOUS = User(ANONYMOUS_NAME, (UNAUTHENTICATED,))


def service_account_name(namespace: str, name: str) -> str:
    """The user name of a service account."""
    return f"{_PREFIX}{namespace}:{name}"


def service_account_groups(namespace: str) -> tuple[str, ...]:
    """The groups of every service account in a namespace."""
    return (SERVICE_ACCOUNTS, f"{SERVICE_ACCOUNTS}:{namespace}")


def split_service_account(user_name: str) -> tuple[str, str] | None:
    """(namespace, name) of a service account's user name, None for any other user."""
    if not user_name.startswith(_PREFIX):
        return None
    namespace, colon, name = user_name.removeprefix(_PREFIX).partition(":")
    if not colon or dns1123_label(namespace) or dns1123_subdomain(name):
        return None
    return namespace, name
