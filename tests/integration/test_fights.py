"""Somebody else undoes what the controller writes: it neither gives in nor fights for ever, and it says who it is."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from typing import Any

import pytest

from controller.api import flux
from controller.api.environment import INSTALLATION_ANNOTATION
from hack.localcluster import LocalCluster
from hack.standins import crds
from hack.standins.flux.double import FluxDouble
from tests.integration.support.clusters import Cluster
from tests.integration.support.controllers import ThreadedController
from tests.integration.support.engines import Engine
from tests.integration.support.environments import RELEASE, Environment, Environments, is_deployed, is_true, tag
from tests.integration.support.fixtures import StartController
from tests.integration.support.opponent import opposing
from tests.integration.support.requests import Requests
from tests.integration.support.variables import REAL_KUBECONFIG
from tests.integration.support.waiting import eventually, throughout

LEADER = {"leader_elect": True, "lease_duration": 3.0, "lease_renew_deadline": 2.0, "lease_retry_period": 0.1}


def contested(environment: Environment, reason: str) -> dict[str, Any]:
    """The condition Contested, as soon as it is there with that reason."""
    environment.until(lambda obj: is_true(obj, "Contested", reason), f"contested: {reason}")
    return environment.condition("Contested")


def test_a_contested_label_is_reported_by_name_and_blocks_nothing(
    cluster: Cluster, environments: Environments, engine: Engine, controller: ThreadedController
) -> None:
    environment = environments.create(spec={"namespaceLabels": {"team": "gabbar"}}, values=tag("one"))
    environment.deployed()
    with opposing(cluster, environment.name):
        message = contested(environment, "FieldReverted")["message"]
        assert 'metadata.labels.team should be "gabbar" and is "theirs": set by field manager \'opponent\'' in message
        environment.patch_release(values=tag("two"))
        environment.deployed()
        environment.patch({"namespaceLabels": {"team": "gabbar", "kind": "pr"}})
        eventually(lambda: environment.labels().get("kind") == "pr", "another label is set meanwhile")
        assert [e["reason"] for e in environment.events()].count("FieldReverted") == 1


@pytest.mark.slow
def test_a_label_that_is_always_reverted_is_corrected_at_growing_intervals(
    cluster: Cluster, environments: Environments, engine: Engine, controller: ThreadedController, requests: Requests
) -> None:
    environment = environments.create(spec={"namespaceLabels": {"team": "gabbar"}})
    environment.deployed()
    mark, began = requests.mark(), time.monotonic()
    with opposing(cluster, environment.name) as opponent:
        eventually(lambda: opponent.moves > 4, "four of our corrections are undone", deadline=30)
        # They come 0, 1, 3 and 7 seconds after the first; the fifth would after 15.
        assert time.monotonic() - began > 6
    assert sum(entry.resource == "namespaces" for entry in requests.writes(mark, environment=environment.name)) == 4


def reduced() -> dict[str, Any]:
    """Flux's HelmRelease as an older version had it: without upgrade.remediation.retries."""
    [found] = [d for d in crds.definitions() if d["metadata"]["name"] == flux.HELM_RELEASES.group_resource]
    definition = copy.deepcopy(found)
    for version in definition["spec"]["versions"]:
        spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
        del spec["upgrade"]["properties"]["remediation"]["properties"]["retries"]
    return definition


@pytest.fixture
def older_flux(both_engines: Cluster) -> Iterator[Cluster]:
    """A cluster with an older Flux, that runs."""
    both_engines.install(reduced())
    engine = Engine(both_engines, double=FluxDouble)
    engine.start()
    yield both_engines
    engine.close()


def test_a_field_unknown_to_an_older_flux_is_rarely_written_and_harmless(
    local: LocalCluster,
    older_flux: Cluster,
    environments: Environments,
    start_controller: StartController,
    requests: Requests,
) -> None:
    start_controller(release_engine="flux")
    environment = environments.create(values=tag("one"))
    environment.deployed()
    message = contested(environment, "FieldDropped")["message"]
    assert "spec.upgrade.remediation.retries should be -1 and is absent" in message
    environment.patch_release(values=tag("two"))
    environment.until(is_deployed, "the new tag is deployed")
    contested(environment, "FieldDropped")
    reasons = [event["reason"] for event in environment.events()]
    assert reasons.count("FieldDropped") == 1
    assert "ReleaseUpdated" not in reasons
    release = [entry for entry in requests.writes(environment=environment.name) if entry.resource == "helmreleases"]
    assert len(release) <= 6, [entry.verb for entry in release]


@pytest.mark.skipif(bool(REAL_KUBECONFIG), reason="a second installation needs an account of its own there")
def test_a_second_installation_leaves_the_environments_of_the_first_alone(
    cluster: Cluster, environments: Environments, engine: Engine, start_controller: StartController
) -> None:
    first = start_controller(**LEADER, namespace_labels={"installation": "first"})
    environment = environments.create()
    environment.deployed()
    second = ThreadedController(
        cluster.kubeconfig, **LEADER, namespace="elsewhere", namespace_labels={"installation": "second"}
    )
    second.start()
    try:
        reasons: list[str] = []

        def is_reported() -> bool:
            reasons[:] = [event["reason"] for event in environment.events()]
            return "OtherInstallation" in reasons

        eventually(is_reported, lambda: f"the second one says that it leaves it alone: {reasons}")
        environment.patch_release(values=tag("two"))
        environment.deployed()
        throughout(0.5, lambda: environment.labels()["installation"] == "first", "the labels are the first one's")
        first.stop()
        environment.patch_release(values=tag("three"))
        eventually(lambda: installation(environment) == "elsewhere", "it is taken over")
        environment.deployed()
        assert environment.labels()["installation"] == "second"
    finally:
        second.stop()


def installation(environment: Environment) -> str:
    namespace = environment.namespace()
    assert namespace is not None
    return str(namespace["metadata"]["annotations"].get(INSTALLATION_ANNOTATION))


def test_a_release_is_suspended_if_the_crd_drops_its_account(
    local: LocalCluster, both_engines: Cluster, environments: Environments, start_controller: StartController
) -> None:
    [found] = [d for d in crds.definitions() if d["metadata"]["name"] == flux.HELM_RELEASES.group_resource]
    definition = copy.deepcopy(found)
    for version in definition["spec"]["versions"]:
        del version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["serviceAccountName"]
    both_engines.install(definition)
    start_controller(release_engine="flux")
    environment = environments.create()
    environment.stalled("AccountNotTaken")
    release = both_engines.get(flux.HELM_RELEASES, RELEASE, environment.name)
    assert release is not None
    assert release["spec"]["suspend"] is True
