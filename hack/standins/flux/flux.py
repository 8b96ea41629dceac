"""Both controllers in one program, with the folder that they share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from controller.apimachinery.objects import Object
from controller.apimachinery.resources import SECRETS, Resource
from controller.cache import Backoff, DeletedFinalStateUnknown, Informer
from controller.client import Client
from controller.client.config import Connection
from hack.standins.flux.artifacts import Artifacts
from hack.standins.flux.charts import Charts
from hack.standins.flux.helm_controller import HelmController
from hack.standins.flux.loop import Pace
from hack.standins.flux.resources import CONFIG_MAPS, WATCH_SELECTOR
from hack.standins.flux.source_controller import SourceController
from hack.standins.git.commands import Git
from hack.standins.helm.engine import HelmEngine
from hack.standins.plays import Plays


class _Part(Protocol):
    def start(self) -> None: ...

    def has_synced(self) -> bool: ...

    def stop(self, timeout: float) -> object: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How the stand-in behaves; times in seconds, defaults as the originals'.

    Attributes:
        folder: for mirrors, artifacts and charts; must exist.
        namespace: the only one to look at; "": all.
        git_rewrites: (prefix, replacement) of repository URLs.
        engine_timeout: for one rendering.
        longest_interval: no `interval` or `retryInterval` counts as longer.
        requeue_dependency: until a chart that is not ready is looked at again, unless it changes before.
        pace: workers of each controller, and its back-off.
        plays: durations and failures of operations.
    """

    folder: Path
    namespace: str = ""
    git_rewrites: Sequence[tuple[str, str]] = ()
    git_timeout: float = 60.0
    engine_timeout: float = 60.0
    longest_interval: float = float("inf")
    requeue_dependency: float = 30.0
    pace: Pace
    plays: Plays


class Flux:
    """`start` once, `stop` once."""

    def __init__(self, *, client: Client, connection: Connection, options: Options) -> None:
        """`connection`: for clients that act as service accounts."""
        self._stop = threading.Event()
        self._engine = HelmEngine(timeout=options.engine_timeout)
        artifacts = Artifacts(
            git=Git(home=options.folder, timeout=options.git_timeout),
            folder=options.folder,
            rewrites=options.git_rewrites,
        )
        self._charts = Charts(
            artifacts=artifacts,
            source=lambda key: self._source.loop.cached(key),
            folder=options.folder / "charts",
            plays=options.plays,
            parse=self._engine.parse,
        )
        self._source = SourceController(
            client=client,
            artifacts=artifacts,
            plays=options.plays,
            pace=options.pace,
            longest=options.longest_interval,
            namespace=options.namespace,
            changed=self._charts.source_changed,
        )
        helm = HelmController(
            client=client,
            connection=connection,
            charts=self._charts,
            engine=self._engine,
            plays=options.plays,
            pace=options.pace,
            longest=options.longest_interval,
            requeue_dependency=options.requeue_dependency,
            namespace=options.namespace,
            pause=self._stop.wait,
        )
        configs = [
            _watched(client, resource, options.namespace, helm.config_changed) for resource in (CONFIG_MAPS, SECRETS)
        ]
        self._parts: tuple[_Part, ...] = (*configs, self._source.loop, helm.loop)

    def start(self) -> None:
        """Begin, in threads of its own."""
        self._charts.start()
        for part in self._parts:
            part.start()

    def has_synced(self) -> bool:
        """Whether everything that existed at the start has been seen."""
        return all(part.has_synced() for part in self._parts)

    def stop(self, timeout: float) -> None:
        """End; what is under way is finished without its remaining delays, within about `timeout` seconds."""
        self._stop.set()
        for part in self._parts:
            part.stop(timeout)
        self._charts.stop(timeout)
        self._engine.close()


def _watched(client: Client, resource: Resource, namespace: str, changed: Callable[[str, Object], None]) -> Informer:
    """Watches the objects of a kind that carry the label by which values ask for it."""
    informer = Informer(
        client=client,
        resource=resource,
        namespace=namespace,
        label_selector=WATCH_SELECTOR,
        backoff=Backoff(maximum=1.0),
    )
    informer.add_handler(_Changes(resource.kind, changed), name=f"flux-{resource.plural}")
    return informer


class _Changes:
    """An informer's handler that treats all changes alike."""

    def __init__(self, kind: str, changed: Callable[[str, Object], None]) -> None:
        self._kind = kind
        self._changed = changed

    def on_add(self, obj: Object) -> None:
        self._changed(self._kind, obj)

    def on_update(self, _old: Object, new: Object) -> None:
        self._changed(self._kind, new)

    def on_delete(self, obj: Object | DeletedFinalStateUnknown) -> None:
        self._changed(self._kind, obj.obj if isinstance(obj, DeletedFinalStateUnknown) else obj)
