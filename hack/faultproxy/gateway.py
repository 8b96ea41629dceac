"""What happens to each request: describe it, decide, then do what was decided. The only place where faults take
effect on requests; those on watches are in `watches`."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from aiohttp import web

from hack.faultproxy import answers
from hack.faultproxy.connections import finish
from hack.faultproxy.counters import Counters
from hack.faultproxy.decision import Decider
from hack.faultproxy.exchange import Exchange, Witness
from hack.faultproxy.faults import Answer, Ending, Latency, Request, ResetAfter, ResetBefore
from hack.faultproxy.upstream import Upstream, UpstreamAnswer, UpstreamLost
from hack.faultproxy.watches import OpenWatches


class Gateway:
    """Handles every request of every client."""

    def __init__(self, *, upstream: Upstream, counters: Counters, watches: OpenWatches, witness: Witness) -> None:
        self._upstream = upstream
        self._witness = witness
        self._counters = counters
        self._watches = watches
        self._decider = Decider()
        self._thawed = asyncio.Event()
        self._thawed.set()

    def follow(self, decider: Decider) -> None:
        """Apply these rules from now on, to open watches too."""
        self._decider = decider
        self._watches.decide_again(decider)

    def freeze(self, frozen: bool) -> None:
        if frozen:
            self._thawed.clear()
        else:
            self._thawed.set()
        self._watches.freeze(frozen)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        # aiohttp needs a return value even for an aborted connection, and discards it.
        aborted = web.Response()
        try:
            return await self._handle(request, aborted)
        except UpstreamLost:
            # The proxy acts as a wire, not as a gateway: an unreachable server looks unreachable to the client too.
            self._counters.add("upstream-lost")
            return finish(request, aborted, Ending.RESET)
        except ConnectionError:
            # The client went away while it was being written to.
            return aborted

    async def _handle(self, request: web.Request, aborted: web.Response) -> web.StreamResponse:
        await self._pass_when_thawed()
        described = describe(request)
        self._counters.add("requests")
        decision = self._decider.decide(described)
        if decision.latency > 0:
            self._counters.add(Latency.kind)
            await asyncio.sleep(decision.latency)
        if isinstance(decision.verdict, ResetBefore):
            self._counters.add(ResetBefore.kind)
            return finish(request, aborted, Ending.RESET)
        body = await request.read()
        if isinstance(decision.verdict, Answer):
            self._counters.add(f"{Answer.kind}-{decision.verdict.code}")
            headers, text = answers.headers_and_body(decision.verdict)
            return web.Response(status=decision.verdict.code, headers=headers, body=text)
        async with self._upstream.forward(request, body, plain=described.watch) as answer:
            self._witness(exchange(request, body, answer.status))
            if isinstance(decision.verdict, ResetAfter):
                if not described.watch:
                    async for _ in answer.chunks():
                        pass
                self._counters.add(ResetAfter.kind)
                return finish(request, aborted, Ending.RESET)
            await self._pass_when_thawed()
            if described.watch and answer.status == HTTPStatus.OK:
                return await self._watches.forward(request, described, decision.watch, answer)
            return await self._forward(request, answer)

    async def _pass_when_thawed(self) -> None:
        # The proxy may freeze again before this request resumes, so check again.
        while not self._thawed.is_set():
            self._counters.add("frozen")
            await self._thawed.wait()

    async def _forward(self, request: web.Request, answer: UpstreamAnswer) -> web.StreamResponse:
        response = web.StreamResponse(status=answer.status, reason=answer.reason, headers=answer.headers)
        await response.prepare(request)
        async for chunk in answer.chunks():
            await response.write(chunk)
        return response


def exchange(request: web.Request, body: bytes, status: int) -> Exchange:
    """A request and how the server took it."""
    return Exchange(
        method=request.method,
        path=request.path,
        query=dict(request.query),
        headers=request.headers,
        body=body,
        status=status,
    )


def describe(request: web.Request) -> Request:
    """What rules can see of the request. `watch` is read as kube-apiserver reads it: anything but false and 0."""
    watch = request.query.get("watch")
    return Request(
        method=request.method,
        path=request.path,
        user_agent=request.headers.get("User-Agent", ""),
        watch=watch is not None and watch.lower() not in ("false", "0"),
    )
