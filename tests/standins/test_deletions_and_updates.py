"""How the stand-ins react to notifications: their handlers, called directly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from controller.cache import DeletedFinalStateUnknown
from hack.standins.engine_double import EngineDouble
from hack.standins.git.mirrors import MirrorTimes
from hack.standins.helm_operator.operator import HelmOperator, Options
from hack.standins.helm_operator.resource import HelmRelease
from hack.standins.plays import Plays
from tests.standins.memory_client import MemoryClient

PLAYS = Plays(seconds={}, failing=[])


class Calls:
    """The calls of the operator's handler, in order."""

    def __init__(self, operator: HelmOperator, monkeypatch: pytest.MonkeyPatch) -> None:
        self.operator = operator
        self.made: list[str] = []
        monkeypatch.setattr(operator._syncer, "uninstall", lambda hr: self._made("uninstall", hr))
        monkeypatch.setattr(operator._charts, "refresh", lambda hr: self._made("refresh", hr))
        monkeypatch.setattr(operator._queue, "add", lambda key: self.made.append(f"sync {key}"))

    def _made(self, what: str, hr: HelmRelease) -> None:
        self.made.append(f"{what} {hr.key} of {hr.obj['metadata']['uid']}")


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Calls:
    client: Any = MemoryClient()
    options = Options(folder=tmp_path, mirror=MirrorTimes(delay=1, retry=1, poll=1), plays=PLAYS)
    return Calls(HelmOperator(client=client, options=options), monkeypatch)


def obj(*, uid: str = "1", status: str = "", annotation: str = "", **spec: Any) -> dict[str, Any]:
    metadata = {"name": "run", "namespace": "ns", "uid": uid, "annotations": {"a": annotation}}
    return {"metadata": metadata, "spec": spec, "status": {"phase": status}}


def test_its_own_status_writes_do_not_cause_a_sync(calls: Calls) -> None:
    calls.operator.on_update(obj(), obj(status="Succeeded"))
    assert calls.made == []


def test_a_resync_an_annotation_or_a_new_spec_does(calls: Calls) -> None:
    same = obj()
    calls.operator.on_update(same, same)
    calls.operator.on_update(obj(), obj(status="Failed", annotation="new"))
    calls.operator.on_update(obj(), obj(timeout=1))
    assert calls.made == ["sync ns/run"] * 3


def test_a_new_chart_source_is_fetched_before_it_is_synced(calls: Calls) -> None:
    calls.operator.on_update(obj(chart={"ref": "a"}), obj(chart={"ref": "b"}))
    assert calls.made == ["refresh ns/run of 1", "sync ns/run"]


def test_a_deletion_is_an_uninstall(calls: Calls) -> None:
    calls.operator.on_delete(obj())
    assert calls.made == ["uninstall ns/run of 1"]


def test_the_double_reports_no_deletion_that_it_did_not_see(calls: Calls) -> None:
    calls.operator.on_delete(DeletedFinalStateUnknown("ns/run", obj()))
    assert calls.made == []


def test_another_object_under_the_same_name_is_a_deletion_and_a_creation(calls: Calls) -> None:
    calls.operator.on_update(obj(uid="1"), obj(uid="2"))
    assert calls.made == ["uninstall ns/run of 1", "sync ns/run"]


def test_the_double_does_not_miss_a_deletion() -> None:
    client: Any = MemoryClient()
    double = EngineDouble(client=client, plays=PLAYS)
    for index in (1, 2):
        client.objects["secrets", "ns", f"sh.helm.release.v1.{index}.v1"] = {"metadata": {}}
    double.on_update(obj(uid="1", releaseName="1"), obj(uid="2", releaseName="other"))
    double._process("ns/run")
    double.on_delete(DeletedFinalStateUnknown("ns/run", obj(releaseName="2")))
    double._process("ns/run")
    assert [key[2] for key in client.objects] == []
