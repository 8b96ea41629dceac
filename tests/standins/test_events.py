"""Events of the stand-ins: what is said again is counted."""

from typing import Any

from hack.standins.events import Events
from hack.standins.helm_operator.resource import HELM_RELEASES
from tests.standins.memory_client import MemoryClient

RELEASE = {"metadata": {"name": "run", "namespace": "environment", "uid": "1"}}


def test_events_repeat_by_counting() -> None:
    memory = MemoryClient()
    client: Any = memory
    events = Events(client=client, component="helm-operator", about=HELM_RELEASES)
    for _ in range(3):
        events.emit(RELEASE, "Warning", "FailedReleaseSync", "same words")
    events.emit(RELEASE, "Normal", "ReleaseSynced", "other words")
    written = [obj for key, obj in memory.objects.items() if key[0] == "events"]
    assert [(event["reason"], event["count"]) for event in written] == [("FailedReleaseSync", 3), ("ReleaseSynced", 1)]
    assert written[0]["involvedObject"]["uid"] == "1"
    assert written[0]["involvedObject"]["kind"] == "HelmRelease"


def test_a_forgotten_object_starts_with_a_new_event() -> None:
    memory = MemoryClient()
    client: Any = memory
    events = Events(client=client, component="helm-operator", about=HELM_RELEASES)
    events.emit(RELEASE, "Normal", "ReleaseSynced", "words")
    events.forget("1")
    events.emit(RELEASE, "Normal", "ReleaseSynced", "words")
    assert [obj["count"] for key, obj in memory.objects.items() if key[0] == "events"] == [1, 1]
