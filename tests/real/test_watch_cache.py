"""What a real API server's watch cache answers to each way of asking for a resourceVersion."""

from __future__ import annotations

from typing import Any

import pytest

from controller.apimachinery.errors import Expired, ServerError, StatusError, status_error
from controller.apimachinery.resources import CONFIG_MAPS
from controller.client import Client
from tests.integration.support.clusters import Cluster
from tests.integration.support.waiting import eventually
from tests.real.support.config_maps import THREE, maps, put
from tests.real.support.versions import ANCIENT, FUTURE


def test_the_initial_state_is_streamed_and_its_end_is_marked(any_cluster: Cluster, namespace: str) -> None:
    watch = any_cluster.client.watch(
        CONFIG_MAPS,
        namespace=namespace,
        send_initial_events=True,
        resource_version_match="NotOlderThan",
        timeout_seconds=30,
    )
    seen: list[dict[str, Any]] = []
    with watch as events:
        for event in events:
            if event["type"] == "BOOKMARK":
                break
            assert event["type"] == "ADDED"
            seen.append(event["object"])
    assert maps(seen) == THREE
    assert event["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert int(event["object"]["metadata"]["resourceVersion"]) >= max(
        int(obj["metadata"]["resourceVersion"]) for obj in seen
    )


def test_a_list_is_never_older_than_asked(any_cluster: Cluster, namespace: str) -> None:
    read = any_cluster.client.list
    assert maps(read(CONFIG_MAPS, namespace=namespace)["items"]) == THREE
    for number in range(20):
        version = put(any_cluster, namespace, "map-3", number=str(number))
        page = read(CONFIG_MAPS, namespace=namespace, resource_version=version, resource_version_match="NotOlderThan")
        [newest] = [item for item in page["items"] if item["metadata"]["name"] == "map-3"]
        assert newest["data"] == {"number": str(number)}
        assert int(page["metadata"]["resourceVersion"]) >= int(version)


def test_any_version_may_be_old_but_is_a_whole_state(any_cluster: Cluster, namespace: str) -> None:
    def read() -> set[str]:
        return maps(any_cluster.client.list(CONFIG_MAPS, namespace=namespace, resource_version="0")["items"])

    eventually(lambda: read() == THREE, "the cache has the state")


def test_pages_are_of_one_version(any_cluster: Cluster, namespace: str) -> None:
    first = any_cluster.client.list(CONFIG_MAPS, namespace=namespace, limit=1)
    put(any_cluster, namespace, "map-3")
    token = first["metadata"]["continue"]
    rest = any_cluster.client.list(CONFIG_MAPS, namespace=namespace, limit=500, continue_token=token)
    assert maps(first["items"] + rest["items"]) == THREE
    assert rest["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


def test_a_watch_from_an_ancient_version_is_refused_as_expired(any_cluster: Cluster, namespace: str) -> None:
    with pytest.raises(Expired):
        _first_error(any_cluster.client, namespace, ANCIENT)


def test_a_version_that_does_not_exist_yet_is_known_as_such(any_cluster: Cluster, namespace: str) -> None:
    with pytest.raises(ServerError) as caught:
        any_cluster.client.list(
            CONFIG_MAPS, namespace=namespace, resource_version=FUTURE, resource_version_match="NotOlderThan"
        )
    assert caught.value.version_too_large
    with pytest.raises(StatusError) as refused:
        _first_error(any_cluster.client, namespace, FUTURE, send_initial_events=True)
    assert refused.value.version_too_large


def test_a_bookmark_shows_how_far_a_silent_watch_has_come(any_cluster: Cluster, namespace: str) -> None:
    client = any_cluster.client
    version = client.list(CONFIG_MAPS, namespace=namespace)["metadata"]["resourceVersion"]
    elsewhere = any_cluster.name("elsewhere")
    any_cluster.create_namespace(elsewhere)
    written = int(put(any_cluster, elsewhere, "map-0"))

    def bookmarks() -> list[int]:
        # The server sends one in the two seconds before it ends the watch. A busy one can miss them. Its controllers
        # add a ConfigMap of their own to each namespace, soon or late.
        watch = client.watch(
            CONFIG_MAPS,
            namespace=namespace,
            field_selector="metadata.name=map-0",
            resource_version=version,
            timeout_seconds=4,
        )
        with watch as events:
            seen = list(events)
        assert {event["type"] for event in seen} <= {"BOOKMARK"}
        return [int(event["object"]["metadata"]["resourceVersion"]) for event in seen]

    assert max(eventually(bookmarks, "a bookmark came")) >= written


def _first_error(client: Client, namespace: str, version: str, *, send_initial_events: bool = False) -> None:
    """Open a watch; raises the error with which the server refuses it, at once or as its first event."""
    watch = client.watch(
        CONFIG_MAPS,
        namespace=namespace,
        resource_version=version,
        resource_version_match="NotOlderThan" if send_initial_events else None,
        send_initial_events=send_initial_events,
        timeout_seconds=5,
    )
    with watch as events:
        for event in events:
            if event["type"] == "ERROR":
                raise status_error(event["object"]["code"], event["object"])
