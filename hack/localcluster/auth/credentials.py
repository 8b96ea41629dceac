"""The credentials that a cluster keeps across restarts: certificate authority, signing secret and admin token."""

from __future__ import annotations

import json
import os
import secrets
import ssl
from pathlib import Path

import trustme

from .tokens import TokenSigner

_KEY_TYPE = trustme.KeyType.ECDSA  # made in a millisecond, where RSA takes a good part of a second


class Credentials:
    """The secrets of one cluster.

    Attributes:
        admin_token: the bearer token of the kubeconfig's user.
        signer: of service accounts' tokens.
    """

    def __init__(
        self, *, authority: trustme.CA | None = None, admin_token: str = "", signer: TokenSigner | None = None
    ) -> None:
        self._authority = authority or trustme.CA(organization_name="localcluster", key_type=_KEY_TYPE)
        self.admin_token = admin_token or secrets.token_hex(16)
        self.signer = signer or TokenSigner()

    @classmethod
    def kept_in(cls, path: Path) -> Credentials:
        """Load the credentials from a file. Creates the file, readable by its owner only, if it does not exist."""
        if path.exists():
            found = json.loads(path.read_text(encoding="utf-8"))
            authority = trustme.CA.from_pem(found["certificate"].encode(), found["key"].encode())
            signer = TokenSigner(bytes.fromhex(found["signing"]))
            return cls(authority=authority, admin_token=found["token"], signer=signer)
        made = cls()
        document = {
            "certificate": made.authority,
            "key": made._authority.private_key_pem.bytes().decode(),
            "token": made.admin_token,
            "signing": made.signer.key.hex(),
        }
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
            json.dump(document, file)
        return made

    def with_new_authority(self) -> Credentials:
        """Return credentials with the same tokens but a new certificate authority."""
        return Credentials(admin_token=self.admin_token, signer=self.signer)

    @property
    def authority(self) -> str:
        """The certificate authority's certificate, as PEM."""
        return self._authority.cert_pem.bytes().decode()

    def server_context(self, host: str) -> ssl.SSLContext:
        """TLS for a server on this machine, reached as `host`, localhost or a loopback address."""
        names = dict.fromkeys((host, "localhost", "127.0.0.1", "::1"))
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._authority.issue_cert(*names, key_type=_KEY_TYPE).configure_cert(context)
        return context
