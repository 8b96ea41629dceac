"""The API server of a kubeconfig, for the parts of a benchmark that must cost little: peers and counters."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml


@dataclass(frozen=True, slots=True)
class Server:
    """Where the server is, and how to authenticate.

    Attributes:
        url: `https://host:port`.
        tls: with the client's certificate, if the kubeconfig names one.
        headers: with the token, if the kubeconfig names one.
    """

    url: str
    tls: ssl.SSLContext
    headers: dict[str, str]

    def connect(self) -> http.client.HTTPSConnection:
        """Return a connection, which opens with its first request."""
        host = urlsplit(self.url)
        return http.client.HTTPSConnection(host.hostname or "", host.port, context=self.tls)

    def text(self, path: str) -> str:
        """Return what the server answers to a GET. Raises OSError unless the status is 200."""
        connection = self.connect()
        try:
            connection.request("GET", path, headers=self.headers)
            response = connection.getresponse()
            body = response.read().decode()
            if response.status != http.client.OK:
                raise OSError(f"GET {path}: {response.status} {body[:200]}")
            return body
        finally:
            connection.close()

    def version(self) -> str:
        """Return the server's version, such as v1.36.3."""
        return str(json.loads(self.text("/version")).get("gitVersion", ""))


def load(kubeconfig: Path, *, user_agent: str) -> Server:
    """Read the current context of a kubeconfig. It needs a token or a client certificate."""
    document = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
    context = _named(document, "context", document["current-context"])
    cluster, user = _named(document, "cluster", context["cluster"]), _named(document, "user", context["user"])
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        place = _Place(kubeconfig.parent.absolute(), Path(folder))
        tls = ssl.create_default_context(cafile=place.file(cluster, "certificate-authority"))
        if certificate := place.file(user, "client-certificate"):
            tls.load_cert_chain(certificate, place.file(user, "client-key"))
    headers = {"User-Agent": user_agent}
    if token := user.get("token"):
        headers["Authorization"] = f"Bearer {token}"
    return Server(str(cluster["server"]), tls, headers)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the files of a kubeconfig lie, and where those go that it contains."""

    kubeconfig: Path
    scratch: Path

    def file(self, section: dict[str, Any], field: str) -> str | None:
        if data := section.get(f"{field}-data"):
            path = self.scratch / field
            path.write_bytes(base64.b64decode(data))
            return str(path)
        return str(self.kubeconfig / section[field]) if section.get(field) else None


def _named(document: dict[str, Any], kind: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one[kind] for one in document[f"{kind}s"] if one["name"] == name)
    return found
