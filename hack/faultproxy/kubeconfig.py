"""Reads the kubeconfig of the server behind the proxy, and writes the one that leads to the proxy.

Callers keep their identity: their Authorization header goes through, and then the proxy does not present a client
certificate of its own, which the server would prefer to the header. A caller without credentials speaks as the user of
the kubeconfig: client certificates cannot be passed through, and kubectl sends no token over plain HTTP.
"""

from __future__ import annotations

import base64
import os
import ssl
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_FILES = ("tokenFile", "client-certificate", "client-key")
_CERTIFICATE = ("client-certificate", "client-certificate-data", "client-key", "client-key-data")
_NAME = "faultproxy"


class KubeconfigError(Exception):
    """The kubeconfig cannot be used; the text names the file and what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The server behind the proxy.

    Attributes:
        server: its URL, without a slash at the end.
        tls: verifies it; None for plain HTTP.
        tls_as_user: `tls`, presenting the user's client certificate as well.
        server_name: the name in its certificate, if it is not the URL's.
        authorization: the user's Authorization header at this moment, or None.
        user: the user's entry for a kubeconfig, without client certificates.
        namespace: the default namespace, or "".
    """

    server: str
    tls: ssl.SSLContext | None = None
    tls_as_user: ssl.SSLContext | None = None
    server_name: str | None = None
    authorization: Callable[[], str | None] = lambda: None
    user: Mapping[str, Any] = field(default_factory=dict)
    namespace: str = ""


def read(path: Path, context: str = "") -> Target:
    """The server of `context` in the kubeconfig at `path`; its current context if "". Raises KubeconfigError."""
    try:
        document = yaml.safe_load(path.read_text())
        chosen = _entry(document, "contexts", "context", context or document["current-context"])
        cluster = _entry(document, "clusters", "cluster", chosen["cluster"])
        user = _entry(document, "users", "user", chosen["user"]) if chosen.get("user") else {}
        user = {name: str(path.parent.absolute() / value) if name in _FILES else value for name, value in user.items()}
        server = cluster["server"].rstrip("/")
        secure = server.startswith("https://")
        return Target(
            server=server,
            tls=_tls(cluster, {}, path.parent) if secure else None,
            tls_as_user=_tls(cluster, user, path.parent) if secure else None,
            server_name=cluster.get("tls-server-name"),
            authorization=lambda: _authorization(user),
            user={name: value for name, value in user.items() if name not in _CERTIFICATE},
            namespace=chosen.get("namespace") or "",
        )
    except KeyError as error:
        raise KubeconfigError(f"{path}: there is no {error.args[0]}") from error
    except (OSError, ValueError, TypeError, AttributeError, yaml.YAMLError) as error:
        # The document is walked unchecked: a wrong shape surfaces as any of these.
        raise KubeconfigError(f"{path}: {' '.join(str(error).split())}") from error


def document(target: Target, *, server: str, certificate_authority: bytes = b"") -> dict[str, Any]:
    """A kubeconfig for `target`'s user that leads to the proxy at the URL `server`, whose certificate (PEM) is verified
    by `certificate_authority`."""
    cluster: dict[str, Any] = {"server": server}
    if certificate_authority:
        cluster["certificate-authority-data"] = base64.b64encode(certificate_authority).decode()
    context = {"cluster": _NAME, "user": _NAME} | ({"namespace": target.namespace} if target.namespace else {})
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": _NAME, "cluster": cluster}],
        "users": [{"name": _NAME, "user": dict(target.user)}],
        "contexts": [{"name": _NAME, "context": context}],
        "current-context": _NAME,
    }


def write(path: Path, content: Mapping[str, Any]) -> None:
    """Write a kubeconfig for its owner's eyes only, and all at once, because somebody may wait for it to appear."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(handle, "w") as file:
        yaml.safe_dump(content, file, sort_keys=False)
    Path(name).replace(path)


def _entry(document: Any, section: str, key: str, name: str) -> Mapping[str, Any]:
    for entry in document[section]:
        if entry["name"] == name:
            return entry[key] or {}
    raise KeyError(f"{key} {name!r}")


def _tls(cluster: Mapping[str, Any], user: Mapping[str, Any], folder: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(
        cafile=str(folder / cluster["certificate-authority"]) if cluster.get("certificate-authority") else None,
        cadata=_decoded(cluster, "certificate-authority-data").decode() or None,
    )
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    # The ssl module takes certificates from files only.
    with tempfile.TemporaryDirectory(prefix="faultproxy-") as scratch:
        certificate = _file(user, "client-certificate", Path(scratch))
        if certificate is not None:
            context.load_cert_chain(certificate, _file(user, "client-key", Path(scratch)))
    return context


def _file(user: Mapping[str, Any], name: str, scratch: Path) -> Path | None:
    data = _decoded(user, f"{name}-data")
    if not data:
        return Path(user[name]) if user.get(name) else None
    file = scratch / name
    file.touch(mode=0o600)
    file.write_bytes(data)
    return file


def _decoded(entry: Mapping[str, Any], name: str) -> bytes:
    return base64.b64decode(entry.get(name) or "")


def _authorization(user: Mapping[str, Any]) -> str | None:
    if user.get("tokenFile"):
        # Read each time, because such files are rotated.
        return f"Bearer {Path(user['tokenFile']).read_text().strip()}"
    if user.get("token"):
        return f"Bearer {user['token']}"
    if user.get("username"):
        pair = f"{user['username']}:{user.get('password', '')}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"
    return None
