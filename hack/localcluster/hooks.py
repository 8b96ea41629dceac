"""Hooks for tests, below the path `/_test/`. A real API server has none of them.

`POST /_test/hold?resource=plural.group`, `/_test/release?resource=…`, `/_test/drop?resource=…` (all watches without a
resource), `/_test/compact`, `/_test/initialize?resource=…`, `/_test/initialized?resource=…`, `/_test/fill-rights`,
`/_test/install-paths`; `GET /_test/audit?since=N`, `GET /_test/watches?resource=…`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

from aiohttp import web

from .audit import AuditLog
from .errors import page_not_found
from .objects import encode, namespace_of
from .rbac.feed import PolicyFeed
from .readiness import Readiness
from .storage.store import GroupPlural, Store
from .watch.hub import Hold, WatchHub

HOOK_PREFIX = "/_test/"


class Hooks:
    """The hooks as methods, for the embedding process (they must run in the server's event loop)."""

    def __init__(
        self, *, store: Store, hub: WatchHub, audit: AuditLog, readiness: Readiness, policies: PolicyFeed
    ) -> None:
        self._store = store
        self._hub = hub
        self._readiness = readiness
        self._policies = policies
        self.audit = audit

    def hold(self, resource: str, *, agent: str = "", since: int | None = None) -> None:
        """Hold back the watch streams of a resource, so that caches become stale.

        Args:
            resource: `plural` or `plural.group`.
            agent: how the user agents of the clients begin that this is for; all by default.
            since: the version whose state a stream begins with that asks for the initial state, as from a server whose
                watch cache is behind; by default the present one.
        """
        self._hub.hold(storage_key(resource), Hold(agent, since))

    def release(self, resource: str) -> None:
        """Send the events that were held back."""
        self._hub.release(storage_key(resource))

    def drop(self, resource: str = "", agent: str = "") -> None:
        """End the watch streams of a resource, or all; those of one client or of all."""
        self._hub.drop(storage_key(resource) if resource else None, agent)

    def version(self) -> int:
        """Return the version of the newest change."""
        return self._store.version

    def changes(self, resource: str, since: int, *, namespace: str = "") -> list[int]:
        """Return the versions of the changes of a resource after a version, oldest first; in a namespace or in all."""
        found = self._store.collection(storage_key(resource)).since(since)
        return [change.version for change in found if namespace in ("", namespace_of(change.obj))]

    def compact(self) -> None:
        """Forget the history: watches from, and pages of, an older version answer 410."""
        self._store.compact()

    def initialize(self, resource: str) -> None:
        """Answer lists and watches of a resource with 429, as while the storage of a new one starts."""
        self._readiness.initialize(storage_key(resource), True)

    def initialized(self, resource: str) -> None:
        """Serve it again."""
        self._readiness.initialize(storage_key(resource), False)

    def fill_rights(self) -> None:
        """End the 403 of a server that is half started: it reads the roles and bindings."""
        self._policies.fill()

    def install_paths(self) -> None:
        """End the 503 of a server that is half started: it serves custom resources."""
        self._readiness.install_paths()

    def watches(self, resource: str = "") -> int:
        """Return the number of open watch streams."""
        return self._hub.count(storage_key(resource) if resource else None)


def storage_key(resource: str) -> GroupPlural:
    """("helm.fluxcd.io", "helmreleases") for `helmreleases.helm.fluxcd.io`, ("", "secrets") for `secrets`."""
    plural, _, group = resource.partition(".")
    return group, plural


class HookHandler:
    """The hooks over HTTP."""

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks

    async def handle(self, request: web.Request, body: bytes) -> web.Response:
        """Answer one request.

        Raises:
            PlainError: 404 if the path is not a hook.
        """
        action, resource = request.path.removeprefix(HOOK_PREFIX), request.query.get("resource", "")
        if request.method == "GET" and action == "audit":
            since = int(request.query.get("since", "0"))
            entries = [asdict(entry) for entry in self._hooks.audit.entries()[since:]]
            return web.Response(body=encode(entries), content_type="application/json")
        if request.method == "GET" and action == "watches":
            return web.json_response(self._hooks.watches(resource))
        if request.method != "POST":
            raise page_not_found()
        if resource and action in (about := self._about_resources()):
            about[action](resource)
        elif action in (others := self._others()):
            others[action]()
        else:
            raise page_not_found()
        return web.json_response({})

    def _about_resources(self) -> dict[str, Callable[[str], None]]:
        hooks = self._hooks
        return {
            "hold": hooks.hold,
            "release": hooks.release,
            "drop": hooks.drop,
            "initialize": hooks.initialize,
            "initialized": hooks.initialized,
        }

    def _others(self) -> dict[str, Callable[[], None]]:
        hooks = self._hooks
        return {
            "drop": hooks.drop,
            "compact": hooks.compact,
            "fill-rights": hooks.fill_rights,
            "install-paths": hooks.install_paths,
        }
