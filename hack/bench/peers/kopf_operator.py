"""The same job as a kopf operator, as its documentation teaches it: handlers for changes, and one session for requests.

`kopf run -m hack.bench.peers.kopf_operator`, with $KUBECONFIG. It is simpler than the controller: no policy, no
TronadorConfig, no drift, no rights of its own in a namespace, and it trusts the memory of one process.
"""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
import kopf

from controller.api.environment import ENVIRONMENT_LABEL, FINALIZER
from hack.bench.peers import shapes
from hack.bench.server import load

_KIND = "environmentprovisioners.tronador.stakater.com"
_GONE = (404, 409)


class Api:
    """Requests over aiohttp's connections. Raises kopf.TemporaryError for unexpected answers."""

    def __init__(self) -> None:
        server = load(Path(os.environ["KUBECONFIG"]), user_agent="kopf-operator")
        self._url = server.url
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=server.tls, limit=0), headers=server.headers
        )

    async def write(self, method: str, path: str, body: Any = None) -> None:
        """Send a write. Ignores that something exists, is gone, or is being deleted."""
        headers = {"Content-Type": shapes.MERGE} if method == "PATCH" else {}
        async with self._session.request(method, self._url + path, json=body, headers=headers) as response:
            if response.status >= 400 and response.status not in _GONE:
                raise kopf.TemporaryError(f"{method} {path}: {response.status} {await response.text()}", delay=1)

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()


@kopf.on.startup()
async def start(settings: kopf.OperatorSettings, memo: kopf.Memo, **_: Any) -> None:
    """Open the session, and use the controller's finalizer, so that either can clean up after the other."""
    settings.persistence.finalizer = FINALIZER
    memo.api = Api()
    # Environment -> its generation that was carried out last.
    memo.generations = {}
    # Environment -> the generation of its release that was reported last.
    memo.reported = {}
    memo.gone = defaultdict(asyncio.Event)


@kopf.on.cleanup()
async def stop(memo: kopf.Memo, **_: Any) -> None:
    """Close the session."""
    await memo.api.close()


@kopf.on.resume(_KIND)
async def resume(name: str, meta: Mapping[str, Any], memo: kopf.Memo, **_: Any) -> None:
    """Remember an environment that was there before this process."""
    memo.generations[name] = meta["generation"]


@kopf.on.create(_KIND)
async def create(name: str, spec: Any, meta: Mapping[str, Any], memo: kopf.Memo, **_: Any) -> None:
    """Make the namespace and the release."""
    memo.generations[name] = meta["generation"]
    await memo.api.write("POST", shapes.NAMESPACES, shapes.namespace(name))
    await memo.api.write("POST", shapes.releases_path(name), shapes.release(name, dict(spec)))


@kopf.on.update(_KIND, field="spec")
async def update(name: str, spec: Any, meta: Mapping[str, Any], memo: kopf.Memo, **_: Any) -> None:
    """Give the release the new values."""
    memo.generations[name] = meta["generation"]
    await memo.api.write("PATCH", shapes.release_path(name), shapes.release_values(dict(spec)))


@kopf.on.delete(_KIND)
async def delete(name: str, memo: kopf.Memo, **_: Any) -> None:
    """Delete the release and the namespace, and wait until the namespace is gone."""
    await memo.api.write("DELETE", shapes.release_path(name))
    await memo.api.write("DELETE", shapes.namespace_path(name))
    await memo.gone[name].wait()
    for remembered in (memo.generations, memo.reported, memo.gone):
        remembered.pop(name, None)


@kopf.on.event("helm.fluxcd.io", "v1", "helmreleases", labels={ENVIRONMENT_LABEL: kopf.PRESENT})
async def see_release(namespace: str | None, body: kopf.Body, event: kopf.RawEvent, memo: kopf.Memo, **_: Any) -> None:
    """Report a deployed release in the status of its environment."""
    assert namespace is not None, "releases are namespaced"
    generation = shapes.deployed_generation(dict(body))
    environment = memo.generations.get(namespace)
    if generation and environment and memo.reported.get(namespace) != generation:
        memo.reported[namespace] = generation
        if event["type"] is None:
            return  # it was deployed before this process began
        path = f"{shapes.environment_path(namespace)}/status"
        await memo.api.write("PATCH", path, shapes.status(environment))


@kopf.on.event("namespaces", labels={ENVIRONMENT_LABEL: kopf.PRESENT})
async def see_namespace(name: str, event: kopf.RawEvent, memo: kopf.Memo, **_: Any) -> None:
    """Let the environment go whose namespace is gone."""
    if event["type"] == "DELETED":
        memo.gone[name].set()
