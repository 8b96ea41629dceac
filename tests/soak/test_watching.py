"""The soak's own watches deliver what the server has, also after it was away."""

import threading

import pytest

from controller.apimachinery.resources import CONFIG_MAPS
from controller.client import Client, config
from hack.bench import server
from hack.localcluster import LocalCluster
from hack.soak.watching import Sink, Watch

DEADLINE = 20.0


class Recorder:
    """Keeps what a watch delivers."""

    def __init__(self):
        self.lines = []
        self._changed = threading.Condition()

    def sink(self):
        return Sink(
            lambda kind, version, items: self._add("listed", *sorted(one["metadata"]["name"] for one in items)),
            lambda kind, type_, obj: self._add(type_, obj["metadata"]["name"]),
            lambda kind, version: None,
        )

    def _add(self, *line):
        with self._changed:
            self.lines.append(line)
            self._changed.notify_all()

    def wait_for(self, line):
        with self._changed:
            assert self._changed.wait_for(lambda: line in self.lines, DEADLINE), (line, self.lines)


def config_map(name, **labels):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": labels}}


@pytest.fixture
def bed():
    with LocalCluster() as cluster:
        client = Client(connection=config.load(kubeconfig=str(cluster.kubeconfig)), user_agent="test")
        recorder = Recorder()
        where = server.load(cluster.kubeconfig, user_agent="test")
        watch = Watch(where, CONFIG_MAPS, "config map", recorder.sink(), selector="wanted=yes")
        yield cluster, client, recorder, watch
        watch.stop()
        client.close()


def test_a_watch_lists_and_then_delivers_each_change_that_its_selector_matches(bed):
    _, client, recorder, watch = bed
    client.create(CONFIG_MAPS, config_map("before", wanted="yes"), namespace="default")
    watch.start()
    recorder.wait_for(("listed", "before"))
    client.create(CONFIG_MAPS, config_map("other"), namespace="default")
    client.create(CONFIG_MAPS, config_map("after", wanted="yes"), namespace="default")
    client.delete(CONFIG_MAPS, "after", namespace="default")
    recorder.wait_for(("DELETED", "after"))

    assert recorder.lines == [("listed", "before"), ("ADDED", "after"), ("DELETED", "after")]


def test_a_watch_continues_when_the_server_was_away(bed):
    cluster, client, recorder, watch = bed
    watch.start()
    recorder.wait_for(("listed",))
    client.create(CONFIG_MAPS, config_map("first", wanted="yes"), namespace="default")
    recorder.wait_for(("ADDED", "first"))
    cluster.stop()
    cluster.restart(keep_history=False)
    client.create(CONFIG_MAPS, config_map("second", wanted="yes"), namespace="default")

    recorder.wait_for(("ADDED", "second"))
    assert recorder.lines == [("listed",), ("ADDED", "first"), ("ADDED", "second")]


def test_a_watch_lists_again_when_its_version_is_too_old(bed):
    cluster, client, recorder, watch = bed
    client.create(CONFIG_MAPS, config_map("first", wanted="yes"), namespace="default")
    cluster.hooks.compact()
    # As after a long time without the server.
    watch._version = 1
    watch.start()

    recorder.wait_for(("listed", "first"))
