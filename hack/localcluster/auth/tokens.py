"""Tokens of service accounts: JSON Web Tokens with the claims of the real ones, signed with a secret of this cluster.

A real server signs with a private key so that others can verify; here only the server itself does, and HMAC-SHA256
(`HS256`) needs nothing but the standard library. Source of the claims: kubernetes, pkg/serviceaccount.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
import uuid
from collections.abc import Callable
from typing import Any

AUDIENCE = "https://kubernetes.default.svc.cluster.local"
LEGACY_ISSUER = "kubernetes/serviceaccount"
Claims = dict[str, Any]


class TokenSigner:
    """Makes and reads tokens.

    Args:
        key: the signing secret; a new one by default.
        now: seconds since the epoch.
    """

    def __init__(self, key: bytes = b"", *, now: Callable[[], float] = time.time) -> None:
        self.key = key or secrets.token_bytes(32)
        self.now = now

    def sign(self, claims: Claims) -> str:
        """Return a signed token with these claims."""
        content = f"{_encoded({'alg': 'HS256', 'typ': 'JWT'})}.{_encoded(claims)}"
        return f"{content}.{self._signature(content)}"

    def read(self, token: str) -> Claims | None:
        """Return the claims of a token, or None if this server did not sign it or it has expired."""
        content, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(content).encode()):
            return None
        claims: Claims = json.loads(_bytes(content.partition(".")[2]))
        return claims if claims.get("exp", self.now() + 1) > self.now() else None

    def _signature(self, content: str) -> str:
        return _text(hmac.new(self.key, content.encode(), hashlib.sha256).digest())


def account_claims(
    *,
    namespace: str,
    name: str,
    uid: str,
    audiences: list[str],
    issued: int,
    seconds: int,
    bound: dict[str, dict[str, str]],
) -> Claims:
    """The claims of a token for a service account.

    Args:
        issued: seconds since the epoch.
        seconds: how long it lasts.
        bound: the object it lives and dies with, if any: {"secret": {"name": ..., "uid": ...}}.
    """
    return {
        "aud": audiences,
        "exp": issued + seconds,
        "iat": issued,
        "iss": AUDIENCE,
        "jti": str(uuid.uuid4()),
        "kubernetes.io": {"namespace": namespace, "serviceaccount": {"name": name, "uid": uid}, **bound},
        "nbf": issued,
        "sub": f"system:serviceaccount:{namespace}:{name}",
    }


def secret_claims(*, namespace: str, name: str, uid: str, secret: str) -> Claims:
    """Return the claims of a token stored in a Secret: it has no expiry and no audience."""
    prefix = "kubernetes.io/serviceaccount"
    return {
        "iss": LEGACY_ISSUER,
        f"{prefix}/namespace": namespace,
        f"{prefix}/secret.name": secret,
        f"{prefix}/service-account.name": name,
        f"{prefix}/service-account.uid": uid,
        "sub": f"system:serviceaccount:{namespace}:{name}",
    }


def _encoded(document: Any) -> str:
    return _text(json.dumps(document, separators=(",", ":")).encode())


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
