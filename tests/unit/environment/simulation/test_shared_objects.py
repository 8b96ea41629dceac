"""What TronadorConfig puts beside releases: given, kept right, changed, and taken back, with crashes in between."""

from __future__ import annotations

from typing import Any

import pytest

from controller.api import flux as flux_api
from controller.api.environment import ADOPT_ANNOTATION, ENVIRONMENT_LABEL, ENVIRONMENTS
from controller.api.helm_operator import HELM_RELEASES
from controller.api.tronador_config import CONFIG_NAME, TRONADOR_CONFIGS
from controller.apimachinery import conditions, objects
from controller.apimachinery.resources import CONFIG_MAPS, NAMESPACES, SECRETS, SERVICE_ACCOUNTS
from controller.environment.engines import flux
from controller.environment.options import EnvironmentOptions
from controller.environment.resources import likeness
from controller.policy import PolicyOptions
from tests.unit.environment.simulation.fake_api import Crash
from tests.unit.environment.simulation.shared_world import (
    LOCATION,
    OWN,
    condition,
    config_map,
    deployed_world,
    held,
    is_at_rest,
    look,
    mapped,
    memory,
    own_secret,
    password,
    pull_secrets,
    put_config,
    secret,
)
from tests.unit.environment.support.builders import NAME, foreign_namespace, operator_options


def test_an_environment_without_shared_objects_costs_nothing():
    world = deployed_world()
    assert [write.verb for write in world.api.writes if write.resource != HELM_RELEASES][:1] == ["patch"]
    world.sync()
    world.api.reads.clear()
    world.reconcile_strictly(NAME)
    assert world.api.reads == set()
    assert condition(world) == ("True", "Applied")
    assert memory(world) is None


def test_a_new_environment_has_its_shared_objects_before_its_release():
    world = deployed_world(deployed=False)
    put_config(world, [config_map()], **mapped(imagePullSecret="registry"), secrets=[secret("registry")])
    world.run(NAME)

    assert held(world, CONFIG_MAPS, "proxy")["data"] == {"url": "one"}
    assert password(world, "registry") == "hunter2"
    assert pull_secrets(world) == ["registry"]
    order = [(write.verb, write.resource) for write in world.api.writes]
    assert order.index(("create", HELM_RELEASES)) > max(
        order.index(("apply", CONFIG_MAPS)), order.index(("create", SERVICE_ACCOUNTS))
    )
    assert condition(world) == ("True", "Applied")
    assert is_at_rest(world)


def test_applied_objects_have_our_marks_and_namespace():
    world = deployed_world(deployed=False)
    put_config(world, [config_map() | {"metadata": {"name": "proxy", "namespace": "elsewhere", "labels": {"a": "b"}}}])
    world.run(NAME)
    assert objects.labels(held(world, CONFIG_MAPS, "proxy")) | {"a": "b", ENVIRONMENT_LABEL: NAME} == objects.labels(
        held(world, CONFIG_MAPS, "proxy")
    )
    assert world.api.peek(CONFIG_MAPS, "proxy", "elsewhere") is None


def test_changes_are_applied_and_removed_objects_are_pruned():
    world = deployed_world()
    put_config(world, [config_map("one"), config_map("two", a="1", b="2")])
    world.run(NAME)
    put_config(world, [config_map("two", a="3")])
    world.run(NAME)

    assert held(world, CONFIG_MAPS, "one") == {}
    assert held(world, CONFIG_MAPS, "two")["data"] == {"a": "3"}
    assert is_at_rest(world)
    world.api.remove(TRONADOR_CONFIGS, CONFIG_NAME, OWN)
    world.run(NAME)
    assert held(world, CONFIG_MAPS, "two") == {}
    assert memory(world) is None


