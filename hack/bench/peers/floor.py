"""The floor: for each environment the bare sequence of writes, when the watches say that it is time for the next one.

It keeps no cache, decides nothing, repeats nothing and survives nothing. What it costs, every controller costs.
"""

from __future__ import annotations

import argparse
import http.client
import json
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from controller.api.environment import FINALIZER
from hack.bench.peers import shapes
from hack.bench.server import Server, load

WORKERS = 4
_CONFLICTS = (http.client.NOT_FOUND, http.client.CONFLICT)


class Api:
    """One connection to the API server, for one thread. Raises OSError for unexpected answers."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._connection = server.connect()

    def write(self, method: str, path: str, body: Any = None) -> None:
        """Send a write. Ignores that something is gone already, or being deleted."""
        content = shapes.MERGE if method == "PATCH" else "application/json"
        headers = {**self._server.headers, "Content-Type": content}
        self._connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        response = self._connection.getresponse()
        answer = response.read()
        if response.status >= http.client.BAD_REQUEST and response.status not in _CONFLICTS:
            raise OSError(f"{method} {path}: {response.status} {answer[:300]!r}")

    def events(self, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Watch a collection, beginning with what exists. Yields the type of each event, and its object."""
        self._connection.request("GET", f"{path}?watch=true", headers=self._server.headers)
        for line in self._connection.getresponse():
            event = json.loads(line)
            yield event["type"], event["object"]


class Floor:
    """The three watches, and the queue of writes that they fill."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._jobs: queue.SimpleQueue[Callable[[Api], None]] = queue.SimpleQueue()
        # Environment -> the generation that was carried out last.
        self._done: dict[str, int] = {}
        self._deleting: set[str] = set()
        # Environment -> the generation of the release that was reported last.
        self._reported: dict[str, int] = {}

    def start(self) -> None:
        """Start everything, in daemon threads."""
        for path, see in (
            (shapes.ENVIRONMENTS, self._environment),
            (shapes.RELEASES, self._release),
            (shapes.NAMESPACES, self._namespace),
        ):
            threading.Thread(target=self._watch, args=(path, see), daemon=True).start()
        for _ in range(WORKERS):
            threading.Thread(target=self._work, daemon=True).start()

    def _watch(self, path: str, see: Callable[[str, dict[str, Any]], None]) -> None:
        for type_, obj in Api(self._server).events(path):
            see(type_, obj)

    def _work(self) -> None:
        api = Api(self._server)
        while True:
            job = self._jobs.get()
            job(api)

    def _environment(self, type_: str, obj: dict[str, Any]) -> None:
        name, generation, spec = obj["metadata"]["name"], obj["metadata"]["generation"], obj["spec"]
        if type_ == "DELETED":
            self._done.pop(name, None)
            self._reported.pop(name, None)
            self._deleting.discard(name)
        elif obj["metadata"].get("deletionTimestamp"):
            if name not in self._deleting and shapes.is_held(obj):
                self._deleting.add(name)
                self._jobs.put(lambda api: _delete(api, name))
        elif (obj.get("status") or {}).get("observedGeneration") == generation:
            self._done[name] = generation
        elif self._done.get(name) != generation:
            self._done[name] = generation
            step = _update if shapes.is_held(obj) else _create
            self._jobs.put(lambda api: step(api, name, spec))

    def _release(self, type_: str, obj: dict[str, Any]) -> None:
        name, generation = obj["metadata"]["namespace"], shapes.deployed_generation(obj)
        environment = self._done.get(name)
        if generation and environment and self._reported.get(name) != generation:
            self._reported[name] = generation
            if type_ == "ADDED":
                return  # it was deployed before this process began
            path = f"{shapes.environment_path(name)}/status"
            self._jobs.put(lambda api: api.write("PATCH", path, shapes.status(environment)))

    def _namespace(self, type_: str, obj: dict[str, Any]) -> None:
        name = obj["metadata"]["name"]
        if type_ == "DELETED" and name in self._deleting:
            self._jobs.put(lambda api: api.write("PATCH", shapes.environment_path(name), shapes.finalizers()))


def _create(api: Api, name: str, spec: Any) -> None:
    api.write("PATCH", shapes.environment_path(name), shapes.finalizers(FINALIZER))
    api.write("POST", shapes.NAMESPACES, shapes.namespace(name))
    api.write("POST", shapes.releases_path(name), shapes.release(name, spec))


def _update(api: Api, name: str, spec: Any) -> None:
    api.write("PATCH", shapes.release_path(name), shapes.release_values(spec))


def _delete(api: Api, name: str) -> None:
    api.write("DELETE", shapes.release_path(name))
    api.write("DELETE", shapes.namespace_path(name))


def main() -> int:
    """Run until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, required=True)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    Floor(load(parser.parse_args().kubeconfig, user_agent="floor")).start()
    print("ready", flush=True)
    stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
