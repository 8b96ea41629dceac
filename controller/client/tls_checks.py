"""Checks certificates and keys before the first connection, so that the error can name the file."""

from __future__ import annotations

import ssl
import tempfile
from pathlib import Path

from controller.apimachinery.errors import ConfigError
from controller.client.kubernetes_package import Configuration


def check(configuration: Configuration, *, source: str) -> None:
    """Raise ConfigError if a certificate or key of `source` cannot be used. Without TLS there is nothing to check."""
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
            # Without `password`, OpenSSL would ask for the passphrase of a key on the terminal.
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
