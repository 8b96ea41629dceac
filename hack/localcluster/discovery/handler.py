"""Paths that are not resources: `/api`, `/apis`, `/openapi`, `/version`, health."""

from __future__ import annotations

from aiohttp import web

from ..errors import page_not_found
from ..http.respond import respond
from ..objects import Object
from ..registry.catalog import Catalog
from . import aggregated, legacy
from .openapi import OpenApi

_VERSION = {
    "major": "1",
    "minor": "36",
    "emulationMajor": "1",
    "emulationMinor": "36",
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "35",
    "gitVersion": "v1.36.0",
    "gitCommit": "$Format:%H$",
    "gitTreeState": "",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "go1.26.6",
    "compiler": "gc",
    "platform": "linux/amd64",
}
_HEALTH = ("/healthz", "/livez", "/readyz")


class DiscoveryHandler:
    """Answers requests that are not about objects."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._openapi = OpenApi(catalog)

    def handle(self, request: web.Request) -> web.Response:
        """Answer one request.

        Raises:
            PlainError: 404.
        """
        path = request.path.rstrip("/") or "/"
        if path in _HEALTH or path.rpartition("/")[0] in _HEALTH:
            return web.Response(text="ok")
        if path == "/version":
            return respond(200, _VERSION)
        if path == "/":
            return respond(
                200, {"paths": ["/api", "/apis", "/healthz", "/livez", "/openapi/v3", "/readyz", "/version"]}
            )
        if path == "/openapi/v2" and "protobuf" in request.headers.get("Accept", ""):
            # kubectl requests this only for kinds that are in no v3 document; an empty protobuf document is valid.
            return web.Response(content_type="application/com.github.proto-openapi.spec.v2.v1.0+protobuf")
        if path.startswith("/openapi/"):
            return respond(200, self._openapi.document(path))
        if aggregated.wanted(request.headers.get("Accept", "")) and path in ("/api", "/apis"):
            response = respond(200, aggregated.groups(self._catalog, core=path == "/api"))
            response.headers["Content-Type"] = aggregated.CONTENT_TYPE
            return response
        return respond(200, self._legacy(path, request.host))

    def _legacy(self, path: str, host: str) -> Object:
        parts = path.strip("/").split("/")
        if path == "/api":
            return legacy.core_versions(host)
        if path == "/apis":
            return legacy.group_list(self._catalog)
        found: Object | None = None
        if parts[0] == "api" and len(parts) == 2:
            found = legacy.resource_list(self._catalog, "", parts[1])
        elif parts[0] == "apis" and len(parts) == 2:
            found = legacy.group(self._catalog, parts[1])
        elif parts[0] == "apis" and len(parts) == 3:
            found = legacy.resource_list(self._catalog, parts[1], parts[2])
        if found is None:
            raise page_not_found()
        return found
