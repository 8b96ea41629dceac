"""A suspended environment does not change, and continues when it is resumed."""

from __future__ import annotations

from controller.api.helm_operator import HELM_RELEASES
from tests.integration.support.controllers import ThreadedController
from tests.integration.support.engines import Engine
from tests.integration.support.environments import RELEASE, Environment, Environments, tag
from tests.integration.support.fixtures import StartController
from tests.integration.support.waiting import eventually, throughout


def suspended(environments: Environments) -> Environment:
    """A deployed one, suspended."""
    environment = environments.create(values=tag("one"), spec={"namespaceLabels": {"kind": "pr"}})
    environment.deployed()
    environment.patch({"suspend": True})
    environment.until(lambda obj: obj["status"]["applicationStatus"] == "suspended", "it is suspended")
    return environment


def test_the_status_shows_the_suspension(
    environments: Environments, engine: Engine, controller: ThreadedController
) -> None:
    environment = suspended(environments)
    status = environment.status()
    assert status["currentPhase"] == "Suspended"
    assert status["observedGeneration"] == 2
    assert status["namespaceLabels"] == {"kind": "pr"}


def test_neither_a_new_spec_nor_drift_has_an_effect_during_the_suspension(
    environments: Environments, engine: Engine, controller: ThreadedController
) -> None:
    environment = suspended(environments)
    environment.patch_release(values=tag("two"))
    environment.patch_helm_release({"spec": {"timeout": 5}})
    environment.label_namespace(kind="theirs")
    environment.until(lambda obj: obj["status"]["observedGeneration"] == 3, "the change is seen")

    def untouched() -> bool:
        release = environment.helm_release() or {"spec": {}}
        spec = release["spec"]
        return (
            spec.get("values") == tag("one") and spec.get("timeout") == 5 and environment.labels()["kind"] == "theirs"
        )

    throughout(0.3, untouched, "a suspended environment was changed")


def test_a_resumed_environment_catches_up(
    environments: Environments, engine: Engine, controller: ThreadedController
) -> None:
    environment = suspended(environments)
    environment.patch_release(values=tag("two"))
    environment.label_namespace(kind="theirs")
    environment.patch({"suspend": False})
    environment.deployed()
    release = environment.helm_release()
    assert release is not None
    assert release["spec"]["values"] == tag("two")
    assert environment.labels()["kind"] == "pr"
    eventually(lambda: "Resumed" in environment.reasons(), "an Event says that it was resumed")
    reasons = environment.reasons()
    assert reasons.index("Suspended") < reasons.index("Resumed")


def test_an_environment_created_suspended_creates_nothing_until_resumed(
    environments: Environments, engine: Engine, controller: ThreadedController
) -> None:
    environment = environments.create(spec={"suspend": True})
    environment.until(lambda obj: obj.get("status", {}).get("applicationStatus") == "suspended", "it is suspended")
    assert environment.namespace() is None
    environment.patch({"suspend": False})
    environment.deployed()


def test_an_environment_stays_suspended_after_a_restart(
    environments: Environments, engine: Engine, start_controller: StartController
) -> None:
    controller = start_controller()
    environment = suspended(environments)
    controller.stop()
    environment.cluster.client.delete(HELM_RELEASES, RELEASE, namespace=environment.name)
    start_controller()
    throughout(0.3, lambda: environment.helm_release() is None, "a suspended environment was changed")
    environment.patch({"suspend": False})
    environment.deployed()
