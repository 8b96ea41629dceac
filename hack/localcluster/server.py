"""One running server: the parts wired together on an event loop."""

from __future__ import annotations

import asyncio

from aiohttp import web

from .audit import AuditLog
from .auth import Authenticator
from .controllers.aggregation import AggregationController
from .controllers.definitions import DefinitionController
from .controllers.garbage import GarbageCollector
from .controllers.manager import ControllerManager
from .controllers.namespaces import NamespaceController
from .controllers.rollouts import RolloutController
from .discovery.handler import DiscoveryHandler
from .hooks import HookHandler, Hooks
from .http.app import ApiServer
from .http.resources import ResourceHandler
from .options import Options
from .registry.catalog import Catalog
from .registry.registry import Registry
from .storage.store import Store
from .watch.hub import WatchHub

# Watches never end by themselves: a server that stops tells them to, and waits no longer than this for stragglers.
_SHUTDOWN_SECONDS = 0.5


class Server:
    """Serves a store until stopped. The store outlives the server: that is a restart with state.

    Args:
        port: where to listen, 0 for any.
    """

    def __init__(
        self, *, options: Options, store: Store, authenticator: Authenticator, audit: AuditLog, port: int
    ) -> None:
        self._options = options
        self._port = port
        catalog = Catalog()
        registry = Registry(store, catalog)
        self._hub = WatchHub(store)
        self._controllers = ControllerManager(registry)
        namespaces = NamespaceController(registry, self._controllers.later, report_delay=options.namespace_report_delay)
        self._controllers.add(DefinitionController(registry).react)
        self._controllers.add(namespaces.react)
        self._controllers.add(GarbageCollector(registry).react)
        self._controllers.add(AggregationController(registry).react)
        if options.rollouts:
            self._controllers.add(RolloutController(registry).react)
        namespaces.bootstrap()
        self.hooks = Hooks(store=store, hub=self._hub, audit=audit)
        api = ApiServer(
            catalog=catalog,
            resources=ResourceHandler(registry, self._hub, options),
            discovery=DiscoveryHandler(catalog),
            hooks=HookHandler(self.hooks),
            authenticator=authenticator,
            audit=audit,
        )
        self._runner = web.AppRunner(
            api.application(), access_log=None, handle_signals=False, shutdown_timeout=_SHUTDOWN_SECONDS
        )

    async def start(self) -> int:
        """Listen; gives the port."""
        self._controllers.start(asyncio.get_running_loop())
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._options.host, self._port, reuse_address=True)
        await site.start()
        port: int = self._runner.addresses[0][1]
        return port

    async def stop(self) -> None:
        """End all watches and stop listening."""
        self._hub.drop()
        await self._runner.cleanup()
        self._controllers.stop()
        self._hub.detach()
