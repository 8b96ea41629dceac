"""Watches: where they begin, what passes a selector, bookmarks, and how they end."""

from __future__ import annotations

from typing import Any

import pytest

from hack.localcluster import LocalCluster, Options
from tests.localcluster.samples import CONFIG_MAPS, config_map
from tests.localcluster.support import Api


def _version(api: Api) -> str:
    version: str = api.get(CONFIG_MAPS).body["metadata"]["resourceVersion"]
    return version


def _seen(event: dict[str, Any]) -> tuple[str, str]:
    return event["type"], event["object"]["metadata"]["name"]


def test_a_watch_from_a_version_replays_what_came_after_it(api: Api) -> None:
    api.post(CONFIG_MAPS, config_map("before"))
    version = _version(api)
    api.post(CONFIG_MAPS, config_map("after"))
    api.delete(f"{CONFIG_MAPS}/after")
    with api.watch(f"{CONFIG_MAPS}?watch=1&resourceVersion={version}") as watch:
        assert [_seen(watch.next()), _seen(watch.next())] == [("ADDED", "after"), ("DELETED", "after")]


def test_every_event_carries_a_version_of_its_own(api: Api) -> None:
    version = _version(api)
    api.post(CONFIG_MAPS, config_map("a"))
    api.merge(f"{CONFIG_MAPS}/a", {"data": {"a": "2"}})
    api.delete(f"{CONFIG_MAPS}/a")
    with api.watch(f"{CONFIG_MAPS}?watch=1&resourceVersion={version}") as watch:
        versions = [int(watch.next()["object"]["metadata"]["resourceVersion"]) for _ in range(3)]
    assert versions == sorted(set(versions))
    assert versions[0] > int(version)


def test_an_object_enters_and_leaves_a_selector(api: Api) -> None:
    with api.watch(f"{CONFIG_MAPS}?watch=1&labelSelector=tier=a&resourceVersion={_version(api)}") as watch:
        api.post(CONFIG_MAPS, config_map("c"))
        api.merge(f"{CONFIG_MAPS}/c", {"metadata": {"labels": {"tier": "a"}}})
        api.merge(f"{CONFIG_MAPS}/c", {"data": {"a": "2"}})
        left = api.merge(f"{CONFIG_MAPS}/c", {"metadata": {"labels": {"tier": "b"}}, "data": {"a": "3"}})
        events = [watch.next() for _ in range(3)]
    assert [_seen(event) for event in events] == [("ADDED", "c"), ("MODIFIED", "c"), ("DELETED", "c")]
    gone = events[-1]["object"]
    assert gone["data"] == {"a": "2"}, "it is shown as it was when it was still selected"
    assert gone["metadata"]["resourceVersion"] == left.body["metadata"]["resourceVersion"]


def test_a_watch_of_one_object_does_not_see_others(api: Api) -> None:
    with api.watch(f"{CONFIG_MAPS}?watch=1&fieldSelector=metadata.name=b&resourceVersion={_version(api)}") as watch:
        api.post(CONFIG_MAPS, config_map("a"))
        api.post(CONFIG_MAPS, config_map("b"))
        assert _seen(watch.next()) == ("ADDED", "b")


def test_a_watch_ends_at_its_timeout(api: Api) -> None:
    with api.watch(f"{CONFIG_MAPS}?watch=1&resourceVersion={_version(api)}&timeoutSeconds=1") as watch:
        assert list(watch) == []


def test_a_compacted_version_is_answered_with_a_410_event(local_cluster: LocalCluster, api: Api) -> None:
    version = _version(api)
    api.post(CONFIG_MAPS, config_map("a"))
    local_cluster.compact()
    with api.watch(f"{CONFIG_MAPS}?watch=1&resourceVersion={version}") as watch:
        (event,) = list(watch)
    assert event["type"] == "ERROR"
    assert (event["object"]["code"], event["object"]["reason"]) == (410, "Expired")
    assert event["object"]["message"].startswith(f"too old resource version: {version} (")


def test_the_history_forgets_the_oldest_changes_first() -> None:
    with LocalCluster(Options(history_limit=2)) as cluster, Api(cluster) as api:
        version = _version(api)
        for name in "abc":
            api.post(CONFIG_MAPS, config_map(name))
        with api.watch(f"{CONFIG_MAPS}?watch=1&resourceVersion={version}") as watch:
            assert watch.next()["object"]["code"] == 410
        first = api.get(f"{CONFIG_MAPS}/a").body["metadata"]["resourceVersion"]
        with api.watch(f"{CONFIG_MAPS}?watch=1&resourceVersion={first}") as watch:
            assert [_seen(watch.next()), _seen(watch.next())] == [("ADDED", "b"), ("ADDED", "c")]


