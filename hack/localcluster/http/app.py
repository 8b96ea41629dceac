"""The HTTP server: authentication, routing, failures, audit."""

from __future__ import annotations

import logging
from typing import Any

from aiohttp import web

from ..audit import AuditEntry, AuditLog
from ..auth import Authenticator, User
from ..discovery.handler import DiscoveryHandler
from ..errors import PlainError, StatusError, internal
from ..hooks import HOOK_PREFIX, HookHandler
from ..registry.catalog import Catalog
from . import route
from .bodies import media_type, parse_json, parse_yaml
from .protobuf import MEDIA_TYPE, read_protobuf
from .resources import ResourceHandler
from .respond import respond_failure

_LOG = logging.getLogger(__name__)
_BODY_LIMIT = 3 * 1024 * 1024
_PUBLIC = ("/healthz", "/livez", "/readyz", "/version")


class ApiServer:
    """Answers every request of the cluster."""

    def __init__(
        self,
        *,
        catalog: Catalog,
        resources: ResourceHandler,
        discovery: DiscoveryHandler,
        hooks: HookHandler,
        authenticator: Authenticator,
        audit: AuditLog,
    ) -> None:
        self._catalog = catalog
        self._resources = resources
        self._discovery = discovery
        self._hooks = hooks
        self._authenticator = authenticator
        self._audit = audit

    def application(self) -> web.Application:
        """The aiohttp application."""
        app = web.Application(client_max_size=_BODY_LIMIT)
        app.router.add_route("*", "/{path:.*}", self._handle)
        return app

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        user = User("system:anonymous", ("system:unauthenticated",))
        target: route.Target | None = None
        body = b""
        try:
            if request.path not in _PUBLIC:
                user = self._authenticator.authenticate(request.headers)
            body = await request.read()
            if request.path.startswith(HOOK_PREFIX):
                return await self._hooks.handle(request, body)
            target = route.resolve(self._catalog, request.method, request.rel_url.raw_path, request.query)
            if target is None:
                response: web.StreamResponse = self._discovery.handle(request)
            elif target.verb == "watch":
                self._record(request, user, target, b"", 200)
                return await self._resources.handle(request, target, body)
            else:
                response = await self._resources.handle(request, target, body)
        except (StatusError, PlainError) as error:
            response = respond_failure(error)
        except web.HTTPRequestEntityTooLarge:
            text = f"Request entity too large: limit is {_BODY_LIMIT}"
            response = respond_failure(StatusError(413, "RequestEntityTooLarge", text))
        except Exception as error:  # noqa: BLE001 - a server answers 500 and goes on
            _LOG.exception("%s %s failed", request.method, request.path_qs)
            response = respond_failure(internal(f"{type(error).__name__}: {error}"))
        self._record(request, user, target, body, response.status)
        return response

    def _record(self, request: web.Request, user: User, target: route.Target | None, body: bytes, code: int) -> None:
        place: dict[str, Any] = {}
        sent = _decoded(body, request.headers.get("Content-Type", ""))
        if target is not None:
            place = {
                "group": target.resource.group,
                "resource": target.resource.plural,
                "subresource": target.subresource,
                "namespace": target.namespace,
                "name": target.name or _name_in(sent),
            }
        self._audit.record(
            AuditEntry(
                user=user.name,
                user_agent=request.headers.get("User-Agent", ""),
                verb=target.verb if target else request.method.lower(),
                path=request.path,
                code=code,
                body=sent,
                **place,
            )
        )


def _name_in(sent: Any) -> str:
    """The name a create gives in its body, since its path has none."""
    metadata = sent.get("metadata") if isinstance(sent, dict) else None
    return str(metadata.get("name") or "") if isinstance(metadata, dict) else ""


def _decoded(body: bytes, content_type: str) -> Any:
    if not body:
        return None
    kind = media_type(content_type)
    try:
        if kind == MEDIA_TYPE:
            return read_protobuf(body)
        return parse_yaml(body) if "yaml" in kind else parse_json(body)[0]
    except ValueError:
        return body.decode(errors="replace")
