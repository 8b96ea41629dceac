"""Forwards watches, each under a plan that can be changed while it is open."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, replace

from aiohttp import web

from hack.faultproxy.connections import finish
from hack.faultproxy.counters import Counters
from hack.faultproxy.decision import Decider, WatchPlan
from hack.faultproxy.faults import CutWatch, DelayWatch, DropWatch, Ending, HalfOpenWatch, Match, Request
from hack.faultproxy.lines import lines
from hack.faultproxy.upstream import UpstreamAnswer, UpstreamLost
from hack.faultproxy.watchstep import Cut, Drop, Send, Wait, next_step

INSERTED = "watch-insert"


@dataclass(frozen=True, slots=True)
class _Held:
    """A line and when it came; no line: the server's end of the watch, in which way."""

    since: float
    line: bytes = b""
    end: Ending | None = None


class Watch:
    """One watch: a reader that holds what comes from the server, and a writer that takes the steps of the plan."""

    def __init__(self, *, described: Request, plan: WatchPlan, counters: Counters) -> None:
        self.described = described
        self._plan = plan
        self._order: WatchPlan | None = None
        self._counters = counters
        self._held: deque[_Held] = deque()
        self._woken = asyncio.Event()
        self._frozen = False
        self._silent = False
        self._sent = 0

    def follow(self, plan: WatchPlan) -> None:
        """Follow this plan from now on; an earlier order to end the watch remains in force."""
        self._plan = plan
        self._woken.set()

    def drop(self, ending: Ending) -> None:
        self._order = replace(self._plan, lifetime=0.0, ending=ending)
        self._woken.set()

    def cut(self, ending: Ending) -> None:
        """The next line will be the last, and only half of it."""
        self._order = replace(self._plan, cut_after=0, cut_ending=ending)
        self._woken.set()

    def insert(self, line: bytes) -> None:
        """Forward this line as if it came from the server now."""
        self._counters.add(INSERTED)
        self._hold(line=line)

    def freeze(self, frozen: bool) -> None:
        self._frozen = frozen
        self._woken.set()

    async def run(
        self, request: web.BaseRequest, response: web.StreamResponse, answer: UpstreamAnswer
    ) -> web.StreamResponse:
        """Forward `answer` until the watch ends, in whichever way."""
        loop = asyncio.get_running_loop()
        opened = loop.time()
        reader = loop.create_task(self._read(answer))
        try:
            while True:
                self._woken.clear()
                plan = self._order or self._plan
                if plan.half_open and not self._silent:
                    self._silent = True
                    self._counters.add(HalfOpenWatch.kind)
                    # Discard what the server sends on a half-open connection; holding it would only fill memory.
                    reader.cancel()
                step = next_step(
                    plan,
                    now=loop.time(),
                    opened=opened,
                    oldest=self._held[0].since if self._held else None,
                    sent=self._sent,
                    silent=self._silent,
                    frozen=self._frozen,
                )
                match step:
                    case Wait(until=until):
                        await self._pause(None if until is None else until - loop.time())
                    case Drop():
                        self._counters.add(DropWatch.kind)
                        return finish(request, response, plan.ending)
                    case Send() | Cut():
                        held = self._held.popleft()
                        if held.end is not None:
                            return finish(request, response, held.end)
                        if isinstance(step, Cut):
                            self._counters.add(CutWatch.kind)
                            await response.write(held.line[: len(held.line) // 2])
                            return finish(request, response, plan.cut_ending)
                        await response.write(held.line)
                        self._sent += 1
        finally:
            reader.cancel()
            await asyncio.wait([reader])

    async def _read(self, answer: UpstreamAnswer) -> None:
        ending = Ending.CLOSE
        try:
            # Other encodings (protobuf) have no lines; they pass in the pieces in which they come.
            async for line in lines(answer.chunks()) if answer.is_json else answer.chunks():
                if self._plan.delay > 0:
                    self._counters.add(DelayWatch.kind)
                self._hold(line=line)
            ending = Ending.END
        except UpstreamLost:
            self._counters.add("upstream-lost")
        finally:
            self._hold(end=ending)

    def _hold(self, *, line: bytes = b"", end: Ending | None = None) -> None:
        self._held.append(_Held(asyncio.get_running_loop().time(), line, end))
        self._woken.set()

    async def _pause(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return


class OpenWatches:
    """All watches that are open now."""

    def __init__(self, *, counters: Counters) -> None:
        self._counters = counters
        self._watches: set[Watch] = set()

    def __len__(self) -> int:
        return len(self._watches)

    async def forward(
        self, request: web.BaseRequest, described: Request, plan: WatchPlan, answer: UpstreamAnswer
    ) -> web.StreamResponse:
        """Forward the answer to the watch that `request` opened, whose headers have not been sent yet."""
        watch = Watch(described=described, plan=plan, counters=self._counters)
        self._watches.add(watch)
        try:
            answer.headers.popall("Content-Length", None)
            response = web.StreamResponse(status=answer.status, reason=answer.reason, headers=answer.headers)
            await response.prepare(request)
            self._counters.add("watches")
            return await watch.run(request, response, answer)
        finally:
            self._watches.discard(watch)

    def decide_again(self, decider: Decider) -> None:
        for watch in self._watches:
            watch.follow(decider.decide(watch.described).watch)

    def freeze(self, frozen: bool) -> None:
        for watch in self._watches:
            watch.freeze(frozen)

    def drop(self, match: Match, ending: Ending) -> int:
        """End those that match, now; returns how many."""
        matching = self._matching(match)
        for watch in matching:
            watch.drop(ending)
        return len(matching)

    def cut(self, match: Match, ending: Ending) -> int:
        """Cut the next line of those that match; returns how many."""
        matching = self._matching(match)
        for watch in matching:
            watch.cut(ending)
        return len(matching)

    def insert(self, match: Match, line: bytes) -> int:
        """Forward a line to those that match; returns how many."""
        matching = self._matching(match)
        for watch in matching:
            watch.insert(line)
        return len(matching)

    def _matching(self, match: Match) -> list[Watch]:
        return [watch for watch in self._watches if match.meets(watch.described)]
