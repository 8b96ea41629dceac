"""An environment that is not used any more ends, and comes back when it is used again."""

from __future__ import annotations

import pytest

from controller.api.environment import ENVIRONMENTS, FINALIZER, KEEP_ANNOTATION
from controller.api.helm_operator import HELM_RELEASES
from controller.apimachinery.resources import NAMESPACES, SECRETS
from tests.integration.support.clusters import Cluster
from tests.integration.support.engines import Engine
from tests.integration.support.environments import RELEASE, Environment, Environments, tag
from tests.integration.support.fixtures import StartController
from tests.integration.support.history import History
from tests.integration.support.installers import Installer
from tests.integration.support.order import STORAGE
from tests.integration.support.waiting import eventually, throughout

# Much longer than a test takes.
LONG = {"lifecycle": {"expireAfter": "1h"}}


def expired(environment: Environment) -> None:
    environment.until(lambda obj: obj["status"]["applicationStatus"] == "expired", "it has expired")


def keep(cluster: Cluster, environment: Environment) -> None:
    cluster.client.patch(ENVIRONMENTS, environment.name, {"metadata": {"annotations": {KEEP_ANNOTATION: "true"}}})


def test_switching_expiry_on_ends_what_is_not_used_from_then_on_and_a_push_brings_it_back(
    environments: Environments, stopped_engine: Engine, start_controller: StartController, history: History
) -> None:
    stopped_engine.start(seconds={"uninstall": 0.2})
    before = start_controller(release_engine="helm-operator")
    environment = environments.create(values=tag("one"))
    uid = environment.deployed()["metadata"]["uid"]
    assert "lastActivityTime" not in environment.status()
    before.stop()

    start_controller(release_engine="helm-operator", expire_after=2.0)
    environment.until(lambda obj: obj["status"].get("expiresAt"), "it has a lifetime")
    expired(environment)
    assert environment.namespace() is None
    found = environment.get()
    assert (found["metadata"]["uid"], found["metadata"]["finalizers"]) == (uid, [FINALIZER])
    assert environment.condition("Ready")["reason"] == "Expired"
    ended = (
        history.deleted(HELM_RELEASES, RELEASE, environment.name),
        history.deleted(SECRETS, STORAGE, environment.name),
        history.deleted(NAMESPACES, environment.name),
    )
    assert [version.at for version in ended] == sorted(version.at for version in ended)
    eventually(lambda: {"Expiring", "Expired"} <= set(environment.reasons()), "Events say so")

    environment.patch({**LONG, "application": {"release": {"values": tag("two")}}})
    environment.deployed()
    release = environment.helm_release()
    assert release is not None
    assert release["spec"]["values"] == tag("two")
    eventually(lambda: "Revived" in environment.reasons(), "an Event says that it is back")


@pytest.mark.slow
def test_a_kept_environment_stays_and_an_expired_one_comes_back_to_be_kept(
    environments: Environments, cluster: Cluster, engine: Engine, start_controller: StartController
) -> None:
    start_controller(release_engine="helm-operator", expire_after=1.0)
    environment = environments.create(values=tag("one"))
    expired(environment)

    keep(cluster, environment)
    environment.deployed()
    assert "expiresAt" not in environment.status()
    throughout(1.5, lambda: environment.status()["applicationStatus"] == "deployed", "a kept environment has ended")


@pytest.mark.slow
def test_an_expired_environment_can_be_deleted(
    environments: Environments, engine: Engine, start_controller: StartController
) -> None:
    start_controller(release_engine="helm-operator")
    environment = environments.create(spec={"lifecycle": {"expireAfter": "1s"}})
    expired(environment)

    environment.delete()
    environment.gone()


def test_in_report_mode_nothing_ends(
    environments: Environments, engine: Engine, start_controller: StartController
) -> None:
    start_controller(release_engine="helm-operator", expire_after=1.0, expire_mode="report")
    environment = environments.create()

    def is_reported() -> bool:
        found = environment.get().get("status", {}).get("conditions", ())
        return any(condition["reason"] == "WouldHaveEnded" for condition in found)

    eventually(is_reported, "its end is reported")
    environment.deployed()
    assert environment.namespace()


@pytest.mark.slow
def test_each_engine_uninstalls_what_has_expired_and_installs_it_again(
    environments: Environments, installer: Installer, start_controller: StartController
) -> None:
    before = start_controller(release_engine=installer.engine)
    environment = environments.create(values=tag("one"))
    environment.deployed()
    before.stop()

    start_controller(release_engine=installer.engine, expire_after=2.0)
    expired(environment)
    assert environment.namespace() is None

    environment.patch({**LONG, "application": {"release": {"values": tag("two")}}})
    environment.deployed()
    assert installer.release(environment)
