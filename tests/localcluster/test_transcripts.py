"""Conversations recorded from a real kube-apiserver, replayed against the local cluster.

Every request of a file is sent in order to a fresh cluster; whole answers are compared after blanking what must differ
from run to run (resourceVersions, UIDs, times, the manager in managedFields, continue tokens, counters, the server's
own address). Values that later requests refer to (a UID in a precondition, a version to watch from, a continue token)
are translated from the recorded run to this one.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from hack.localcluster import LocalCluster, Options
from hack.paths import ROOT
from tests.localcluster.support import DEADLINE_SECONDS, Answer, Api, Watch

_FOLDER = ROOT / "tests/fixtures/transcripts"
_FILES = sorted(_FOLDER.glob("*.json"))
_WRITES_PER_WATCH = 3
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
_COUNTER = re.compile(r"(current: |record \(|version: )\d+")
# How long the recorded watches lasted says nothing: every event of theirs came at once.
_PATIENCE = re.compile(r"\b(timeoutSeconds=)\d+")
_TAG = re.compile(r"\b([a-z][a-z0-9]*)T\b")
_RUN_TAG = "run7"
# The recorded server's storage could not report progress, so it refused sendInitialEvents.
_OPTIONS = {"watch_initial_events": Options(initial_events=False)}

Json = Any


@pytest.mark.parametrize("file", _FILES, ids=lambda file: file.stem)
def test_the_local_cluster_answers_as_the_real_server_did(file: Path) -> None:
    exchanges = json.loads(_TAG.sub(rf"\1{_RUN_TAG}", file.read_text()))
    with LocalCluster(_OPTIONS.get(file.stem)) as cluster, Api(cluster) as api:
        _install_definition(api)
        _Replay(api, exchanges).run()


def _install_definition(api: Api) -> None:
    definition = yaml.safe_load((_FOLDER / "crd.yaml").read_text())
    answer = api.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition)
    assert answer.code == 201, answer
    group, version = definition["spec"]["group"], definition["spec"]["versions"][0]["name"]
    api.until(f"/apis/{group}/{version}", lambda found: found.code == 200)


class _Replay:
    """One conversation."""

    def __init__(self, api: Api, exchanges: list[Json]) -> None:
        self._api = api
        self._exchanges = exchanges
        self._known: dict[str, str] = {}
        self._watches: dict[int, Watch] = {}

    def run(self) -> None:
        for index, exchange in enumerate(self._exchanges):
            self._open_watch_due(index)
            if index in self._watches:
                self._check_events(index, exchange)
            else:
                self._check_answer(index, exchange)

    def _open_watch_due(self, index: int) -> None:
        """A watch was open while the writes recorded before it were made; one that writes nothing is opened in turn."""
        ahead = index + _WRITES_PER_WATCH
        for place in {index, ahead}:
            if place >= len(self._exchanges) or place in self._watches:
                continue
            exchange = self._exchanges[place]
            between = self._exchanges[index:place]
            writes = all(one["request"]["method"] != "GET" for one in between)
            recorded_early = place == ahead and writes and not _fails(exchange)
            if exchange["request"].get("watch") and (recorded_early or place == index):
                self._watches[place] = self._api.watch(self._translated(exchange["request"]["path"]))

    def _check_events(self, index: int, exchange: Json) -> None:
        recorded = exchange["response"]
        with self._watches[index] as watch:
            assert watch.code == recorded["status"]
            events = list(watch)
        assert _blanked(events) == _blanked(recorded["events"]), exchange["request"]

    def _check_answer(self, index: int, exchange: Json) -> None:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while True:
            answer = self._send(exchange["request"])
            problem = self._difference(answer, exchange["response"])
            if not problem or not exchange.get("poll") or time.monotonic() > deadline:
                break
            threading.Event().wait(0.01)
        assert not problem, f"exchange {index}, {exchange['request']}: {problem}"
        self._learn(exchange["response"].get("body"), answer.body)

    def _send(self, request: Json) -> Answer:
        return self._api.request(
            request["method"],
            self._translated(request["path"]),
            self._translated_body(request),
            content_type=request.get("contentType", ""),
            accept=request.get("accept", ""),
        )

    def _translated(self, text: str) -> str:
        """A path (or a body's text) with recorded UIDs, versions and tokens replaced by this run's."""
        for recorded, ours in sorted(self._known.items(), key=lambda pair: -len(pair[0])):
            text = re.sub(rf"(?<![\w-]){re.escape(recorded)}(?![\w-])", ours, text)
        return _PATIENCE.sub(r"\g<1>1", text).replace(" ", "%20")

    def _translated_body(self, request: Json) -> Json:
        if "body" not in request:
            return None
        return json.loads(json.dumps(request["body"]), object_hook=self._translated_object)

    def _translated_object(self, found: dict[str, Json]) -> dict[str, Json]:
        for key in ("uid", "resourceVersion"):
            if found.get(key) in self._known:
                found[key] = self._known[found[key]]
        return found

    def _difference(self, answer: Answer, recorded: Json) -> str:
        if answer.code != recorded["status"]:
            return f"status {answer.code} instead of {recorded['status']}: {answer.body}"
        ours, theirs = _blanked(answer.body), _blanked(recorded.get("body"))
        return "" if ours == theirs else f"\nours   {json.dumps(ours)}\ntheirs {json.dumps(theirs)}"

    def _learn(self, recorded: Json, ours: Json) -> None:
        for key, theirs, mine in _pairs(recorded, ours):
            if key in ("uid", "resourceVersion", "continue") and theirs:
                self._known[theirs] = mine


def _fails(exchange: Json) -> bool:
    events = exchange["response"].get("events") or [{}]
    return events[0].get("type") == "ERROR"


def _pairs(theirs: Json, mine: Json, key: str = "") -> Iterator[tuple[str, str, str]]:
    if isinstance(theirs, dict) and isinstance(mine, dict):
        for name in theirs.keys() & mine.keys():
            yield from _pairs(theirs[name], mine[name], name)
    elif isinstance(theirs, list) and isinstance(mine, list):
        for one, other in zip(theirs, mine, strict=False):
            yield from _pairs(one, other)
    elif isinstance(theirs, str) and isinstance(mine, str):
        yield key, theirs, mine


def _blanked(value: Json, key: str = "") -> Json:
    if isinstance(value, dict):
        return {_blanked_text(name): _blanked(item, name) for name, item in value.items()}
    if isinstance(value, list):
        items = [_blanked(item, key) for item in value]
        # Entries of managedFields are ordered by their times, which may fall into two seconds here and not there.
        return sorted(items, key=_sort_key) if key == "managedFields" else items
    if isinstance(value, str):
        if key in ("resourceVersion", "uid", "continue", "manager", "serverAddress"):
            return f"<{key}>"
        return _blanked_text(value)
    return value


def _sort_key(value: Json) -> str:
    return json.dumps(value, sort_keys=True)


def _blanked_text(text: str) -> str:
    text = _COUNTER.sub(r"\1<number>", _UUID.sub("<uid>", _TIME.sub("<time>", text)))
    return re.sub(r"^\d+s$", "<age>", text)
