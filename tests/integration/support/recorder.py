"""The audit log of a cluster that has none: a proxy before its API server writes down what the controller asks."""

from __future__ import annotations

import json
from typing import Any

from hack.faultproxy.exchange import Exchange, Witness
from hack.localcluster.audit import AuditEntry, AuditLog
from hack.localcluster.auth import User
from hack.localcluster.http.requestinfo import attributes_of


def recording(audit: AuditLog, *, credential: str = "") -> Witness:
    """Writes exchanges into `audit` as the local cluster would, all with the same credential."""
    return lambda exchange: audit.record(entry_of(exchange, credential))


def entry_of(exchange: Exchange, credential: str) -> AuditEntry:
    """An exchange as an entry of the audit log; who the user is remains unknown."""
    asked = attributes_of(User(""), exchange.method, exchange.path, exchange.query)
    sent = _decoded(exchange.body)
    return AuditEntry(
        user="",
        user_agent=exchange.headers.get("User-Agent", ""),
        credential=credential,
        verb=asked.verb,
        path=exchange.path,
        group=asked.group,
        resource=asked.resource,
        subresource=asked.subresource,
        namespace=asked.namespace if asked.resource != "namespaces" else "",
        name=asked.name or _name_in(sent),
        code=exchange.status,
        body=sent,
    )


def _decoded(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except ValueError:
        return body.decode(errors="replace")


def _name_in(sent: Any) -> str:
    metadata = sent.get("metadata") if isinstance(sent, dict) else None
    return str(metadata.get("name") or "") if isinstance(metadata, dict) else ""
