"""The HTTP server: authentication, authorization, routing, failures, audit."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

from aiohttp import web

from ..audit import AuditEntry, AuditLog
from ..auth import Authenticator, User
from ..discovery.handler import DiscoveryHandler
from ..errors import PlainError, StatusError, internal
from ..hooks import HOOK_PREFIX, HookHandler
from ..rbac.attributes import Attributes
from ..rbac.authorizer import Authorizer
from ..rbac.impersonation import impersonated
from ..readiness import Readiness
from ..registry.catalog import Catalog
from . import reviews, route, tokens
from .bodies import media_type, parse_json, parse_yaml
from .protobuf import MEDIA_TYPE, read_protobuf
from .requestinfo import attributes_of
from .resources import ResourceHandler
from .respond import respond_failure

_LOG = logging.getLogger(__name__)
_BODY_LIMIT = 3 * 1024 * 1024
_NOBODY = User("")


class ApiServer:
    """Answers every request of the cluster."""

    def __init__(
        self,
        *,
        catalog: Catalog,
        resources: ResourceHandler,
        review_handler: reviews.ReviewHandler,
        token_handler: tokens.TokenHandler,
        discovery: DiscoveryHandler,
        hooks: HookHandler,
        readiness: Readiness,
        authenticator: Authenticator,
        authorizer: Authorizer,
        audit: AuditLog,
    ) -> None:
        self._catalog = catalog
        self._resources = resources
        self._reviews = review_handler
        self._tokens = token_handler
        self._discovery = discovery
        self._hooks = hooks
        self._readiness = readiness
        self._authenticator = authenticator
        self._authorizer = authorizer
        self._audit = audit
        self._closed = False

    def application(self) -> web.Application:
        """The aiohttp application."""
        app = web.Application(client_max_size=_BODY_LIMIT)
        app.router.add_route("*", "/{path:.*}", self._handle)
        return app

    def close(self) -> None:
        """Abort all later requests. A connection whose TLS handshake ended after the server stopped still arrives."""
        self._closed = True

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if self._closed:
            return _aborted(request)
        asked = attributes_of(_NOBODY, request.method, request.path, request.query)
        user = _NOBODY
        body = b""
        try:
            user = self._authenticator.authenticate(request.headers)
            body = await request.read()
            asked = replace(asked, user=user)
            asked = replace(asked, user=impersonated(request.headers, asked, self._authorizer.check))
            self._authorizer.check(asked)
            gate = self._audit.gate
            if gate is not None and not gate(_entry(request, user, asked, body, code=0)):
                return _aborted(request)
            if request.path.startswith(HOOK_PREFIX):
                return await self._hooks.handle(request, body)
            self._readiness.check(request.path, verb=asked.verb, storage=(asked.group, asked.resource))
            path = request.rel_url.raw_path
            target = route.resolve(self._catalog, asked.user, request.method, path, request.query)
            if target is not None and target.verb == "watch":
                self._record(request, user, asked, b"", 200)
                return await self._resources.handle(request, target, body)
            response = await self._answer(request, target, body)
        except (StatusError, PlainError) as error:
            response = respond_failure(error)
        except web.HTTPRequestEntityTooLarge:
            text = f"Request entity too large: limit is {_BODY_LIMIT}"
            response = respond_failure(StatusError(413, "RequestEntityTooLarge", text))
        except Exception as error:  # noqa: BLE001 - a server answers 500 and continues
            _LOG.exception("%s %s failed", request.method, request.path_qs)
            response = respond_failure(internal(f"{type(error).__name__}: {error}"))
        self._record(request, user, asked, body, response.status)
        return response

    async def _answer(self, request: web.Request, target: route.Target | None, body: bytes) -> web.StreamResponse:
        if target is None:
            return self._discovery.handle(request)
        if target.resource.group in reviews.GROUPS:
            return self._reviews.handle(request, target, body)
        if target.subresource == tokens.SUBRESOURCE:
            return self._tokens.handle(request, target, body)
        return await self._resources.handle(request, target, body)

    def _record(self, request: web.Request, user: User, asked: Attributes, body: bytes, code: int) -> None:
        self._audit.record(_entry(request, user, asked, body, code))


def _aborted(request: web.Request) -> web.Response:
    """End the connection. The response is for aiohttp, and reaches no client."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=503)


def _entry(request: web.Request, user: User, asked: Attributes, body: bytes, code: int) -> AuditEntry:
    sent = _decoded(body, request.headers.get("Content-Type", ""))
    return AuditEntry(
        user=user.name,
        user_agent=request.headers.get("User-Agent", ""),
        credential=user.credential,
        impersonated_user=asked.user.name if asked.user.name != user.name else "",
        verb=asked.verb,
        path=request.path,
        group=asked.group,
        resource=asked.resource,
        subresource=asked.subresource,
        namespace=asked.namespace if asked.resource != "namespaces" else "",
        name=asked.name or _name_in(sent),
        code=code,
        body=sent,
    )


def _name_in(sent: Any) -> str:
    """Return the name in the body of a create, whose path has none."""
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
