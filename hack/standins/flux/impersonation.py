"""A client that impersonates a service account, so that only that account's rights count."""

from __future__ import annotations

from dataclasses import replace

from controller.client import Client
from controller.client.client import JsonObject
from controller.client.config import Connection
from controller.client.request import Request


class ImpersonatingClient(Client):
    """Sends every request with the header that kubectl's `--as` sends. Watches are not offered."""

    def __init__(self, *, connection: Connection, namespace: str, service_account: str, field_manager: str) -> None:
        super().__init__(connection=connection, user_agent=field_manager, field_manager=field_manager, pool_size=2)
        self._headers = {"Impersonate-User": f"system:serviceaccount:{namespace}:{service_account}"}

    def _call(self, request: Request) -> JsonObject:
        return super()._call(replace(request, headers={**request.headers, **self._headers}))
