"""Shared objects that cannot be changed in place: made again where that loses nothing, else named."""

from __future__ import annotations

from typing import Any

import pytest

from controller.api.rbac import RBAC_GROUP, ROLE_BINDINGS
from controller.apimachinery.resources import CONFIG_MAPS, SECRETS, Resource
from controller.client import PatchType
from tests.integration.support.clusters import Cluster
from tests.integration.support.controllers import ThreadedController
from tests.integration.support.engines import Engine
from tests.integration.support.environments import Environments, is_deployed
from tests.integration.support.fixtures import StartController
from tests.integration.support.shared_config import OWN, SharedConfig, config_map, secret
from tests.integration.support.waiting import eventually

SERVICES = Resource("", "v1", "services", "Service", namespaced=True)
CLAIMS = Resource("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", namespaced=True)
DEPLOYMENTS = Resource("apps", "v1", "deployments", "Deployment", namespaced=True)
STATEFUL_SETS = Resource("apps", "v1", "statefulsets", "StatefulSet", namespaced=True)
JOBS = Resource("batch", "v1", "jobs", "Job", namespaced=True)


@pytest.fixture
def shared(cluster: Cluster) -> SharedConfig:
    return SharedConfig(cluster)


def _object(resource: Resource, **fields: Any) -> dict[str, Any]:
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": {"name": "x"}, **fields}


def _template(text: str, **spec: Any) -> dict[str, Any]:
    container = {"name": "main", "image": "registry.example/main:1", "env": [{"name": "TEXT", "value": text}]}
    return {"metadata": {"labels": {"app": text}}, "spec": {"containers": [container], **spec}}


def _workload(resource: Resource, text: str, **spec: Any) -> dict[str, Any]:
    wanted = {"replicas": 0, "selector": {"matchLabels": {"app": text}}, "template": _template(text)}
    return _object(resource, spec=wanted | spec)


def _binding(role: str) -> dict[str, Any]:
    reference = {"apiGroup": RBAC_GROUP, "kind": "ClusterRole", "name": role}
    return _object(ROLE_BINDINGS, roleRef=reference, subjects=[{"kind": "ServiceAccount", "name": "default"}])


def _service(**spec: Any) -> dict[str, Any]:
    return _object(SERVICES, spec={"ports": [{"port": 80}], **spec})


def _job(text: str) -> dict[str, Any]:
    return _object(JOBS, spec={"suspend": True, "template": _template(text, restartPolicy="Never")})


REPLACED = {
    "a-type": (SECRETS, secret("x", a="1"), secret("x", a="1") | {"type": "example.com/token"}),
    "a-secret": (SECRETS, secret("x", a="1") | {"immutable": True}, secret("x", a="2") | {"immutable": True}),
    "a-config-map": (CONFIG_MAPS, config_map("x", a="1") | {"immutable": True}, config_map("x", a="2")),
    "a-role-ref": (ROLE_BINDINGS, _binding("view"), _binding("edit")),
    "an-address": (SERVICES, _service(), _service(clusterIP="None")),
    "a-template": (JOBS, _job("one"), _job("two")),
    "a-selector": (DEPLOYMENTS, _workload(DEPLOYMENTS, "one"), _workload(DEPLOYMENTS, "two")),
    "a-stateful-set": (
        STATEFUL_SETS,
        _workload(STATEFUL_SETS, "one", serviceName="one"),
        _workload(STATEFUL_SETS, "one", serviceName="two"),
    ),
}


def test_immutable_objects_are_recreated(
    cluster: Cluster, environments: Environments, engine: Engine, controller: ThreadedController, shared: SharedConfig
) -> None:
    shared.apply([before | {"metadata": {"name": name}} for name, (_, before, _) in REPLACED.items()])
    shared.known()
    environment = environments.create()
    environment.deployed()

    def lives() -> dict[str, str]:
        live = {name: cluster.get(resource, name, environment.name) for name, (resource, _, _) in REPLACED.items()}
        return {name: obj["metadata"]["uid"] for name, obj in live.items() if obj}

    old = lives()
    shared.apply([after | {"metadata": {"name": name}} for name, (_, _, after) in REPLACED.items()])

    eventually(
        lambda: (new := lives()).keys() == REPLACED.keys() and not new.items() & old.items(),
        lambda: f"all are others: {old}, {lives()}; {environment.status()}",
    )
    environment.resources("True", "Applied")
    eventually(lambda: "ResourceReplaced" in {event["reason"] for event in environment.events()}, "an Event reports it")


def test_a_copy_gets_the_new_type_of_its_original_in_every_environment(
    cluster: Cluster, environments: Environments, engine: Engine, controller: ThreadedController, shared: SharedConfig
) -> None:
    shared.put_secret("pull", token="one")
    shared.apply(copySecrets=[{"name": "pull"}])
    shared.known()
    made = [environments.create(name) for name in ("first", "second")]
    for environment in made:
        environment.deployed()
    cluster.client.delete(SECRETS, "pull", namespace=OWN)
    body = {"metadata": {"name": "pull", "namespace": OWN}, "type": "example.com/token", "stringData": {"token": "two"}}
    cluster.client.create(SECRETS, body, namespace=OWN)

    for environment in made:

        def follows(name: str = environment.name) -> bool:
            return (cluster.get(SECRETS, "pull", name) or {}).get("type") == "example.com/token"

        eventually(follows, lambda name=environment.name: f"{name} has: {cluster.get(SECRETS, 'pull', name)}")
        assert shared.held(environment.name, "pull", kind="Secret") == {"token": "two"}
        environment.resources("True", "Applied")


def test_a_volume_claim_is_never_deleted_and_the_remedy_is_shown(
    cluster: Cluster,
    environments: Environments,
    engine: Engine,
    start_controller: StartController,
    shared: SharedConfig,
) -> None:
    def claim(mode: str) -> dict[str, Any]:
        return _object(CLAIMS, spec={"accessModes": [mode], "resources": {"requests": {"storage": "1Gi"}}})

    start_controller(recheck_interval=0.2)
    shared.apply([claim("ReadWriteOnce")])
    shared.known()
    environment = environments.create()
    environment.deployed()
    old = cluster.client.get(CLAIMS, "x", namespace=environment.name)["metadata"]["uid"]

    shared.apply([claim("ReadWriteMany")])

    message = environment.resources("False", "ImmutableField")["message"]
    for words in ("PersistentVolumeClaim 'x'", "could be lost", "delete it yourself", environment.name):
        assert words in message
    assert is_deployed(environment.get())
    assert cluster.client.get(CLAIMS, "x", namespace=environment.name)["metadata"]["uid"] == old
    cluster.client.delete(CLAIMS, "x", namespace=environment.name)
    environment.resources("True", "Applied")


def test_content_that_others_added_is_kept(
    cluster: Cluster, environments: Environments, engine: Engine, controller: ThreadedController, shared: SharedConfig
) -> None:
    shared.apply([secret("x", a="1")])
    shared.known()
    environment = environments.create()
    environment.deployed()
    theirs = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}, "stringData": {"theirs": "2"}}
    cluster.client.patch(SECRETS, "x", theirs, namespace=environment.name, patch_type=PatchType.APPLY)

    shared.apply([secret("x", b="1") | {"type": "example.com/token"}])

    assert "others have added content" in environment.resources("False", "ImmutableField")["message"]
    assert shared.held(environment.name, "x", kind="Secret") == {"a": "1", "theirs": "2"}
