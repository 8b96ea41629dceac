"""Whether certificates and keys can be used, before the first connection: a file that is wrong is then named."""

from __future__ import annotations

import ssl
import tempfile
from pathlib import Path

from kubernetes.client import Configuration

from controller.apimachinery.errors import ConfigError


def check(configuration: Configuration, *, source: str) -> None:
    """Raises ConfigError: what in `source` cannot be used, and the remedy. Nothing to check where TLS is not used."""
    if not configuration.host.startswith("https:"):
        return
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if authority := configuration.ssl_ca_cert:
        try:
            context.load_verify_locations(authority)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(
                f"{source}: its certificate-authority ({_place(authority)}) holds no usable certificate: give a PEM "
                "file, or its text in base64 as certificate-authority-data"
            ) from error
    if certificate := configuration.cert_file:
        key = configuration.key_file or None
        try:
            # A key with a passphrase would be asked for on the terminal.
            context.load_cert_chain(certificate, key, password=lambda: b"")
        except (OSError, ssl.SSLError) as error:
            places = ", ".join(_place(file) for file in (certificate, key) if file)
            raise ConfigError(
                f"{source}: its client-certificate and client-key ({places}) cannot be used: give the two PEM files "
                "that belong together, the key without a passphrase"
            ) from error


def _place(file: str) -> str:
    # The package writes inline data to temporary files. Their names would not help the user.
    return "inline data" if Path(file).parent == Path(tempfile.gettempdir()) else file