def test_changes_by_others_are_corrected_and_their_additions_kept():
    world = deployed_world()
    put_config(world, [config_map(a="1")])
    world.run(NAME)
    world.api.edit(CONFIG_MAPS, "proxy", NAME, lambda obj: obj["data"].update(a="2", b="3"))
    world.run(NAME)
    assert held(world, CONFIG_MAPS, "proxy")["data"] == {"a": "1", "b": "3"}
    world.api.edit(CONFIG_MAPS, "proxy", NAME, lambda obj: obj["metadata"].update(labels={}))
    world.run(NAME)
    assert objects.labels(held(world, CONFIG_MAPS, "proxy"))[ENVIRONMENT_LABEL] == NAME
    world.api.remove(CONFIG_MAPS, "proxy", NAME)
    world.run(NAME)
    assert held(world, CONFIG_MAPS, "proxy")["data"] == {"a": "1"}


def test_an_object_that_another_took_over_is_not_pruned():
    world = deployed_world()
    put_config(world, [config_map()])
    world.run(NAME)
    world.api.edit(CONFIG_MAPS, "proxy", NAME, lambda obj: obj["metadata"].update(labels={}, annotations={}))
    put_config(world)
    world.run(NAME)
    assert held(world, CONFIG_MAPS, "proxy")
    assert memory(world) is None


def test_an_object_from_before_is_neither_changed_nor_pruned():
    world = deployed_world()
    world.api.put(CONFIG_MAPS, config_map(a="theirs") | {"metadata": {"name": "proxy", "namespace": NAME}})
    put_config(world, [config_map(a="ours"), config_map("other")])
    world.sync()
    world.reconcile(NAME)
    assert condition(world) == ("False", "ResourceNotOwned")
    assert held(world, CONFIG_MAPS, "other") == {}
    put_config(world)
    world.run(NAME)
    assert held(world, CONFIG_MAPS, "proxy")["data"] == {"a": "theirs"}


def test_an_object_that_others_create_before_ours_is_applied_is_neither_changed_nor_pruned():
    world = deployed_world()
    put_config(world, [config_map(a="ours")])
    world.sync()
    world.api.crash_after = 1
    world.reconcile(NAME)
    assert memory(world)
    assert held(world, CONFIG_MAPS, "proxy") == {}
    world.api.put(CONFIG_MAPS, config_map(a="theirs") | {"metadata": {"name": "proxy", "namespace": NAME}})
    look(world)
    assert condition(world) == ("False", "ResourceNotOwned")
    put_config(world)
    world.run(NAME)
    assert held(world, CONFIG_MAPS, "proxy")["data"] == {"a": "theirs"}


# Copies and pull secrets


def test_a_copy_is_updated_with_its_source():
    world = deployed_world(deployed=False)
    put_config(world, copySecrets=[{"name": "git"}])
    look(world)
    assert condition(world) == ("Unknown", "SecretMissing")
    assert world.api.peek(HELM_RELEASES, "run-pipeline", NAME) is None

    own_secret(world, "git", "one")
    world.run(NAME)
    assert password(world, "git") == "one"
    assert held(world, SECRETS, "git")["type"] == "Opaque"
    own_secret(world, "git", "two")
    world.run(NAME)
    assert password(world, "git") == "two"
    assert is_at_rest(world)


def test_a_pull_secret_is_added_beside_others_and_only_ours_is_removed():
    world = deployed_world()
    account = {"metadata": {"name": "default", "namespace": NAME}, "imagePullSecrets": [{"name": "theirs"}]}
    world.api.put(SERVICE_ACCOUNTS, account)
    put_config(world, **mapped(imagePullSecret="registry"), secrets=[secret("registry")])
    world.run(NAME)
    assert pull_secrets(world) == ["theirs", "registry"]
    assert is_at_rest(world)

    put_config(world, **mapped(imagePullSecret="other"), secrets=[secret("other")])
    world.run(NAME)
    assert pull_secrets(world) == ["theirs", "other"]
    put_config(world, **mapped(imagePullSecret="theirs"))
    world.run(NAME)
    assert pull_secrets(world) == ["theirs"]
    put_config(world)
    world.run(NAME)
    assert pull_secrets(world) == ["theirs"]
    assert memory(world) is None


