"""What TronadorConfig puts beside releases: given, kept right, changed, and taken back, with crashes in between."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from controller.api import flux as flux_api
from controller.api.environment import (
    ADOPT_ANNOTATION,
    APPLIED_RESOURCES_ANNOTATION,
    ENVIRONMENT_LABEL,
    ENVIRONMENTS,
)
from controller.api.helm_operator import HELM_RELEASES
from controller.api.tronador_config import CONFIG_NAME, TRONADOR_CONFIGS
from controller.apimachinery import conditions, objects
from controller.apimachinery.errors import status_error
from controller.apimachinery.resources import CONFIG_MAPS, NAMESPACES, SECRETS, SERVICE_ACCOUNTS, Resource
from controller.environment.engines import flux
from controller.environment.options import EnvironmentOptions
from controller.environment.shared import likeness
from controller.policy import PolicyOptions
from tests.unit.environment.builders import GIT, NAME, environment, foreign_namespace, operator_options
from tests.unit.environment.fake_api import Crash
from tests.unit.environment.world import World

OWN = EnvironmentOptions().own_namespace
CLUSTER_ROLES = Resource("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", namespaced=False)
THINGS = Resource("example.com", "v1", "things", "Thing", namespaced=True)
LOCATION = GIT.removeprefix("https://")


def _config(world: World, manifests=(), **spec: Any) -> None:
    body = {"metadata": {"name": CONFIG_NAME, "namespace": OWN}}
    world.api.put(TRONADOR_CONFIGS, body | {"resources": {"manifests": list(manifests)}, "spec": spec})


def _config_map(name="proxy", **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data or {"url": "one"}}


def _secret(name: str, password="hunter2") -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"password": password}}


def _own_secret(world: World, name: str, password: str) -> None:
    data = {"password": base64.b64encode(password.encode()).decode()}
    world.api.put(SECRETS, {"metadata": {"name": name, "namespace": OWN}, "type": "Opaque", "data": data})


def _world(options: EnvironmentOptions | None = None, *, deployed=True, **env: Any) -> World:
    world = World(options)
    world.api.serves |= {SECRETS, CONFIG_MAPS, SERVICE_ACCOUNTS, CLUSTER_ROLES}
    world.api.put(ENVIRONMENTS, environment(finalizers=(), **env))
    if deployed:
        world.run(NAME)
    return world


def _held(world: World, resource: Resource, name: str) -> dict[str, Any]:
    return world.api.peek(resource, name, NAME) or {}


def _password(world: World, name: str) -> str:
    return base64.b64decode(_held(world, SECRETS, name)["data"]["password"]).decode()


def _condition(world: World, type_="ResourcesReady") -> tuple[str, str]:
    status = world.api.peek(ENVIRONMENTS, NAME)["status"]
    found = conditions.find(status["conditions"], type_) or {}
    return found.get("status", ""), found.get("reason", "")


def _memory(world: World) -> str | None:
    return objects.annotations(world.api.peek(NAMESPACES, NAME)).get(APPLIED_RESOURCES_ANNOTATION)


def _pull_secrets(world: World, account="default") -> list[str]:
    return [entry["name"] for entry in _held(world, SERVICE_ACCOUNTS, account).get("imagePullSecrets") or ()]


def _look(world: World) -> None:
    """Reconcile until a passing state has lasted long enough to be written."""
    for _ in range(2):
        world.sync()
        world.reconcile(NAME)
        world.seconds += world.options.status_settle


def _is_at_rest(world: World) -> bool:
    world.sync()
    before = len(world.api.writes)
    world.reconcile_strictly(NAME)
    return len(world.api.writes) == before


def _mapped(**names: str) -> dict[str, Any]:
    return {"mappings": [{"repos": [LOCATION], **names}]}


def test_an_environment_without_any_costs_nothing():
    world = _world()
    assert [write.verb for write in world.api.writes if write.resource != HELM_RELEASES][:1] == ["patch"]
    world.sync()
    world.api.reads.clear()
    world.reconcile_strictly(NAME)
    assert world.api.reads == set()
    assert _condition(world) == ("True", "Applied")
    assert _memory(world) is None


def test_a_new_environment_has_it_all_before_its_release():
    world = _world(deployed=False)
    _config(world, [_config_map()], **_mapped(imagePullSecret="registry"), secrets=[_secret("registry")])
    world.run(NAME)

    assert _held(world, CONFIG_MAPS, "proxy")["data"] == {"url": "one"}
    assert _password(world, "registry") == "hunter2"
    assert _pull_secrets(world) == ["registry"]
    order = [(write.verb, write.resource) for write in world.api.writes]
    assert order.index(("create", HELM_RELEASES)) > max(
        order.index(("apply", CONFIG_MAPS)), order.index(("create", SERVICE_ACCOUNTS))
    )
    assert _condition(world) == ("True", "Applied")
    assert _is_at_rest(world)


def test_what_is_applied_says_whose_it_is_and_its_namespace_is_ours():
    world = _world(deployed=False)
    _config(world, [_config_map() | {"metadata": {"name": "proxy", "namespace": "elsewhere", "labels": {"a": "b"}}}])
    world.run(NAME)
    assert objects.labels(_held(world, CONFIG_MAPS, "proxy")) | {"a": "b", ENVIRONMENT_LABEL: NAME} == objects.labels(
        _held(world, CONFIG_MAPS, "proxy")
    )
    assert world.api.peek(CONFIG_MAPS, "proxy", "elsewhere") is None


def test_a_change_is_carried_and_what_is_removed_is_taken_back():
    world = _world()
    _config(world, [_config_map("one"), _config_map("two", a="1", b="2")])
    world.run(NAME)
    _config(world, [_config_map("two", a="3")])
    world.run(NAME)

    assert _held(world, CONFIG_MAPS, "one") == {}
    assert _held(world, CONFIG_MAPS, "two")["data"] == {"a": "3"}
    assert _is_at_rest(world)
    world.api.remove(TRONADOR_CONFIGS, CONFIG_NAME, OWN)
    world.run(NAME)
    assert _held(world, CONFIG_MAPS, "two") == {}
    assert _memory(world) is None


def test_what_others_changed_is_put_right_and_what_they_added_stays():
    world = _world()
    _config(world, [_config_map(a="1")])
    world.run(NAME)
    world.api.edit(CONFIG_MAPS, "proxy", NAME, lambda obj: obj["data"].update(a="2", b="3"))
    world.run(NAME)
    assert _held(world, CONFIG_MAPS, "proxy")["data"] == {"a": "1", "b": "3"}
    world.api.edit(CONFIG_MAPS, "proxy", NAME, lambda obj: obj["metadata"].update(labels={}))
    world.run(NAME)
    assert objects.labels(_held(world, CONFIG_MAPS, "proxy"))[ENVIRONMENT_LABEL] == NAME
    world.api.remove(CONFIG_MAPS, "proxy", NAME)
    world.run(NAME)
    assert _held(world, CONFIG_MAPS, "proxy")["data"] == {"a": "1"}


def test_what_somebody_made_his_own_is_not_taken_back():
    world = _world()
    _config(world, [_config_map()])
    world.run(NAME)
    world.api.edit(CONFIG_MAPS, "proxy", NAME, lambda obj: obj["metadata"].update(labels={}, annotations={}))
    _config(world)
    world.run(NAME)
    assert _held(world, CONFIG_MAPS, "proxy")
    assert _memory(world) is None


def test_what_was_there_before_is_neither_changed_nor_taken_back():
    world = _world()
    world.api.put(CONFIG_MAPS, _config_map(a="theirs") | {"metadata": {"name": "proxy", "namespace": NAME}})
    _config(world, [_config_map(a="ours"), _config_map("other")])
    world.sync()
    world.reconcile(NAME)
    assert _condition(world) == ("False", "ResourceNotOwned")
    assert _held(world, CONFIG_MAPS, "other") == {}
    _config(world)
    world.run(NAME)
    assert _held(world, CONFIG_MAPS, "proxy")["data"] == {"a": "theirs"}


# What cannot be given


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        pytest.param(
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "x"}},
            "ClusterScopedKind",
            id="known to live in no namespace",
        ),
        pytest.param({"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "x"}}, "UnknownKind"),
        pytest.param(_secret("x") | {"data": {"password": "password"}}, "InvalidSecretData"),
        pytest.param({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}}, "InvalidManifest"),
    ],
)
def test_nothing_is_applied_where_one_object_cannot_be(bad, reason):
    world = _world()
    _config(world, [_config_map(), bad])
    world.sync()
    world.reconcile(NAME)
    assert _condition(world) == ("False", reason)
    assert _condition(world, "Stalled") == ("True", reason)
    assert _held(world, CONFIG_MAPS, "proxy") == {}
    _config(world, [_config_map()])
    world.run(NAME)
    assert _condition(world) == ("True", "Applied")
    assert _held(world, CONFIG_MAPS, "proxy")


def test_a_kind_that_discovery_knows_as_cluster_scoped_is_refused():
    world = _world()
    world.api.serves.add(Resource("example.com", "v1", "things", "Thing", namespaced=False))
    _config(world, [_config_map(), {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "x"}}])
    world.sync()
    world.reconcile(NAME)
    assert _condition(world) == ("False", "ClusterScopedKind")
    assert _held(world, CONFIG_MAPS, "proxy") == {}


def test_an_unknown_kind_goes_on_by_itself_when_it_is_installed():
    world = _world()
    _config(world, [{"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "x"}, "spec": {"a": 1}}])
    world.sync()
    assert world.reconcile(NAME).requeue_after == world.options.recheck_interval
    world.api.serves.add(THINGS)
    world.run(NAME)
    assert _held(world, THINGS, "x")["spec"] == {"a": 1}


def _refused(verb: str, resource: Resource, namespace: str, name: str) -> Any:
    """The controller may not read Secrets there."""
    if (verb, resource, namespace) != ("get", SECRETS, NAME):
        return None
    return status_error(403, {"kind": "Status", "reason": "Forbidden", "message": "no"})


def test_a_right_that_is_missing_is_waited_for_at_first_and_then_named():
    world = _world(operator_options(service_account="tronador-controller"))
    _config(world, [_secret("git")])
    world.api.refuse = _refused
    _look(world)
    assert _condition(world) == ("Unknown", "AwaitingRights")
    world.seconds += 60
    _look(world)
    assert _condition(world) == ("False", "Forbidden")
    status = world.api.peek(ENVIRONMENTS, NAME)["status"]
    message = conditions.find(status["conditions"], "ResourcesReady")["message"]
    for words in ("get", "secrets", "tronador.stakater.com/aggregate-to-environment"):
        assert words in message

    world.api.refuse = lambda *_: None
    world.run(NAME)
    assert _condition(world) == ("True", "Applied")


# Copies and pull secrets


def test_a_copy_follows_its_source():
    world = _world(deployed=False)
    _config(world, copySecrets=[{"name": "git"}])
    _look(world)
    assert _condition(world) == ("Unknown", "SecretMissing")
    assert world.api.peek(HELM_RELEASES, "run-pipeline", NAME) is None

    _own_secret(world, "git", "one")
    world.run(NAME)
    assert _password(world, "git") == "one"
    assert _held(world, SECRETS, "git")["type"] == "Opaque"
    _own_secret(world, "git", "two")
    world.run(NAME)
    assert _password(world, "git") == "two"
    assert _is_at_rest(world)


def test_a_pull_secret_is_added_to_those_of_others_and_only_ours_is_taken_back():
    world = _world()
    account = {"metadata": {"name": "default", "namespace": NAME}, "imagePullSecrets": [{"name": "theirs"}]}
    world.api.put(SERVICE_ACCOUNTS, account)
    _config(world, **_mapped(imagePullSecret="registry"), secrets=[_secret("registry")])
    world.run(NAME)
    assert _pull_secrets(world) == ["theirs", "registry"]
    assert _is_at_rest(world)

    _config(world, **_mapped(imagePullSecret="other"), secrets=[_secret("other")])
    world.run(NAME)
    assert _pull_secrets(world) == ["theirs", "other"]
    _config(world, **_mapped(imagePullSecret="theirs"))
    world.run(NAME)
    assert _pull_secrets(world) == ["theirs"]
    _config(world)
    world.run(NAME)
    assert _pull_secrets(world) == ["theirs"]
    assert _memory(world) is None


def test_the_account_of_the_release_gets_it_too():
    options = EnvironmentOptions(release_engine=flux.NAME, service_account="tronador-controller")
    world = _world(options, deployed=False)
    _config(
        world, **_mapped(imagePullSecret="registry", authSecret="git"), secrets=[_secret("registry"), _secret("git")]
    )
    world.run(NAME)
    assert _pull_secrets(world) == _pull_secrets(world, "tronador-release") == ["registry"]
    source = world.api.peek(flux_api.GIT_REPOSITORIES, "run-pipeline", NAME)
    assert source["spec"]["secretRef"] == {"name": "git"}
    assert _is_at_rest(world)


@pytest.mark.parametrize(
    ("chart", "want"), [({}, {"name": "git"}), ({"secretRef": {"name": "mine"}}, {"name": "mine"})]
)
def test_the_credentials_reach_the_release_unless_its_author_names_others(chart, want):
    world = _world(deployed=False, chart=chart)
    _config(world, **_mapped(authSecret="git"), secrets=[_secret("git")])
    world.run(NAME)
    assert world.api.peek(HELM_RELEASES, "run-pipeline", NAME)["spec"]["chart"]["secretRef"] == want


def test_without_credentials_no_secret_is_referred_to():
    world = _world(deployed=False)
    _config(world, mappings=[{"repos": [LOCATION], "authSecret": ""}])
    world.run(NAME)
    assert "secretRef" not in world.api.peek(HELM_RELEASES, "run-pipeline", NAME)["spec"]["chart"]


def test_what_is_withheld_is_said():
    world = _world(deployed=False)
    _config(world, mappings=[{"repos": [LOCATION.rpartition("/")[2]], "authSecret": "git"}], secrets=[_secret("git")])
    world.run(NAME)
    assert _held(world, SECRETS, "git") == {}
    status = world.api.peek(ENVIRONMENTS, NAME)["status"]
    message = conditions.find(status["conditions"], "ResourcesReady")["message"]
    assert "'git'" in message
    assert "--credential-git-prefixes" in message


# Copies of what a release refers to in another namespace


def _references(optional=False) -> dict[str, Any]:
    reference = {"name": "db", "namespace": "shared", "key": "values.yaml", "optional": optional}
    return {"valuesFrom": [{"configMapKeyRef": reference}]}


def _sharing_options(engine: str) -> EnvironmentOptions:
    return EnvironmentOptions(release_engine=engine, policy=PolicyOptions(allowed_reference_namespaces=("shared",)))


def test_flux_gets_a_copy_of_what_is_referred_to_and_it_is_kept_current():
    world = _world(_sharing_options(flux.NAME), deployed=False, release=_references())
    _look(world)
    assert _condition(world) == ("Unknown", "ReferenceMissing")
    original = {"metadata": {"name": "db", "namespace": "shared"}, "data": {"values.yaml": "a: 1"}}
    world.api.put(CONFIG_MAPS, original)
    for _ in range(20):
        world.sync()
        world.reconcile(NAME)
        world.engines_step()

    copy = _held(world, CONFIG_MAPS, "shared.db")
    assert copy["data"] == {"values.yaml": "a: 1"}
    assert objects.labels(copy)["reconcile.fluxcd.io/watch"] == "Enabled"
    release = world.api.peek(flux_api.HELM_RELEASES, "run-pipeline", NAME)
    assert release["spec"]["valuesFrom"][0]["name"] == "shared.db"

    world.api.put(CONFIG_MAPS, original | {"data": {"values.yaml": "a: 2"}})
    world.sync()
    assert world.reconcile(NAME).requeue_after is not None
    assert _held(world, CONFIG_MAPS, "shared.db")["data"] == {"values.yaml": "a: 2"}
    assert _is_at_rest(world)


def test_the_helm_operator_reads_it_by_itself():
    world = _world(_sharing_options("helm-operator"), release=_references())
    assert world.api.all(CONFIG_MAPS) == []
    reference = world.api.peek(HELM_RELEASES, "run-pipeline", NAME)["spec"]["valuesFrom"][0]["configMapKeyRef"]
    assert (reference["name"], reference["namespace"]) == ("db", "shared")


def test_what_may_be_absent_is_not_waited_for():
    world = _world(_sharing_options(flux.NAME), deployed=False, release=_references(optional=True))
    _look(world)
    assert world.api.peek(flux_api.HELM_RELEASES, "run-pipeline", NAME)


# Whatever happens in between


def test_an_adopted_namespace_loses_everything_of_ours_and_lives_on():
    world = _world(operator_options(), deployed=False)
    world.api.put(NAMESPACES, foreign_namespace(annotations={ADOPT_ANNOTATION: NAME}))
    account = {"metadata": {"name": "default", "namespace": NAME}, "imagePullSecrets": [{"name": "theirs"}]}
    world.api.put(SERVICE_ACCOUNTS, account)
    world.api.put(CONFIG_MAPS, {"metadata": {"name": "theirs", "namespace": NAME}})
    _config(world, [_config_map()], **_mapped(imagePullSecret="registry"), secrets=[_secret("registry")])
    world.run(NAME)
    assert _held(world, CONFIG_MAPS, "proxy")
    assert _pull_secrets(world) == ["theirs", "registry"]

    world.api.remove(ENVIRONMENTS, NAME)
    world.run(NAME)
    assert world.api.peek(ENVIRONMENTS, NAME) is None
    assert [objects.name(obj) for obj in world.api.all(CONFIG_MAPS)] == ["theirs"]
    assert world.api.all(SECRETS, NAME) == []
    assert _pull_secrets(world) == ["theirs"]
    assert _memory(world) is None


@pytest.mark.parametrize("kind", ["before", "after"])
def test_a_process_may_die_at_every_write(kind):
    for at in range(1, 40):
        world = _world(deployed=False)
        _config(world, [_config_map("one"), _config_map("two")], **_mapped(imagePullSecret="a"), secrets=[_secret("a")])
        setattr(world.api, f"crash_{kind}", at)
        try:
            world.sync()
            world.reconcile_strictly(NAME)
        except Crash:
            world.restart()
        world.run(NAME)
        writes = len(world.api.writes)
        _config(world, [_config_map("two", a="b")], **_mapped(imagePullSecret="c"), secrets=[_secret("c")])
        setattr(world.api, f"crash_{kind}", at)
        world.run(NAME)
        assert [objects.name(obj) for obj in world.api.all(CONFIG_MAPS)] == ["two"]
        assert [objects.name(obj) for obj in world.api.all(SECRETS, NAME) if "data" in obj] == ["c"]
        assert _pull_secrets(world) == ["c"]
        if at > writes:
            break


@pytest.mark.parametrize("kind", ["before", "after"])
def test_what_a_process_applied_before_it_died_is_taken_back_by_the_next(kind):
    for at in range(1, 8):
        world = _world()
        _config(world, [_config_map("one"), _config_map("two")], **_mapped(imagePullSecret="a"), secrets=[_secret("a")])
        setattr(world.api, f"crash_{kind}", at)
        world.sync()
        world.reconcile(NAME)
        _config(world)
        world.restart()
        world.run(NAME)
        assert world.api.all(CONFIG_MAPS) == []
        assert _pull_secrets(world) == []
        assert _memory(world) is None


def test_what_the_server_always_makes_something_else_of_is_applied_once_in_a_reconcile(monkeypatch):
    world = _world()
    _config(world, [_config_map("one")])
    world.run(NAME)
    monkeypatch.setattr(likeness, "holds", lambda live, applied: False)
    # What is taken back is looked at again, and then all is decided anew.
    _config(world, [_config_map("two")])
    world.sync()
    world.reconcile_strictly(NAME)
    assert [write.name for write in world.api.writes if write.verb == "apply"] == ["one", "two"]
