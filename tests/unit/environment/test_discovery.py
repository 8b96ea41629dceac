"""What the cluster serves: asked once for all who want to know at the same time, and again soon."""

import pytest

from controller.apimachinery.errors import ConnectionLost
from controller.apimachinery.resources import Resource
from controller.environment.discovery import KEPT, Discovery

VERBS = ["create", "get", "patch"]
DEPLOYMENTS = Resource("apps", "v1", "deployments", "Deployment", namespaced=True)


def _entry(name, kind, *, namespaced=True, verbs=VERBS):
    return {"name": name, "kind": kind, "namespaced": namespaced, "verbs": verbs}


class _Client:
    def __init__(self):
        self.asked = []
        self.served = {
            "apps/v1": (_entry("deployments", "Deployment"), _entry("deployments/status", "Deployment")),
            "v1": (_entry("nodes", "Node", namespaced=False), _entry("bindings", "Binding", verbs=["create"])),
        }

    def api_resources(self, group_version):
        self.asked.append(group_version)
        if isinstance(answer := self.served.get(group_version, ()), Exception):
            raise answer
        return answer


def _discovery():
    client, time = _Client(), [100.0]
    return client, time, Discovery(client=client, now=lambda: time[0])


def test_manageable_kinds_of_a_group_version_are_returned():
    _, _, discovery = _discovery()

    assert discovery.served("apps/v1") == {DEPLOYMENTS}
    assert discovery.served("v1") == {Resource("", "v1", "nodes", "Node", namespaced=False)}
    assert discovery.served("unknown/v1") == frozenset()


def test_an_answer_is_cached_for_a_while():
    client, time, discovery = _discovery()
    discovery.served("apps/v1")
    time[0] += KEPT - 0.1
    discovery.served("apps/v1")

    assert client.asked == ["apps/v1"]


def test_a_new_kind_is_found_soon():
    client, time, discovery = _discovery()
    assert not discovery.served("new/v1")
    client.served["new/v1"] = (_entry("things", "Thing"),)
    time[0] += KEPT

    assert discovery.served("new/v1") == {Resource("new", "v1", "things", "Thing", namespaced=True)}


def test_a_failure_is_raised_and_not_cached():
    client, _, discovery = _discovery()
    client.served["apps/v1"] = ConnectionLost("reset")
    with pytest.raises(ConnectionLost):
        discovery.served("apps/v1")
    client.served["apps/v1"] = (_entry("deployments", "Deployment"),)

    assert discovery.served("apps/v1") == {DEPLOYMENTS}
