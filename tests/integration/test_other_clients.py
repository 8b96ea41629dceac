"""Programs that others write see an environment as it is, and do not disturb the controller: kopf, Python's client."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import kopf
import pytest
from kubernetes import client, config, watch

from controller.api.environment import ENVIRONMENTS
from controller.apimachinery.threads import start_thread
from tests.integration.support.clusters import Cluster
from tests.integration.support.controllers import ThreadedController
from tests.integration.support.engines import Engine
from tests.integration.support.environments import Environment, Environments, tag
from tests.integration.support.history import History
from tests.integration.support.requests import Requests
from tests.integration.support.waiting import DEADLINE, eventually, throughout

KIND = (ENVIRONMENTS.group, ENVIRONMENTS.version, ENVIRONMENTS.plural)
KOPFS_FINALIZER = "kopf.zalando.org/KopfFinalizerMarker"


class Operator:
    """A kopf operator in a thread, until the end of the `with` block; handlers are registered in `registry`."""

    def __init__(self) -> None:
        self.registry = kopf.OperatorRegistry()
        kopf.on.login(registry=self.registry)(login)
        self._stop = threading.Event()

    def __enter__(self) -> Operator:
        ready = threading.Event()
        self._thread = start_thread("kopf", lambda: asyncio.run(self._run(ready)))
        assert ready.wait(DEADLINE), "the operator is not ready"
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join(DEADLINE)
        self._stop.clear()

    async def _run(self, ready: threading.Event) -> None:
        await kopf.operator(
            registry=self.registry, standalone=True, clusterwide=True, stop_flag=self._stop, ready_flag=ready
        )


async def login(**arguments: Any) -> kopf.ConnectionInfo | None:
    """Log in with $KUBECONFIG. kopf would call a plain function in a thread that it never ends."""
    return kopf.login_with_kubeconfig(**arguments)


@pytest.fixture
def operator(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Operator:
    """An operator that is not yet started and has no handlers."""
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig))
    return Operator()


@pytest.fixture
def handled(operator: Operator) -> list[tuple[str, str]]:
    """What the operator's handlers, which annotate and hold environments, were called for: (cause, name)."""
    calls: list[tuple[str, str]] = []

    def handler(cause: str) -> Callable[..., Any]:
        async def handle(name: str, **_: Any) -> None:
            calls.append((cause, name))

        return handle

    for cause, register in (("create", kopf.on.create), ("update", kopf.on.update), ("delete", kopf.on.delete)):
        register(*KIND, registry=operator.registry, id=cause)(handler(cause))
    return calls


@pytest.fixture
def environment(environments: Environments, engine: Engine, controller: ThreadedController) -> Environment:
    """A deployed environment."""
    environment = environments.create()
    environment.deployed()
    return environment


def test_a_kopf_operator_sees_each_version_once(operator: Operator, history: History, environment: Environment) -> None:
    seen: list[tuple[str | None, int]] = []

    @kopf.on.event(*KIND, registry=operator.registry)
    async def note(type: str | None, meta: Any, **_: Any) -> None:  # noqa: A002 - kopf passes it by this name
        seen.append((type, int(meta["resourceVersion"])))

    start = int(environment.get()["metadata"]["resourceVersion"])
    with operator:
        eventually(lambda: seen, "the operator has listed the environments")
        environment.patch_release(values=tag("two"))
        deployed = environment.deployed()
        environment.delete()
        end = history.deleted(ENVIRONMENTS, environment.name)
        eventually(lambda: seen[-1] == ("DELETED", end.at), lambda: f"the operator sees the end; it saw {seen}")
    versions = [(v.type, v.at) for v in history.versions(ENVIRONMENTS, environment.name) if v.at > start]
    assert seen == [(None, start), *versions]
    assert "kopf" not in json.dumps(deployed["metadata"]), "the operator only reads"


def test_a_kopf_operator_that_annotates_environments_disturbs_nothing(
    operator: Operator, handled: list[tuple[str, str]], environment: Environment, requests: Requests
) -> None:
    name = environment.name
    with operator:
        eventually(lambda: ("create", name) in handled, "the operator handles the creation")
        environment.patch_release(values=tag("two"))
        environment.until(lambda obj: ("update", name) in handled and obj["metadata"]["finalizers"], "the update")
        settled = environment.deployed()
        assert KOPFS_FINALIZER in settled["metadata"]["finalizers"]
        mark = requests.mark()
        throughout(1.0, lambda: environment.get() == settled, "the environment changes, and no client asked for it")
        assert requests.writes(mark) == []
        environment.delete()
        environment.gone()
    assert environment.namespace() is None
    assert [cause for cause, _ in handled] == ["create", "update", "delete"]


def test_a_stopped_kopf_operator_holds_the_environment_and_nothing_else(
    operator: Operator, handled: list[tuple[str, str]], environment: Environment, requests: Requests
) -> None:
    with operator:
        environment.until(lambda obj: KOPFS_FINALIZER in obj["metadata"]["finalizers"], "the operator's finalizer")
        eventually(lambda: handled, "the operator handles the creation")
    environment.delete()
    held = environment.until(lambda obj: KOPFS_FINALIZER in obj["status"]["applicationStatusMsg"], "the last status")
    assert held["metadata"]["finalizers"] == [KOPFS_FINALIZER]
    assert environment.namespace() is None
    mark = requests.mark()
    throughout(0.5, lambda: environment.get() == held, "the environment changes, and no client asked for it")
    assert requests.writes(mark) == []
    with operator:
        environment.gone()
    assert [cause for cause, _ in handled] == ["create", "delete"]


@pytest.fixture
def custom_objects(cluster: Cluster) -> Iterator[Any]:
    """The official Python client, at the custom resources of the cluster."""
    with config.new_client_from_config(config_file=str(cluster.kubeconfig)) as api:
        yield client.CustomObjectsApi(api)
        api.rest_client.pool_manager.clear()


def test_the_python_client_watches_each_version_once(
    custom_objects: Any, history: History, environment: Environment
) -> None:
    found = custom_objects.list_cluster_custom_object(*KIND)
    assert environment.get() in found["items"]
    environment.patch_release(values=tag("two"))
    environment.deployed()
    environment.delete()
    end = history.deleted(ENVIRONMENTS, environment.name)
    start = int(found["metadata"]["resourceVersion"])
    seen = []
    watching = watch.Watch()
    for event in watching.stream(
        custom_objects.list_cluster_custom_object, *KIND, resource_version=str(start), timeout_seconds=int(DEADLINE)
    ):
        seen.append((event["type"], event["object"]))
        if event["type"] == "DELETED":
            watching.stop()
    versions = [v for v in history.versions(ENVIRONMENTS, environment.name) if v.at > start]
    assert seen == [(v.type, v.obj) for v in versions]
    assert versions[-1] == end
