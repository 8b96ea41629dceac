"""Puts the parts together in one event loop: the port, the gateway behind it, and what may be changed at run time."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from types import TracebackType

from aiohttp import web

from hack.faultproxy import control
from hack.faultproxy.connections import Port, reset
from hack.faultproxy.counters import Counters
from hack.faultproxy.decision import Decider
from hack.faultproxy.exchange import Witness
from hack.faultproxy.faults import Ending, Match, Rule
from hack.faultproxy.gateway import Gateway
from hack.faultproxy.kubeconfig import Target
from hack.faultproxy.settings import Settings
from hack.faultproxy.upstream import Upstream
from hack.faultproxy.watches import OpenWatches


class Server:
    """The proxy, inside an event loop. Use as an async context manager, and call from that loop only."""

    def __init__(
        self,
        *,
        target: Target,
        port: Port,
        control_port: Port | None,
        tls: ssl.SSLContext | None,
        counters: Counters,
        witness: Witness,
    ) -> None:
        self.counters = counters
        self.settings = Settings()
        self._watches = OpenWatches(counters=counters)
        self._upstream = Upstream(target)
        self._gateway = Gateway(upstream=self._upstream, counters=counters, watches=self._watches, witness=witness)
        self._port = port
        self._control_port = control_port
        self._tls = tls
        self._stack = AsyncExitStack()
        self._runner: web.AppRunner | None = None
        self._site: web.SockSite | None = None

    async def __aenter__(self) -> Server:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._upstream)
            # No limit on bodies: that is for the server to decide.
            application = web.Application(client_max_size=0)
            application.router.add_route("*", "/{path:.*}", self._gateway.handle)
            self._runner = await self._run(application, stack)
            stack.callback(self._reset_connections)
            await self._accept()
            if self._control_port is not None:
                runner = await self._run(control.application(self), stack)
                await web.SockSite(runner, self._control_port.listener()).start()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @property
    def open_watches(self) -> int:
        return len(self._watches)

    async def apply(self, settings: Settings) -> None:
        """Replace the settings as a whole."""
        await self.follow(settings.rules, settings.seed)
        await self.freeze(settings.frozen)
        await self.refuse(settings.refusing)

    async def follow(self, rules: Sequence[Rule], seed: int) -> None:
        """Replace the rules, for open watches too. Restarts the chances and the counts of `times`."""
        self.settings = replace(self.settings, rules=tuple(rules), seed=seed)
        self._gateway.follow(Decider(rules=rules, seed=seed))

    async def freeze(self, frozen: bool) -> None:
        self.settings = replace(self.settings, frozen=frozen)
        self._gateway.freeze(frozen)

    async def refuse(self, refusing: bool) -> None:
        self.settings = replace(self.settings, refusing=refusing)
        if not refusing:
            await self._accept()
        elif self._site is not None:
            await self._site.stop()
            self._site = None
            self._reset_connections()

    async def drop_watches(self, match: Match, ending: Ending) -> int:
        """End the open watches that match, now; returns how many."""
        return self._watches.drop(match, ending)

    async def cut_watches(self, match: Match, ending: Ending) -> int:
        """Cut the next line of the open watches that match; returns how many."""
        return self._watches.cut(match, ending)

    async def insert_line(self, match: Match, line: bytes) -> int:
        """Forward a line to the open watches that match, as if the server had sent it; returns how many."""
        return self._watches.insert(match, line)

    async def _run(self, application: web.Application, stack: AsyncExitStack) -> web.AppRunner:
        runner = web.AppRunner(application, handler_cancellation=True, access_log=None)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        return runner

    async def _accept(self) -> None:
        assert self._runner is not None
        if self._site is None:
            self._site = web.SockSite(self._runner, self._port.listener(), ssl_context=self._tls)
            await self._site.start()

    def _reset_connections(self) -> None:
        assert self._runner is not None
        assert self._runner.server is not None
        for connection in self._runner.server.connections:
            reset(connection.transport)
