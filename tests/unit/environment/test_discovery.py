"""What the cluster serves: asked once for all who want to know at the same time, and again soon."""

import pytest

from controller.apimachinery.errors import ConnectionLost
from controller.environment.discovery import KEPT, Discovery


class _Client:
    def __init__(self):
        self.asked = []
        self.served = {"apps/v1": ({"name": "deployments"}, {"name": "deployments/status"})}

    def api_resources(self, group_version):
        self.asked.append(group_version)
        if isinstance(answer := self.served.get(group_version, ()), Exception):
            raise answer
        return answer


def _discovery():
    client, time = _Client(), [100.0]
    return client, time, Discovery(client=client, now=lambda: time[0])


def test_the_plural_names_of_a_group_version_are_told():
    _, _, discovery = _discovery()

    assert discovery.served("apps/v1") == {"deployments", "deployments/status"}
    assert discovery.served("unknown/v1") == frozenset()


def test_an_answer_serves_everybody_for_a_while():
    client, time, discovery = _discovery()
    discovery.served("apps/v1")
    time[0] += KEPT - 0.1
    discovery.served("apps/v1")

    assert client.asked == ["apps/v1"]


def test_what_appears_is_found_soon():
    client, time, discovery = _discovery()
    assert not discovery.served("new/v1")
    client.served["new/v1"] = ({"name": "things"},)
    time[0] += KEPT

    assert discovery.served("new/v1") == {"things"}


def test_a_failure_is_told_and_not_kept():
    client, _, discovery = _discovery()
    client.served["apps/v1"] = ConnectionLost("reset")
    with pytest.raises(ConnectionLost):
        discovery.served("apps/v1")
    client.served["apps/v1"] = ({"name": "deployments"},)

    assert discovery.served("apps/v1") == {"deployments"}
