"""An informer of a real server, which a test can mislead and cut off."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from controller.cache import Informer, ReflectorSettings
from controller.cache.backoff import Backoff
from controller.client import Client
from controller.client.stream import WatchStream
from hack.faultproxy.proxy import FaultProxy
from tests.integration.support.clusters import CONFIG_MAPS, Cluster, proxied
from tests.integration.support.waiting import DEADLINE, eventually
from tests.real.support.accounts import as_user
from tests.real.support.config_maps import maps, put


class MisledClient:
    """A client that writes down what the informer asks for, and can send another version than the informer wants.

    Attributes:
        asked: `list`, `initial state` or `watch`, in the order of the requests.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._instead: list[str] = []
        self.asked: list[str] = []

    def mislead(self, *versions: str) -> None:
        """Let the next requests that name a version name these."""
        self._instead = [*versions]

    def list(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        self.asked.append("list")
        return self._client.list(*args, **self._misled(kwargs))

    def watch(self, *args: Any, **kwargs: Any) -> WatchStream:
        self.asked.append("initial state" if kwargs.get("send_initial_events") else "watch")
        return self._client.watch(*args, **self._misled(kwargs))

    def _misled(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        if self._instead and kwargs.get("resource_version"):
            kwargs["resource_version"] = self._instead.pop(0)
        return kwargs


class ObservedInformer:
    """An informer of the ConfigMaps of a namespace, behind a proxy that can end its watches."""

    def __init__(
        self, cluster: Cluster, namespace: str, *, client: MisledClient, informer: Informer, proxy: FaultProxy
    ) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._informer = informer
        self._proxy = proxy
        self.client = client

    def shows_changes(self, deadline: float = DEADLINE) -> None:
        """Wait until the copy shows what is changed now."""
        version = put(self._cluster, self._namespace, "map-0", number=str(len(self.client.asked)))

        def shown() -> bool:
            found = self._informer.store.get(f"{self._namespace}/map-0")
            return found is not None and str(found["metadata"]["resourceVersion"]) == version

        eventually(shown, lambda: f"the copy is current; asked: {self.client.asked}", deadline=deadline)

    def names(self) -> set[str]:
        """The names in the copy."""
        return maps(self._informer.store.list())

    def drop_watch(self) -> None:
        """End the watch, and wait until the informer asks for something again."""
        before = len(self.client.asked)
        eventually(self._proxy.drop_watches, "a watch was ended")
        eventually(lambda: len(self.client.asked) > before, "the informer asks again")

    def cut_off(self) -> None:
        """Let the informer reach nothing."""
        self._proxy.refuse()

    def let_through(self) -> None:
        """Let it reach the server again."""
        self._proxy.accept()


@contextmanager
def observed_informer(cluster: Cluster, namespace: str, folder: Path, *, streams: bool) -> Iterator[ObservedInformer]:
    """An informer with its initial state; `streams`: whether it asks for a stream of that, or for a list."""
    with ExitStack() as stack:
        proxy, kubeconfig = stack.enter_context(proxied(cluster.kubeconfig, folder))
        client = MisledClient(stack.enter_context(as_user(kubeconfig)))
        settings = ReflectorSettings(watch_list=streams, page_size=2, short_watch=0.0)
        informer = Informer(
            client=client,
            resource=CONFIG_MAPS,
            namespace=namespace,
            settings=settings,
            backoff=Backoff(initial=0.05, maximum=0.5),
        )
        stack.callback(lambda: informer.stop(DEADLINE))
        informer.start()
        eventually(informer.has_synced, "the initial state is there")
        yield ObservedInformer(cluster, namespace, client=client, informer=informer, proxy=proxy)
