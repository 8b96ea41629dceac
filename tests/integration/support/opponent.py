"""Somebody who undoes what the controller writes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from controller.apimachinery.errors import ApiError
from controller.apimachinery.resources import NAMESPACES
from controller.apimachinery.threads import start_thread
from tests.integration.support.clusters import Cluster
from tests.integration.support.waiting import DEADLINE


class Opponent:
    """A program that watches a namespace, and sets a label of it back at once."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        self._client = cluster.connect("opponent")
        self._name = name
        self._stop = threading.Event()
        self.moves = 0
        self._thread = start_thread("opponent", self._run)

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(DEADLINE)
        self._client.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                labels = self._client.get(NAMESPACES, self._name)["metadata"]["labels"]
                if labels.get("team") != "theirs":
                    self._client.patch(NAMESPACES, self._name, {"metadata": {"labels": {"team": "theirs"}}})
                    self.moves += 1
            except ApiError:
                pass
            self._stop.wait(0.01)


@contextmanager
def opposing(cluster: Cluster, name: str) -> Iterator[Opponent]:
    """An opponent that works on the namespace `name` meanwhile."""
    opponent = Opponent(cluster, name)
    try:
        yield opponent
    finally:
        opponent.stop()