def test_the_account_of_the_release_gets_the_pull_secret_too():
    options = EnvironmentOptions(release_engine=flux.ENGINE.name, service_account="tronador-controller")
    world = deployed_world(options, deployed=False)
    put_config(
        world, **mapped(imagePullSecret="registry", authSecret="git"), secrets=[secret("registry"), secret("git")]
    )
    world.run(NAME)
    assert pull_secrets(world) == pull_secrets(world, "tronador-release") == ["registry"]
    source = world.api.peek(flux_api.GIT_REPOSITORIES, "run-pipeline", NAME)
    assert source["spec"]["secretRef"] == {"name": "git"}
    assert is_at_rest(world)


@pytest.mark.parametrize(
    ("chart", "want"), [({}, {"name": "git"}), ({"secretRef": {"name": "mine"}}, {"name": "mine"})]
)
def test_the_release_gets_the_credentials_unless_its_author_names_others(chart, want):
    world = deployed_world(deployed=False, chart=chart)
    put_config(world, **mapped(authSecret="git"), secrets=[secret("git")])
    world.run(NAME)
    assert world.api.peek(HELM_RELEASES, "run-pipeline", NAME)["spec"]["chart"]["secretRef"] == want


def test_without_credentials_no_secret_is_referred_to():
    world = deployed_world(deployed=False)
    put_config(world, mappings=[{"repos": [LOCATION], "authSecret": ""}])
    world.run(NAME)
    assert "secretRef" not in world.api.peek(HELM_RELEASES, "run-pipeline", NAME)["spec"]["chart"]


def test_withheld_credentials_are_reported():
    world = deployed_world(deployed=False)
    put_config(world, mappings=[{"repos": [LOCATION.rpartition("/")[2]], "authSecret": "git"}], secrets=[secret("git")])
    world.run(NAME)
    assert held(world, SECRETS, "git") == {}
    status = world.api.peek(ENVIRONMENTS, NAME)["status"]
    message = conditions.find(status["conditions"], "ResourcesReady")["message"]
    assert "'git'" in message
    assert "--credential-git-prefixes" in message


# Copies of what a release refers to in another namespace


def _references(optional=False) -> dict[str, Any]:
    reference = {"name": "db", "namespace": "shared", "key": "values.yaml", "optional": optional}
    return {"valuesFrom": [{"configMapKeyRef": reference}]}


def _sharing_options(engine: str) -> EnvironmentOptions:
    return EnvironmentOptions(
        service_account="", release_engine=engine, policy=PolicyOptions(allowed_reference_namespaces=("shared",))
    )


def test_flux_gets_a_current_copy_of_referenced_objects():
    world = deployed_world(_sharing_options(flux.ENGINE.name), deployed=False, release=_references())
    look(world)
    assert condition(world) == ("Unknown", "ReferenceMissing")
    original = {"metadata": {"name": "db", "namespace": "shared"}, "data": {"values.yaml": "a: 1"}}
    world.api.put(CONFIG_MAPS, original)
    for _ in range(20):
        world.sync()
        world.reconcile(NAME)
        world.engines_step()

    copy = held(world, CONFIG_MAPS, "shared.db")
    assert copy["data"] == {"values.yaml": "a: 1"}
    assert objects.labels(copy)["reconcile.fluxcd.io/watch"] == "Enabled"
    release = world.api.peek(flux_api.HELM_RELEASES, "run-pipeline", NAME)
    assert release["spec"]["valuesFrom"][0]["name"] == "shared.db"

    world.api.put(CONFIG_MAPS, original | {"data": {"values.yaml": "a: 2"}})
    world.sync()
    assert world.reconcile(NAME).requeue_after is not None
    assert held(world, CONFIG_MAPS, "shared.db")["data"] == {"values.yaml": "a: 2"}
    assert is_at_rest(world)


