"""etcd is compacted, as each API server does every five minutes: old versions and continue tokens expire."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from controller.apimachinery.errors import Expired
from controller.apimachinery.resources import CONFIG_MAPS
from controller.cache.listwatch import Collection
from controller.cache.pager import Pages
from tests.integration.support.clusters import Cluster
from tests.integration.support.waiting import eventually
from tests.real.support.config_maps import THREE, maps, put
from tests.real.support.hands import compaction_seconds
from tests.real.support.informers import observed_informer

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def seconds() -> float:
    """How often the server compacts."""
    return compaction_seconds()


def compacted(cluster: Cluster, namespace: str, version: str, seconds: float) -> None:
    """Wait until the server can no longer list a version. It compacts only what is older than a later write."""

    def expired() -> bool:
        put(cluster, namespace, "busy", version=version)
        try:
            cluster.client.list(CONFIG_MAPS, resource_version=version, resource_version_match="Exact")
        except Expired:
            return True
        return False

    eventually(expired, f"version {version} is compacted", deadline=4 * seconds + 30.0)


@pytest.mark.timeout(300)
def test_a_list_whose_token_expires_is_read_from_the_beginning(
    any_cluster: Cluster, namespace: str, seconds: float
) -> None:
    pages = Pages(
        client=any_cluster.client, collection=Collection(CONFIG_MAPS, namespace), minimum_version="", page_size=1
    )
    found: list[dict[str, Any]] = []
    restarts = 0

    def start_over() -> None:
        nonlocal restarts
        restarts += 1
        found.clear()

    for item in pages.read(start_over=start_over):
        if not found and not restarts:
            version = put(any_cluster, namespace, "map-3")
            compacted(any_cluster, namespace, version, seconds)
        found.append(item)
    assert restarts == 1
    assert maps(found) == THREE | {"map-3"}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("streams", [True, False], ids=["streamed", "listed"])
def test_the_copy_is_right_after_a_compaction_during_an_outage(
    any_cluster: Cluster, namespace: str, tmp_path: Path, seconds: float, streams: bool
) -> None:
    with observed_informer(any_cluster, namespace, tmp_path, streams=streams) as informer:
        informer.shows_changes()
        informer.cut_off()
        any_cluster.client.delete(CONFIG_MAPS, "map-1", namespace=namespace)
        compacted(any_cluster, namespace, put(any_cluster, namespace, "map-3"), seconds)
        informer.let_through()
        eventually(lambda: informer.names() == {"map-0", "map-2", "map-3"}, "the copy is right")
        informer.shows_changes()
