"""ConfigMaps, as objects of which anybody may have many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from controller.client import PatchType
from tests.integration.support.clusters import CONFIG_MAPS, Cluster

THREE = frozenset({"map-0", "map-1", "map-2"})


def put(cluster: Cluster, namespace: str, name: str, **data: str) -> str:
    """Create or change a ConfigMap. Returns its resourceVersion."""
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}
    written = cluster.client.patch(CONFIG_MAPS, name, body, namespace=namespace, patch_type=PatchType.APPLY, force=True)
    return str(written["metadata"]["resourceVersion"])


def maps(items: Iterable[Mapping[str, Any]]) -> set[str]:
    """The names of the test's ConfigMaps: a real cluster puts one of its own into each namespace."""
    return {name for item in items if (name := str(item["metadata"]["name"])).startswith("map-")}