def test_the_helm_operator_reads_referenced_objects_itself():
    world = deployed_world(_sharing_options("helm-operator"), release=_references())
    assert world.api.all(CONFIG_MAPS) == []
    reference = world.api.peek(HELM_RELEASES, "run-pipeline", NAME)["spec"]["valuesFrom"][0]["configMapKeyRef"]
    assert (reference["name"], reference["namespace"]) == ("db", "shared")


def test_optional_objects_are_not_awaited():
    world = deployed_world(_sharing_options(flux.ENGINE.name), deployed=False, release=_references(optional=True))
    look(world)
    assert world.api.peek(flux_api.HELM_RELEASES, "run-pipeline", NAME)


# Whatever happens in between


def test_an_adopted_namespace_is_kept_without_our_objects():
    world = deployed_world(operator_options(), deployed=False)
    world.api.put(NAMESPACES, foreign_namespace(annotations={ADOPT_ANNOTATION: NAME}))
    account = {"metadata": {"name": "default", "namespace": NAME}, "imagePullSecrets": [{"name": "theirs"}]}
    world.api.put(SERVICE_ACCOUNTS, account)
    world.api.put(CONFIG_MAPS, {"metadata": {"name": "theirs", "namespace": NAME}})
    put_config(world, [config_map()], **mapped(imagePullSecret="registry"), secrets=[secret("registry")])
    world.run(NAME)
    assert held(world, CONFIG_MAPS, "proxy")
    assert pull_secrets(world) == ["theirs", "registry"]

    world.api.remove(ENVIRONMENTS, NAME)
    world.run(NAME)
    assert world.api.peek(ENVIRONMENTS, NAME) is None
    assert [objects.name(obj) for obj in world.api.all(CONFIG_MAPS)] == ["theirs"]
    assert world.api.all(SECRETS, NAME) == []
    assert pull_secrets(world) == ["theirs"]
    assert memory(world) is None


@pytest.mark.parametrize("kind", ["before", "after"])
def test_the_process_can_die_at_every_write(kind):
    for at in range(1, 40):
        world = deployed_world(deployed=False)
        put_config(world, [config_map("one"), config_map("two")], **mapped(imagePullSecret="a"), secrets=[secret("a")])
        setattr(world.api, f"crash_{kind}", at)
        try:
            world.sync()
            world.reconcile_strictly(NAME)
        except Crash:
            world.restart()
        world.run(NAME)
        writes = len(world.api.writes)
        put_config(world, [config_map("two", a="b")], **mapped(imagePullSecret="c"), secrets=[secret("c")])
        setattr(world.api, f"crash_{kind}", at)
        world.run(NAME)
        assert [objects.name(obj) for obj in world.api.all(CONFIG_MAPS)] == ["two"]
        assert [objects.name(obj) for obj in world.api.all(SECRETS, NAME) if "data" in obj] == ["c"]
        assert pull_secrets(world) == ["c"]
        if at > writes:
            break


@pytest.mark.parametrize("kind", ["before", "after"])
def test_objects_applied_before_a_crash_are_pruned_after_it(kind):
    for at in range(1, 8):
        world = deployed_world()
        put_config(world, [config_map("one"), config_map("two")], **mapped(imagePullSecret="a"), secrets=[secret("a")])
        setattr(world.api, f"crash_{kind}", at)
        world.sync()
        world.reconcile(NAME)
        put_config(world)
        world.restart()
        world.run(NAME)
        assert world.api.all(CONFIG_MAPS) == []
        assert pull_secrets(world) == []
        assert memory(world) is None


def test_an_object_always_altered_by_the_server_is_applied_once_per_reconcile(monkeypatch):
    world = deployed_world()
    put_config(world, [config_map("one")])
    world.run(NAME)
    monkeypatch.setattr(likeness, "holds", lambda live, applied: False)
    # A pruned object is read again, and then everything is decided again.
    put_config(world, [config_map("two")])
    world.sync()
    world.reconcile_strictly(NAME)
    assert [write.name for write in world.api.writes if write.verb == "apply"] == ["one", "two"]
