"""Requests of every verb, and the answer of a server that fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from controller.apimachinery.resources import NAMESPACES
from controller.client import Client


def status(code: int, reason: str, message: str = "the server's words", **more: Any) -> dict[str, Any]:
    return {"kind": "Status", "apiVersion": "v1", "code": code, "reason": reason, "message": message, **more}


def call_every_verb(client: Client) -> dict[str, Callable[[], Any]]:
    return {
        "GET": lambda: client.get(NAMESPACES, "x"),
        "POST": lambda: client.create(NAMESPACES, {}),
        "PUT": lambda: client.replace(NAMESPACES, "x", {}),
        "PATCH": lambda: client.patch(NAMESPACES, "x", {}),
        "DELETE": lambda: client.delete(NAMESPACES, "x"),
    }


VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")
