"""One running server: the parts wired together on an event loop."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiohttp import web

from .audit import AuditLog
from .auth import Authenticator, Credentials
from .controllers.aggregation import AggregationController
from .controllers.definitions import DefinitionController
from .controllers.garbage import GarbageCollector
from .controllers.manager import ControllerManager
from .controllers.namespaces import NamespaceController
from .controllers.replicas import ReplicaController
from .controllers.rollouts import RolloutController
from .controllers.tokens import TokenController
from .discovery.handler import DiscoveryHandler
from .hooks import HookHandler, Hooks
from .http.app import ApiServer
from .http.resources import ResourceHandler
from .http.reviews import ReviewHandler
from .http.tokens import TokenHandler
from .options import Options
from .rbac.authorizer import Authorizer
from .rbac.bootstrap import bootstrap
from .rbac.feed import PolicyFeed
from .rbac.guard import WriteGuard
from .readiness import Readiness
from .registry.catalog import Catalog
from .registry.registry import Registry
from .storage.store import Store
from .watch.hub import WatchHub

# Watches do not end by themselves: a server that stops ends them, and waits at most this long (seconds).
_SHUTDOWN_SECONDS = 0.5


def credentials_of(options: Options) -> Credentials:
    """Return new credentials, or those beside the state file, so that clients of the kept state stay valid."""
    if not options.state_file:
        return Credentials()
    return Credentials.kept_in(Path(f"{options.state_file}.credentials"))


class Server:
    """Serves a store until stopped. A restart with state gives the same store to a new server.

    Args:
        port: where to listen, 0 for any.
        half_started: refuse all rights and serve no custom resources until the hooks end this state.
    """

    def __init__(
        self,
        *,
        options: Options,
        store: Store,
        credentials: Credentials,
        audit: AuditLog,
        port: int,
        half_started: bool = False,
    ) -> None:
        self._options = options
        self._port = port
        self._tls = credentials.server_context(options.host)
        catalog = Catalog()
        authenticator = Authenticator(credentials, store)
        self._policies = PolicyFeed(store, delay=options.rights_delay, filled=not half_started)
        authorizer = Authorizer(self._policies.effective)
        registry = Registry(store, catalog, WriteGuard(authorizer, self._policies.live))
        self._hub = WatchHub(store)
        self._controllers = ControllerManager(registry)
        namespaces = NamespaceController(registry, self._controllers.later, report_delay=options.namespace_report_delay)
        self._controllers.add(DefinitionController(registry).react)
        self._controllers.add(namespaces.react)
        self._controllers.add(GarbageCollector(registry).react)
        self._controllers.add(AggregationController(registry).react)
        self._controllers.add(TokenController(registry, credentials).react)
        if options.rollouts:
            self._controllers.add(RolloutController(registry, with_pods=options.pods).react)
        if options.pods:
            self._controllers.add(ReplicaController(registry).react)
        namespaces.bootstrap()
        bootstrap(registry)
        readiness = Readiness(catalog, paths_installed=not half_started)
        self.hooks = Hooks(store=store, hub=self._hub, audit=audit, readiness=readiness, policies=self._policies)
        self._api = ApiServer(
            catalog=catalog,
            resources=ResourceHandler(registry, self._hub, options),
            review_handler=ReviewHandler(registry, authorizer=authorizer, authenticator=authenticator),
            token_handler=TokenHandler(registry, credentials.signer),
            discovery=DiscoveryHandler(catalog),
            hooks=HookHandler(self.hooks),
            readiness=readiness,
            authenticator=authenticator,
            authorizer=authorizer,
            audit=audit,
        )
        self._runner = web.AppRunner(
            self._api.application(), access_log=None, handle_signals=False, shutdown_timeout=_SHUTDOWN_SECONDS
        )

    async def start(self) -> int:
        """Listen; gives the port."""
        loop = asyncio.get_running_loop()
        self._policies.start(loop)
        self._controllers.start(loop)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._options.host, self._port, reuse_address=True, ssl_context=self._tls)
        await site.start()
        port: int = self._runner.addresses[0][1]
        return port

    async def stop(self) -> None:
        """End all watches and stop listening."""
        self._api.close()
        self._hub.drop()
        await self._runner.cleanup()
        self._controllers.stop()
        self._policies.stop()
        self._hub.detach()
