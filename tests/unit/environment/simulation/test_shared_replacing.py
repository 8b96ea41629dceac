"""What cannot be changed in place is deleted and made again where that loses nothing; else the remedy is named."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from controller.api.environment import ENVIRONMENTS
from controller.apimachinery import conditions, objects
from controller.apimachinery.errors import ApiError, status_error
from controller.apimachinery.resources import CONFIG_MAPS, SECRETS, Resource
from tests.unit.environment.simulation.fake_api import Crash
from tests.unit.environment.simulation.shared_world import (
    OWN,
    THINGS,
    condition,
    config_map,
    deployed_world,
    held,
    is_at_rest,
    look,
    memory,
    put_config,
    secret,
)
from tests.unit.environment.simulation.world import World
from tests.unit.environment.support.builders import NAME

JOBS = Resource("batch", "v1", "jobs", "Job", namespaced=True)
CLAIMS = Resource("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", namespaced=True)
STATEFUL_SETS = Resource("apps", "v1", "statefulsets", "StatefulSet", namespaced=True)
IMMUTABLE = "Invalid value: {}: field is immutable"
OF_STATEFUL_SETS = "Forbidden: updates to statefulset spec for fields other than 'replicas' are forbidden"
OF_CLAIMS = "Forbidden: spec is immutable after creation except resources.requests for bound claims"


def _own(world: World, type_: str, **data: str) -> None:
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    world.api.put(SECRETS, {"metadata": {"name": "pull", "namespace": OWN}, "type": type_, "data": encoded})


def _with_copy(**data: str) -> World:
    world = deployed_world()
    _own(world, "Opaque", **(data or {"a": "1"}))
    put_config(world, copySecrets=[{"name": "pull"}])
    world.run(NAME)
    return world


def _manifest(resource: Resource, name="x", **spec: Any) -> dict[str, Any]:
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": {"name": name}, "spec": spec}


def _with_manifest(resource: Resource, field: str, words: str = IMMUTABLE, **spec: Any) -> World:
    world = deployed_world()
    world.api.serves.add(resource)
    world.api.unchangeable[resource.kind] = (field, words)
    put_config(world, [_manifest(resource, **{field: "before"}, **spec)])
    world.run(NAME)
    return world


def _message(world: World) -> str:
    found = conditions.find(world.api.peek(ENVIRONMENTS, NAME)["status"]["conditions"], "ResourcesReady")
    return str((found or {}).get("message"))


def _verbs(world: World, resource: Resource) -> list[str]:
    return [write.verb for write in world.api.writes if write.resource == resource and write.namespace == NAME]


def test_a_copy_of_another_type_is_recreated_within_the_reconcile():
    world = _with_copy()
    before = held(world, SECRETS, "pull")
    _own(world, "kubernetes.io/basic-auth", username="bot")
    world.api.writes.clear()
    world.sync()
    world.reconcile_strictly(NAME)
    after = held(world, SECRETS, "pull")
    assert (after["type"], list(after["data"])) == ("kubernetes.io/basic-auth", ["username"])
    assert objects.uid(after) != objects.uid(before)
    assert _verbs(world, SECRETS) == ["delete", "apply"]
    assert world.recorded.events[-1] == "ResourceReplaced"
    assert condition(world) == ("True", "Applied")
    assert is_at_rest(world)


def _frozen(manifest: dict[str, Any]) -> dict[str, Any]:
    return manifest | {"immutable": True}


@pytest.mark.parametrize(
    ("resource", "before", "after"),
    [
        (CONFIG_MAPS, _frozen(config_map("x", a="1")), _frozen(config_map("x", a="2"))),
        (CONFIG_MAPS, _frozen(config_map("x", a="1")), _frozen(config_map("x", b="1"))),
        (CONFIG_MAPS, _frozen(config_map("x", a="1")), config_map("x", a="1")),
        (SECRETS, _frozen(secret("x", "one")), _frozen(secret("x", "two"))),
        (SECRETS, secret("x"), secret("x") | {"type": "example.com/token"}),
    ],
    ids=["another value", "another key", "no longer immutable", "Secret", "type of a Secret"],
)
def test_an_immutable_object_is_recreated_if_its_manifest_changes(resource, before, after):
    world = deployed_world()
    put_config(world, [before])
    world.run(NAME)
    put_config(world, [after])
    world.run(NAME)
    assert condition(world) == ("True", "Applied")
    live = held(world, resource, "x")
    assert live.get("immutable") == after.get("immutable")
    assert live.get("type") == after.get("type")
    assert resource == SECRETS or live["data"] == after["data"]
    assert is_at_rest(world)


@pytest.mark.parametrize(
    ("resource", "words"), [(JOBS, IMMUTABLE), (STATEFUL_SETS, OF_STATEFUL_SETS)], ids=["Job", "StatefulSet"]
)
def test_an_object_restored_from_its_template_is_recreated(resource, words):
    world = _with_manifest(resource, "template", words)
    put_config(world, [_manifest(resource, template="after")])
    world.run(NAME)
    assert held(world, resource, "x")["spec"] == {"template": "after"}
    assert condition(world) == ("True", "Applied")


@pytest.mark.parametrize(
    ("resource", "words", "spec"),
    [
        (CLAIMS, OF_CLAIMS, {}),
        (STATEFUL_SETS, OF_STATEFUL_SETS, {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"}}),
        (THINGS, IMMUTABLE, {}),
    ],
    ids=["a claim", "one that takes its claims along", "a custom resource"],
)
def test_an_object_with_data_is_not_recreated_and_the_remedy_is_named(resource, words, spec):
    world = _with_manifest(resource, "size", words, **spec)
    before = objects.uid(held(world, resource, "x"))
    put_config(world, [_manifest(resource, size="after", **spec), config_map()])
    look(world)
    assert condition(world) == ("False", "ImmutableField")
    assert condition(world, "Ready") == ("True", "Deployed")
    assert objects.uid(held(world, resource, "x")) == before
    for words in ("spec.size", repr("x"), "could be lost", "delete it yourself", NAME, "another name"):
        assert words in _message(world)
    world.api.remove(resource, "x", NAME)
    world.run(NAME)
    assert held(world, resource, "x")["spec"]["size"] == "after"
    assert condition(world) == ("True", "Applied")


def test_content_that_others_added_is_not_thrown_away():
    world = _with_copy()
    world.api.edit(SECRETS, "pull", NAME, lambda obj: obj["data"].update(theirs="eA=="))
    _own(world, "kubernetes.io/basic-auth", username="bot")
    look(world)
    assert condition(world) == ("False", "ImmutableField")
    assert "others have added content" in _message(world)
    assert "theirs" in held(world, SECRETS, "pull")["data"]


def test_an_object_that_another_took_over_is_not_replaced():
    world = _with_copy()
    world.api.edit(SECRETS, "pull", NAME, lambda obj: obj["metadata"].update(labels={}, annotations={}))
    _own(world, "kubernetes.io/basic-auth", username="bot")
    look(world)
    assert condition(world) == ("False", "ImmutableField")
    assert "no longer has the controller's labels and annotations" in _message(world)
    assert held(world, SECRETS, "pull")["type"] == "Opaque"


def test_an_object_held_by_a_finalizer_is_awaited_and_then_recreated():
    world = _with_copy()
    world.api.edit(SECRETS, "pull", NAME, lambda obj: obj["metadata"].update(finalizers=["example.com/hold"]))
    _own(world, "kubernetes.io/basic-auth", username="bot")
    look(world)
    assert condition(world) == ("Unknown", "ResourceTerminating")
    assert condition(world, "Ready") == ("True", "Deployed")
    world.api.edit(SECRETS, "pull", NAME, lambda obj: obj["metadata"].update(finalizers=[]))
    world.run(NAME)
    assert held(world, SECRETS, "pull")["type"] == "kubernetes.io/basic-auth"


def test_an_object_that_another_recreates_is_deleted_once_per_reconcile():
    world = _with_copy()
    theirs = {**held(world, SECRETS, "pull")}
    theirs["metadata"] = {key: value for key, value in theirs["metadata"].items() if key != "uid"}
    _own(world, "kubernetes.io/basic-auth", username="bot")
    deleted = [write for write in world.api.writes if write.verb == "delete"]

    def made_again(write: Any) -> None:
        if write.verb == "delete" and write.resource == SECRETS:
            world.api.put(SECRETS, theirs)

    world.api.on_write.append(made_again)
    world.sync()
    world.reconcile_strictly(NAME)
    assert len([write for write in world.api.writes if write.verb == "delete"]) == len(deleted) + 1
    assert condition(world) == ("False", "ImmutableField")
    assert "creates it again" in _message(world)


def test_the_servers_message_about_a_secret_is_not_repeated():
    world = deployed_world()
    put_config(world, [secret("x", "hunter2")])
    world.run(NAME)
    world.api.edit(SECRETS, "x", NAME, lambda obj: obj["metadata"].update(labels={}, annotations={}))
    put_config(world, [secret("x", "hunter3") | {"type": "hunter4"}])
    look(world)
    assert "type" in _message(world)
    assert "hunter" not in _message(world)


def test_nothing_is_deleted_if_the_new_object_is_invalid_too():
    world = deployed_world()
    put_config(world, [secret("x")])
    world.run(NAME)
    causes = [
        {"field": "type", "message": 'Invalid value: "kubernetes.io/tls": field is immutable'},
        {"field": "data[tls.crt]", "message": "Required value"},
    ]

    def refuse(verb: str, resource: Resource, namespace: str, name: str) -> ApiError | None:
        body = {"kind": "Status", "reason": "Invalid", "message": "", "details": {"causes": causes}}
        return status_error(422, body) if (verb, resource) == ("apply", SECRETS) else None

    world.api.refuse = refuse
    put_config(world, [secret("x") | {"type": "kubernetes.io/tls"}])
    look(world)
    assert condition(world) == ("False", "Rejected")
    assert held(world, SECRETS, "x")


@pytest.mark.parametrize("kind", ["before", "after"])
def test_the_process_can_die_while_an_object_is_replaced(kind):
    for at in range(1, 4):
        world = _with_copy()
        _own(world, "kubernetes.io/basic-auth", username="bot")
        setattr(world.api, f"crash_{kind}", at)
        try:
            world.sync()
            world.reconcile_strictly(NAME)
        except Crash:
            world.restart()
        world.run(NAME)
        assert held(world, SECRETS, "pull")["type"] == "kubernetes.io/basic-auth"
        assert memory(world) is not None
        put_config(world)
        world.run(NAME)
        assert held(world, SECRETS, "pull") == {}
