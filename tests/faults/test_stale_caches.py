"""Watch streams are held back: what the controller believes is old, and must do no harm."""

from __future__ import annotations

import pytest

from controller.api.environment import ENVIRONMENTS
from controller.api.helm_operator import HELM_RELEASES
from controller.apimachinery.resources import NAMESPACES, Resource
from hack.localcluster import LocalCluster
from tests.integration.support.clusters import Cluster
from tests.integration.support.controllers import ThreadedController
from tests.integration.support.engines import Engine
from tests.integration.support.environments import Environments, manifest, tag
from tests.integration.support.requests import Requests, summary
from tests.integration.support.waiting import eventually, throughout

# The test's own History watches the same resources, so it is not used here: it would be held back as well.
WATCHED = (ENVIRONMENTS, NAMESPACES, HELM_RELEASES)


@pytest.mark.parametrize("stale", [NAMESPACES, HELM_RELEASES], ids=str)
def test_nothing_is_created_twice_while_the_cache_does_not_show_it(
    local: LocalCluster,
    environments: Environments,
    stopped_engine: Engine,
    controller: ThreadedController,
    requests: Requests,
    stale: Resource,
) -> None:
    hold(local, stale)
    environment = environments.create(values=tag("one"))
    environment.until(lambda obj: environment.helm_release(), "the release is made")
    environment.patch({"namespaceLabels": {"new": "yes"}})
    throughout(0.3, lambda: len(creations(requests)) <= 2, lambda: f"made again: {creations(requests)}")
    local.release(str(stale))
    stopped_engine.start()
    environment.deployed()
    assert sorted(creations(requests)) == ["create helmreleases run-pipeline", "create namespaces pr-74"]
    assert environment.labels()["new"] == "yes"


def test_changes_arrive_when_lagging_caches_catch_up(
    local: LocalCluster,
    environments: Environments,
    engine: Engine,
    controller: ThreadedController,
) -> None:
    environment = environments.create(values=tag("one"))
    environment.deployed()
    for resource in WATCHED:
        hold(local, resource)
    environment.patch_release(values=tag("two"))
    environment.patch({"namespaceLabels": {"new": "yes"}})
    throughout(0.3, lambda: environment.labels().get("new") is None, "the streams are not held back")
    for resource in WATCHED:
        local.release(str(resource))
    environment.deployed()
    release = environment.helm_release()
    assert release is not None
    assert release["spec"]["values"] == tag("two")


def test_a_foreign_namespace_is_not_taken_over_because_of_a_stale_cache(
    cluster: Cluster,
    local: LocalCluster,
    environments: Environments,
    engine: Engine,
    controller: ThreadedController,
    requests: Requests,
) -> None:
    hold(local, NAMESPACES)
    created = cluster.create_namespace("pr-74", labels={"owner": "somebody"})
    environment = environments.apply(manifest("pr-74"))
    environment.stalled("NamespaceNotOwned")
    assert environment.namespace() == created
    local.release(str(NAMESPACES))


def test_a_foreign_namespace_that_replaced_ours_unseen_is_not_changed(
    cluster: Cluster,
    local: LocalCluster,
    environments: Environments,
    engine: Engine,
    controller: ThreadedController,
) -> None:
    environment = environments.create()
    environment.deployed()
    hold(local, NAMESPACES)
    cluster.client.delete(NAMESPACES, environment.name)
    eventually(lambda: environment.namespace() is None, "ours is gone")
    created = cluster.create_namespace(environment.name, labels={"owner": "somebody"})
    environment.delete()
    environment.gone()
    assert environment.namespace() == created
    local.release(str(NAMESPACES))


def test_a_stale_release_cache_does_not_delete_the_namespace_before_the_uninstall(
    local: LocalCluster,
    environments: Environments,
    stopped_engine: Engine,
    controller: ThreadedController,
    requests: Requests,
) -> None:
    hold(local, HELM_RELEASES)
    environment = environments.create()
    environment.until(lambda obj: environment.helm_release(), "the release is made")
    # It begins with a list, which is not held back.
    stopped_engine.start()
    environment.until(lambda obj: environment.storage(), "the engine has installed it")
    mark = requests.mark()
    environment.delete()
    throughout(0.3, lambda: environment.namespace() is not None, "the namespace did not wait")
    local.release(str(HELM_RELEASES))
    environment.gone()
    order = [line for line in requests.order(mark) if line.startswith("delete")]
    assert order == ["delete helmreleases run-pipeline", "delete namespaces pr-74"]


def test_the_deletion_of_an_environment_does_not_tear_down_its_unseen_successor(
    cluster: Cluster,
    local: LocalCluster,
    environments: Environments,
    engine: Engine,
    controller: ThreadedController,
) -> None:
    environment = environments.create()
    first = environment.deployed()
    hold(local, ENVIRONMENTS)
    cluster.client.patch(ENVIRONMENTS, "pr-74", {"metadata": {"finalizers": None}})
    environment.delete()
    cluster.client.create(ENVIRONMENTS, manifest("pr-74"))
    environment.label_namespace(poke="yes")
    throughout(0.3, lambda: environment.namespace() and environment.helm_release(), "something was taken down")
    local.release(str(ENVIRONMENTS))
    second = environment.deployed()
    assert second["metadata"]["uid"] != first["metadata"]["uid"]
    namespace = environment.namespace()
    assert namespace is not None
    annotations = namespace["metadata"]["annotations"]
    assert annotations["tronador.stakater.com/environment-uid"] == second["metadata"]["uid"]


def hold(local: LocalCluster, resource: Resource) -> None:
    """Hold the streams of a resource back."""
    local.hold(str(resource))


def creations(requests: Requests) -> list[str]:
    """What the controller asked to create, whether it got it or not."""
    return [summary(entry) for entry in requests.writes() if entry.verb == "create"]
