"""TronadorConfig cannot be applied: nothing of it is, new releases wait, and those that run stay deployed."""

from __future__ import annotations

from typing import Any

import pytest

from controller.api import flux as flux_api
from controller.api.environment import ENVIRONMENTS
from controller.api.helm_operator import HELM_RELEASES
from controller.apimachinery import conditions
from controller.apimachinery.errors import status_error
from controller.apimachinery.resources import CONFIG_MAPS, SECRETS, Resource
from controller.environment.engines import flux
from controller.environment.options import EnvironmentOptions
from tests.unit.environment.simulation.shared_world import (
    THINGS,
    condition,
    config_map,
    deployed_world,
    held,
    look,
    mapped,
    put_config,
    secret,
)
from tests.unit.environment.simulation.world import World
from tests.unit.environment.support.builders import NAME, RELEASE_NAME, operator_options

UNKNOWN = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "x"}, "spec": {"a": 1}}
ENGINES = ("helm-operator", "flux")


def _status(world: World) -> dict[str, Any]:
    return world.api.peek(ENVIRONMENTS, NAME)["status"]


def _push(world: World, tag: str) -> None:
    """A commit to the pull request: the same environment with another image."""
    world.api.edit(
        ENVIRONMENTS, NAME, "", lambda obj: obj["spec"]["application"]["release"].update(values={"tag": tag})
    )


def _tag(world: World) -> str:
    return world.api.peek(HELM_RELEASES, RELEASE_NAME, NAME)["spec"].get("values", {}).get("tag", "")


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        pytest.param(
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "x"}},
            "ClusterScopedKind",
            id="known to live in no namespace",
        ),
        pytest.param(UNKNOWN, "UnknownKind"),
        pytest.param(secret("x") | {"data": {"password": "password"}}, "InvalidSecretData"),
        pytest.param({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}}, "InvalidManifest"),
    ],
)
def test_nothing_is_applied_if_one_object_cannot_be(bad, reason):
    world = deployed_world(deployed=False)
    put_config(world, [config_map(), bad])
    look(world)
    assert condition(world) == condition(world, "Ready") == ("False", reason)
    assert condition(world, "Stalled") == ("True", reason)
    assert held(world, CONFIG_MAPS, "proxy") == {}
    assert world.api.peek(HELM_RELEASES, RELEASE_NAME, NAME) is None
    put_config(world, [config_map()])
    world.run(NAME)
    assert condition(world) == ("True", "Applied")
    assert held(world, CONFIG_MAPS, "proxy")


def test_a_kind_that_discovery_reports_as_cluster_scoped_is_refused():
    world = deployed_world()
    world.api.serves.add(Resource("example.com", "v1", "things", "Thing", namespaced=False))
    put_config(world, [config_map(), UNKNOWN])
    look(world)
    assert condition(world) == ("False", "ClusterScopedKind")
    assert held(world, CONFIG_MAPS, "proxy") == {}


def test_an_unknown_kind_is_applied_once_it_is_installed():
    world = deployed_world()
    put_config(world, [UNKNOWN])
    world.sync()
    assert world.reconcile(NAME).requeue_after == world.options.recheck_interval
    world.api.serves.add(THINGS)
    world.run(NAME)
    assert held(world, THINGS, "x")["spec"] == {"a": 1}


def _refused(verb: str, resource: Resource, namespace: str, name: str) -> Any:
    """The controller may not read Secrets there."""
    if (verb, resource, namespace) != ("get", SECRETS, NAME):
        return None
    return status_error(403, {"kind": "Status", "reason": "Forbidden", "message": "no"})


def test_a_missing_right_is_awaited_at_first_and_then_named():
    world = deployed_world(operator_options(service_account="tronador-controller"))
    put_config(world, [secret("git")])
    world.api.refuse = _refused
    look(world)
    assert condition(world) == ("Unknown", "AwaitingRights")
    world.seconds += 60
    look(world)
    assert condition(world) == ("False", "Forbidden")
    message = conditions.find(_status(world)["conditions"], "ResourcesReady")["message"]
    for words in ("get", "secrets", "tronador.stakater.com/aggregate-to-environment"):
        assert words in message

    world.api.refuse = lambda *_: None
    world.run(NAME)
    assert condition(world) == ("True", "Applied")


