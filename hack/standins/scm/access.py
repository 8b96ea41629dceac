"""Who asks: tokens with permissions and an end, and GitHub Apps with their keys and installations."""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from hack.standins.scm.model import Repository, User

INSTALLATION_TOKEN_SECONDS = 3600.0
_LONGEST_JWT_SECONDS = 600
# GitHub forgives this much between the clocks.
_SKEW_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token.

    Attributes:
        permissions: `issues`, `pull_requests`, `statuses`, `deployments`, … -> `read` or `write`; `*` stands for all.
            On GitLab the scopes `api` and `read_api`, with any level.
        owners: it reaches the private repositories of these owners, and writes to no others; None: to all.
        expires: Unix time.
        app: the id of its GitHub App, or 0.
        level: the access level that it has in a project of GitLab: 20 is Reporter, 30 Developer, 40 Maintainer.
    """

    value: str
    user: User
    permissions: Mapping[str, str]
    owners: frozenset[str] | None = None
    expires: float = float("inf")
    app: int = 0
    level: int = 30

    def allows(self, permission: str, *, write: bool) -> bool:
        """Whether it grants a permission."""
        granted = self.permissions.get(permission) or self.permissions.get("*")
        return granted == "write" or (granted == "read" and not write)

    def reaches(self, repository: Repository) -> bool:
        """Whether it was given for the owner of a repository, or for a group above it."""
        owner = repository.owner.lower()
        return self.owners is None or any(f"{owner}/".startswith(f"{one}/") for one in self.owners)


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """An App installed for an owner."""

    id: int
    owner: User
    permissions: Mapping[str, str]
    created: float


@dataclass(slots=True, kw_only=True)
class App:
    """A GitHub App; its bot writes the comments."""

    id: int
    slug: str
    client_id: str
    public_key: str
    bot: User
    owner: User
    permissions: Mapping[str, str]
    created: float
    installations: dict[int, Installation] = field(default_factory=dict)

    def proves(self, jwt: str, now: float) -> str:
        """Return "" if the JWT is signed with the App's key and in time, or else what GitHub says of it."""
        try:
            head, payload, signature = jwt.split(".")
            key = load_pem_public_key(self.public_key.encode())
            assert isinstance(key, RSAPublicKey)
            key.verify(_decode(signature), f"{head}.{payload}".encode(), PKCS1v15(), SHA256())
            algorithm, claims = json.loads(_decode(head))["alg"], json.loads(_decode(payload))
        except (ValueError, KeyError, binascii.Error, InvalidSignature):
            return "A JSON web token could not be decoded"
        if algorithm != "RS256":
            return "A JSON web token could not be decoded"
        if not isinstance(claims.get("exp"), int) or not isinstance(claims.get("iat"), int):
            return "Missing 'exp' or 'iat' claim in assertion, or not an integer"
        if claims["iat"] > now + _SKEW_SECONDS:
            return "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
        if claims["exp"] <= now:
            return "'Expiration time' claim ('exp') must be a numeric value representing the future time"
        if claims["exp"] > now + _LONGEST_JWT_SECONDS + _SKEW_SECONDS:
            return "'Expiration time' claim ('exp') is too far in the future"
        return ""


def issuer(jwt: str) -> str:
    """Return the claim `iss` of a JWT without looking at its signature, or ""."""
    try:
        claims: Any = json.loads(_decode(jwt.split(".")[1]))
        return str(claims["iss"])
    except (ValueError, KeyError, IndexError, TypeError, binascii.Error):
        return ""


def new_installation_token(
    app: App, installation: Installation, now: float, permissions: Mapping[str, str] | None = None
) -> Token:
    """Return a fresh token for some permissions of an installation; None: for all."""
    return Token(
        value=f"ghs_{secrets.token_hex(18)}",
        user=app.bot,
        permissions=permissions or installation.permissions,
        owners=frozenset((installation.owner.login.lower(),)),
        # GitHub gives whole seconds.
        expires=float(int(now + INSTALLATION_TOKEN_SECONDS)),
        app=app.id,
    )


def _decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
