"""From each earlier release to this version, in a cluster that the earlier one has left, while people push commits."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from controller.api import flux
from controller.api.environment import APPLIED_LABELS_ANNOTATION, ENVIRONMENTS, PULL_REQUEST_ANNOTATION
from controller.api.helm_operator import HELM_RELEASES
from controller.api.rbac import ROLE_BINDINGS
from controller.api.tronador_config import TRONADOR_CONFIGS
from controller.apimachinery.resources import CONFIG_MAPS, NAMESPACES, SECRETS, SERVICE_ACCOUNTS, Resource
from hack.standins.flux.double import FluxDouble
from tests.faults.support.replicas import ELECTION
from tests.integration.support.clusters import (
    ROOT,
    Cluster,
    config_definition,
    environment_definition,
    running_cluster,
    short_options,
)
from tests.integration.support.controllers import ThreadedController
from tests.integration.support.engines import Engine
from tests.integration.support.environments import Environment, is_deployed, tag
from tests.integration.support.history import History
from tests.integration.support.requests import Requests, summary
from tests.integration.support.variables import REAL_KUBECONFIG
from tests.integration.support.waiting import eventually

RELEASES = sorted((ROOT / "tests" / "fixtures").glob("release-*"))
# What runs in environments, and what it hangs on.
KEPT = (
    ENVIRONMENTS,
    NAMESPACES,
    HELM_RELEASES,
    flux.HELM_RELEASES,
    flux.GIT_REPOSITORIES,
    ROLE_BINDINGS,
    SERVICE_ACCOUNTS,
    SECRETS,
    CONFIG_MAPS,
    TRONADOR_CONFIGS,
)
WATCHED = (ENVIRONMENTS, NAMESPACES, HELM_RELEASES, flux.HELM_RELEASES, flux.GIT_REPOSITORIES)
PUSHED = ("flux-plain", "helm-operator-plain")


class Push(threading.Thread):
    """Pushes commit after commit to some environments until it is stopped."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(name="push")
        self._client = cluster.connect("tests-push")
        self._stopped = threading.Event()
        self.commits = 0

    def run(self) -> None:
        while not self._stopped.wait(0.02):
            self.commits += 1
            for name in PUSHED:
                release = {"values": tag(f"commit-{self.commits}")}
                self._client.patch(ENVIRONMENTS, name, {"spec": {"application": {"release": release}}})

    def stop(self) -> None:
        """Returns after the last commit was pushed."""
        self._stopped.set()
        self.join()
        self._client.close()


@pytest.fixture(params=RELEASES, ids=lambda folder: folder.name)
def left(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Cluster]:
    """The cluster as the release left it, with its engines."""
    if REAL_KUBECONFIG:
        pytest.skip("a real cluster cannot be started with the objects of another one")
    state = shutil.copy(request.param / "state.json", tmp_path / "state.json")
    with ExitStack() as stack:
        cluster = stack.enter_context(running_cluster(short_options(state_file=str(state))))
        for engine in (Engine(cluster), Engine(cluster, double=FluxDouble)):
            stack.callback(engine.stop)
            engine.start()
        yield cluster


def _objects(cluster: Cluster) -> dict[tuple[Resource, str], dict[str, Any]]:
    """Everything that is to be kept, by kind and UID."""
    return {(kind, obj["metadata"]["uid"]): obj for kind in KEPT for obj in cluster.list(kind)}


def _marks(obj: Mapping[str, Any]) -> set[tuple[str, str, str]]:
    """Its labels, annotations and finalizers."""
    metadata = obj["metadata"]
    return {
        *(("label", name, value) for name, value in (metadata.get("labels") or {}).items()),
        *(("annotation", name, value) for name, value in (metadata.get("annotations") or {}).items()),
        *(("finalizer", name, "") for name in metadata.get("finalizers") or ()),
    }


def _annotations(obj: Mapping[str, Any]) -> Mapping[str, str]:
    return obj["metadata"].get("annotations") or {}


def _readiness(obj: Mapping[str, Any]) -> dict[str, str]:
    return {c["type"]: c["status"] for c in (obj.get("status") or {}).get("conditions") or ()}


@pytest.mark.slow
def test_an_upgrade_changes_nothing_that_runs_and_loses_no_annotation(left: Cluster) -> None:
    before = _objects(left)
    environments = {obj["metadata"]["name"]: obj for (kind, _), obj in before.items() if kind == ENVIRONMENTS}
    quiet = environments.keys() - {*PUSHED}
    requests, mark = Requests(left.audit), len(left.audit.entries())
    with ExitStack() as stack:
        watcher = left.connect("tests-history")
        stack.callback(watcher.close)
        history = stack.enter_context(History(watcher, *WATCHED))
        push = Push(left)
        stack.callback(push.stop)
        push.start()

        for definition in (environment_definition(), config_definition()):
            left.install(definition)
        # As a storage migration does it: every object is written back as it was read.
        for kind in (ENVIRONMENTS, TRONADOR_CONFIGS):
            for obj in left.list(kind):
                left.client.patch(kind, obj["metadata"]["name"], {}, namespace=obj["metadata"].get("namespace", ""))
        controller = ThreadedController(left.controller_kubeconfig, **ELECTION)
        stack.callback(controller.stop)
        controller.start()
        seen = push.commits
        eventually(lambda: push.commits > seen + 20, "commits are pushed while the new version runs")
        push.stop()
        for name in PUSHED:
            last = tag(f"commit-{push.commits}")
            found = Environment(left, name).until(is_deployed, f"the last commit runs in {name}")
            assert found["spec"]["application"]["release"]["values"] == last
        versions = {kind: history.versions(kind) for kind in WATCHED}

    of_quiet = [summary(e) for name in sorted(quiet) for e in requests.writes(mark, environment=name)]
    # Since this version, namespaces say of which repository and pull request they are.
    of_pulls = sorted(name for name in quiet if PULL_REQUEST_ANNOTATION in _annotations(environments[name]))
    labelled = [f"patch namespaces {name}" for name in of_pulls]
    assert of_quiet == labelled, "the new version wrote more to environments without a push"
    of_pushed = {summary(e).rpartition(" ")[0] for name in PUSHED for e in requests.writes(mark, environment=name)}
    assert of_pushed == {"patch helmreleases", "patch environmentprovisioners/status"}
    assert {summary(e) for e in requests.writes(mark)} == {
        *labelled,
        *(summary(e) for name in PUSHED for e in requests.writes(mark, environment=name)),
    }

    after = _objects(left)
    assert before.keys() <= after.keys(), "something was deleted, or made again"
    lost = {key: _marks(obj) - _marks(after[key]) for key, obj in before.items()}
    changed = {before[key]["metadata"]["name"]: marks for key, marks in lost.items() if marks}
    # The memory of our labels has the new ones.
    fields = {name: [field for _, field, _ in marks] for name, marks in changed.items()}
    assert fields == {name: [APPLIED_LABELS_ANNOTATION] for name in of_pulls}
    touched = [(v.type, v.name) for kind in WATCHED for v in versions[kind] if _environment(v.obj) not in PUSHED]
    assert sorted(touched) == [("MODIFIED", name) for name in of_pulls]
    for version in versions[ENVIRONMENTS]:
        assert version.type == "MODIFIED"
        assert _readiness(version.obj)["NamespaceReady"] == _readiness(version.obj)["ResourcesReady"] == "True"
    assert {
        name for name in quiet if _readiness(Environment(left, name).get()) != _readiness(environments[name])
    } == set()


def _environment(obj: Mapping[str, Any]) -> str:
    return str(obj["metadata"].get("namespace") or obj["metadata"]["name"])