def test_bookmarks_show_how_far_the_stream_is() -> None:
    with LocalCluster(Options(bookmark_interval=0.05)) as cluster, Api(cluster) as api:
        path = f"{CONFIG_MAPS}?watch=1&allowWatchBookmarks=true&resourceVersion={_version(api)}"
        with api.watch(path) as watch:
            api.post("/api/v1/namespaces/default/secrets", {"metadata": {"name": "elsewhere"}})
            latest = _version(api)
            event = watch.next()
            while event["object"]["metadata"]["resourceVersion"] != latest:
                event = watch.next()
    assert event["type"] == "BOOKMARK"
    assert event["object"]["kind"] == "ConfigMap"


def test_no_bookmark_comes_unasked() -> None:
    with (
        LocalCluster(Options(bookmark_interval=0.05)) as cluster,
        Api(cluster) as api,
        api.watch(f"{CONFIG_MAPS}?watch=1&resourceVersion={_version(api)}&timeoutSeconds=1") as watch,
    ):
        assert list(watch) == []


def test_initial_events_end_with_a_marked_bookmark(api: Api) -> None:
    api.post(CONFIG_MAPS, config_map("a"))
    query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    with api.watch(f"{CONFIG_MAPS}?{query}") as watch:
        assert _seen(watch.next()) == ("ADDED", "a")
        bookmark = watch.next()
        assert bookmark["type"] == "BOOKMARK"
        assert bookmark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
        assert bookmark["object"]["metadata"]["resourceVersion"] == _version(api)
        api.post(CONFIG_MAPS, config_map("b"))
        assert _seen(watch.next()) == ("ADDED", "b")


@pytest.mark.parametrize("form", ["Table", "PartialObjectMetadata"])
def test_a_watch_shows_its_objects_in_the_form_asked_for(local_cluster: LocalCluster, api: Api, form: str) -> None:
    api.post(CONFIG_MAPS, config_map("a"))
    path = f"{CONFIG_MAPS}?watch=1&timeoutSeconds=1"
    answer = api.get(path, accept=f"application/json;as={form};g=meta.k8s.io;v=v1")
    assert answer.body["object"]["kind"] == form


def test_a_watched_table_describes_its_columns_once(api: Api) -> None:
    for name in "ab":
        api.post(CONFIG_MAPS, config_map(name))
    accept = "application/json;as=Table;g=meta.k8s.io;v=v1"
    with api.watch(f"{CONFIG_MAPS}?watch=1", accept=accept) as watch:
        first, second = watch.next()["object"], watch.next()["object"]
    assert [column["name"] for column in first["columnDefinitions"]] == ["Name", "Data", "Age"]
    assert second["columnDefinitions"] is None
    assert second["rows"][0]["cells"][:2] == ["b", 1]


def test_dropped_watches_end_and_held_ones_fall_behind(local_cluster: LocalCluster, api: Api) -> None:
    version = _version(api)
    with api.watch(f"{CONFIG_MAPS}?watch=1&resourceVersion={version}") as watch:
        local_cluster.hold("configmaps")
        api.post(CONFIG_MAPS, config_map("late"))
        assert local_cluster.watches("configmaps") == 1
        local_cluster.drop_watches()
        assert list(watch) == [], "a held stream hands nothing out, not even at its end"
    with api.watch(f"{CONFIG_MAPS}?watch=1&resourceVersion={version}") as watch:
        local_cluster.release("configmaps")
        assert _seen(watch.next()) == ("ADDED", "late")


def test_only_the_watches_of_one_client_are_held_and_dropped(local_cluster: LocalCluster, api: Api) -> None:
    with api.watch(f"{CONFIG_MAPS}?watch=1&resourceVersion={_version(api)}") as watch:
        local_cluster.call(lambda: local_cluster.hooks.hold("configmaps", agent="another"))
        local_cluster.call(lambda: local_cluster.hooks.drop("configmaps", agent="another"))
        api.post(CONFIG_MAPS, config_map("seen"))
        assert _seen(watch.next()) == ("ADDED", "seen")


def test_a_held_watch_can_begin_with_an_older_state(local_cluster: LocalCluster, api: Api) -> None:
    api.post(CONFIG_MAPS, config_map("old"))
    since = local_cluster.call(local_cluster.hooks.version)
    api.post(CONFIG_MAPS, config_map("new"))
    local_cluster.call(lambda: local_cluster.hooks.hold("configmaps", since=since))
    query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    with api.watch(f"{CONFIG_MAPS}?{query}") as watch:
        assert _seen(watch.next()) == ("ADDED", "old")
        assert watch.next()["object"]["metadata"]["resourceVersion"] == str(since)
        local_cluster.release("configmaps")
        assert _seen(watch.next()) == ("ADDED", "new")


def test_a_watch_whose_client_went_away_is_forgotten(local_cluster: LocalCluster, api: Api) -> None:
    with api.watch(f"{CONFIG_MAPS}?watch=1&resourceVersion={_version(api)}"):
        assert local_cluster.watches() == 1
    api.post(CONFIG_MAPS, config_map("a"))
    api.until("/_test/watches", lambda answer: answer.body == 0)