# An environment that runs already


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("bad", [UNKNOWN, secret("x") | {"data": {"password": "password"}}], ids=["kind", "content"])
def test_a_deployed_environment_stays_deployed_and_reports_what_is_missing(engine, bad):
    world = deployed_world(EnvironmentOptions(service_account="", release_engine=engine))
    before = _status(world)
    put_config(world, [bad])
    look(world)
    look(world)
    assert condition(world)[0] == "False"
    assert condition(world, "Ready") == ("True", "Deployed")
    assert condition(world, "Stalled") == condition(world, "Reconciling") == ("", "")
    same = ("applicationStatus", "applicationStatusMsg", "currentPhase", "release", "namespaceLabels")
    assert {name: _status(world).get(name) for name in same} == {name: before.get(name) for name in same}
    assert world.recorded.events[-1] == "ResourcesNotApplied"
    assert world.recorded.events.count("ResourcesNotApplied") == 1
    put_config(world)
    world.run(NAME)
    assert condition(world) == ("True", "Applied")
    assert condition(world, "Ready") == ("True", "Deployed")


def test_a_deployed_environment_stays_deployed_while_it_waits_for_an_object():
    world = deployed_world()
    put_config(world, copySecrets=[{"name": "git"}])
    look(world)
    assert condition(world) == ("Unknown", "SecretMissing")
    assert condition(world, "Ready") == ("True", "Deployed")
    assert condition(world, "Reconciling") == ("", "")


def test_a_problem_shorter_than_the_settle_time_is_not_written():
    world = deployed_world()
    put_config(world, copySecrets=[{"name": "git"}])
    writes = len(world.api.writes)
    world.sync()
    world.reconcile_strictly(NAME)
    assert len(world.api.writes) == writes


def test_a_push_waits_while_shared_objects_cannot_be_applied_and_says_so():
    world = deployed_world(release={"values": {"tag": "1"}})
    put_config(world, [UNKNOWN])
    look(world)
    _push(world, "2")
    look(world)
    assert _tag(world) == "1"
    assert _status(world)["applicationStatus"] == "failed"
    assert condition(world, "Ready") == ("False", "UnknownKind")
    assert condition(world, "Stalled") == ("True", "UnknownKind")
    put_config(world)
    world.run(NAME)
    assert _tag(world) == "2"
    assert condition(world, "Ready") == ("True", "Deployed")


def test_a_change_that_does_not_concern_the_release_does_not_wait():
    world = deployed_world()
    put_config(world, [UNKNOWN])
    look(world)
    world.api.edit(ENVIRONMENTS, NAME, "", lambda obj: obj["spec"].update(namespaceLabels={"kind": "pr"}))
    look(world)
    status = _status(world)
    assert status["observedGeneration"] == 2
    assert condition(world, "Ready") == ("True", "Deployed")


@pytest.mark.parametrize("engine", ENGINES)
def test_an_unavailable_credential_does_not_fail_a_release_without_it(engine):
    world = deployed_world(EnvironmentOptions(service_account="", release_engine=engine))
    put_config(world, **mapped(authSecret="git"), secrets=[secret("git") | {"data": {"password": "password"}}])
    look(world)
    assert condition(world) == ("False", "InvalidSecretData")
    assert condition(world, "Ready") == ("True", "Deployed")


@pytest.mark.parametrize("engine", ENGINES)
def test_a_release_changed_by_another_meanwhile_does_not_count_as_deployed(engine):
    world = deployed_world(EnvironmentOptions(service_account="", release_engine=engine))
    put_config(world, [UNKNOWN])
    look(world)
    releases = flux_api.HELM_RELEASES if engine == flux.ENGINE.name else HELM_RELEASES
    world.api.edit(releases, RELEASE_NAME, NAME, lambda obj: obj["spec"].update(values={"tag": "theirs"}))
    world.engines_step()
    look(world)
    assert condition(world, "Ready") == ("False", "UnknownKind")
    put_config(world)
    world.run(NAME)
    assert condition(world, "Ready") == ("True", "Deployed")


def test_a_lost_status_is_restored_while_nothing_can_be_applied():
    world = deployed_world()
    before = _status(world)["applicationStatus"]
    put_config(world, [UNKNOWN])
    world.api.edit(ENVIRONMENTS, NAME, "", lambda obj: obj.pop("status"))
    world.restart()
    look(world)
    assert _status(world)["applicationStatus"] == before == "deployed"
    assert condition(world) == ("False", "UnknownKind")
