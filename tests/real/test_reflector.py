"""The reflector on a real server: states streamed and listed, watches dropped, versions that the server lacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.apimachinery.resources import CONFIG_MAPS
from tests.integration.support.clusters import Cluster
from tests.integration.support.waiting import eventually
from tests.real.support.config_maps import THREE, put
from tests.real.support.informers import observed_informer
from tests.real.support.versions import ANCIENT, FUTURE

BOTH_WAYS = pytest.mark.parametrize("streams", [True, False], ids=["streamed", "listed"])


@BOTH_WAYS
def test_the_copy_is_whole_and_follows(any_cluster: Cluster, namespace: str, tmp_path: Path, streams: bool) -> None:
    with observed_informer(any_cluster, namespace, tmp_path, streams=streams) as informer:
        assert informer.names() == THREE
        informer.shows_changes()
        put(any_cluster, namespace, "map-3")
        any_cluster.client.delete(CONFIG_MAPS, "map-1", namespace=namespace)
        eventually(lambda: informer.names() == {"map-0", "map-2", "map-3"}, "the copy follows")
        asked = informer.client.asked
        assert asked == (["initial state"] if streams else ["list"] * (len(asked) - 1) + ["watch"])
        assert streams or len(asked) > 2, "the list had one page only"


@BOTH_WAYS
def test_a_dropped_watch_continues_where_it_was(
    any_cluster: Cluster, namespace: str, tmp_path: Path, streams: bool
) -> None:
    with observed_informer(any_cluster, namespace, tmp_path, streams=streams) as informer:
        before = len(informer.client.asked)
        for _ in range(5):
            informer.shows_changes()
            informer.drop_watch()
        informer.shows_changes()
        assert set(informer.client.asked[before:]) <= {"watch"}


@BOTH_WAYS
def test_a_watch_from_an_expired_version_leads_to_a_new_state(
    any_cluster: Cluster, namespace: str, tmp_path: Path, streams: bool
) -> None:
    with observed_informer(any_cluster, namespace, tmp_path, streams=streams) as informer:
        informer.shows_changes()
        before = len(informer.client.asked)
        informer.client.mislead(ANCIENT)
        informer.drop_watch()
        informer.shows_changes()
        assert informer.client.asked[before : before + 2] == ["watch", "initial state" if streams else "list"]


@BOTH_WAYS
def test_a_state_of_the_future_is_not_waited_for(
    any_cluster: Cluster, namespace: str, tmp_path: Path, streams: bool
) -> None:
    with observed_informer(any_cluster, namespace, tmp_path, streams=streams) as informer:
        informer.shows_changes()
        before = len(informer.client.asked)
        # The watch is refused, and the new state is asked for from a version that there will never be.
        informer.client.mislead(ANCIENT, FUTURE)
        informer.drop_watch()
        informer.shows_changes()
        state = "initial state" if streams else "list"
        assert informer.client.asked[before : before + 3] == ["watch", state, state]
