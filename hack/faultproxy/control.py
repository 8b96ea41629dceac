"""The faults of a running proxy over HTTP, on a port of their own: it must answer while the proxy is frozen or refuses.

GET /_faults shows the settings, the counters and how many watches are open; PUT replaces the settings, and what is left
out goes back to its default, so that `{}` heals everything. POST /_faults/drop-watches and /_faults/cut-watches act on
the watches that are open now; their body may have `match` and `ending`.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from hack.faultproxy import codec
from hack.faultproxy.faults import Ending, Match

if TYPE_CHECKING:
    from hack.faultproxy.server import Server

PATH = "/_faults"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def application(server: Server) -> web.Application:
    """The pages for `server`."""

    def shown() -> web.Response:
        return web.json_response(
            {
                **codec.settings_to(server.settings),
                "counters": server.counters.snapshot(),
                "openWatches": server.open_watches,
            }
        )

    async def show(_: web.Request) -> web.Response:
        return shown()

    async def replace(request: web.Request) -> web.Response:
        await server.apply(codec.settings_from(await _body(request)))
        return shown()

    def on_watches(act: Callable[[Match, Ending], Awaitable[int]], ending: Ending) -> Handler:
        async def handle(request: web.Request) -> web.Response:
            match, wanted = codec.order_from(await _body(request), ending)
            return web.json_response({"watches": await act(match, wanted)})

        return handle

    app = web.Application(middlewares=[_refuse_what_is_wrong])
    app.router.add_get(PATH, show)
    app.router.add_put(PATH, replace)
    app.router.add_post(f"{PATH}/drop-watches", on_watches(server.drop_watches, Ending.END))
    app.router.add_post(f"{PATH}/cut-watches", on_watches(server.cut_watches, Ending.CLOSE))
    return app


@web.middleware
async def _refuse_what_is_wrong(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ValueError as error:
        return web.json_response({"error": str(error)}, status=400)


async def _body(request: web.Request) -> Any:
    return json.loads(await request.read() or b"{}")
