"""Events on an environment: one for each transition, none in between, where `kubectl describe` looks for them."""

from __future__ import annotations

from controller.apimachinery.resources import CORE_EVENTS, EVENTS
from tests.integration.support.clusters import Cluster
from tests.integration.support.controllers import ThreadedController
from tests.integration.support.engines import Engine
from tests.integration.support.environments import Environment, Environments, manifest, tag
from tests.integration.support.fixtures import StartController
from tests.integration.support.waiting import eventually, throughout


def reasons(environment: Environment) -> list[str]:
    """The reasons of its Events, in order."""
    return [event["reason"] for event in environment.events()]


def test_a_deployment_has_one_event_at_its_start_and_one_at_its_end(
    environments: Environments, engine: Engine, controller: ThreadedController
) -> None:
    environment = environments.create()
    environment.deployed()
    eventually(lambda: "Deployed" in reasons(environment), "an Event reports the deployment")
    assert reasons(environment) == ["ReleaseCreated", "Deployed"]
    assert {event["type"] for event in environment.events()} == {"Normal"}


def test_an_update_has_one_event_at_its_end(
    environments: Environments, engine: Engine, controller: ThreadedController
) -> None:
    environment = environments.create(values=tag("one"))
    environment.deployed()
    eventually(lambda: reasons(environment)[-1:] == ["Deployed"], "an Event reports the deployment")
    environment.patch_release(values=tag("two"))
    environment.deployed()

    def again() -> list[int]:
        return [event["series"]["count"] for event in environment.events() if "series" in event]

    eventually(lambda: again() == [2], "an Event reports the update")
    assert reasons(environment) == ["ReleaseCreated", "Deployed"]


def test_kubectl_describe_finds_the_events(
    cluster: Cluster, environments: Environments, engine: Engine, controller: ThreadedController
) -> None:
    environment = environments.create()
    obj = environment.deployed()
    eventually(lambda: "Deployed" in reasons(environment), "an Event reports the deployment")
    selector = (
        f"involvedObject.name={environment.name},involvedObject.kind=EnvironmentProvisioner,"
        f"involvedObject.uid={obj['metadata']['uid']}"
    )
    # An object without a namespace has its Events in `default`; kubectl asks in all namespaces.
    found = cluster.client.list(CORE_EVENTS, field_selector=selector)["items"]
    assert {event["metadata"]["namespace"] for event in found} == {"default"}
    newer = [
        event
        for event in cluster.list(EVENTS, "default")
        if (event.get("regarding") or {}).get("uid") == obj["metadata"]["uid"]
    ]
    assert {event["reason"] for event in newer} == {event["reason"] for event in found}
    for event in newer:
        assert event["reportingController"].startswith("tronador.stakater.com/")
        assert event["action"]
        assert event["regarding"]["apiVersion"] == "tronador.stakater.com/v1alpha1"


def test_neither_the_steady_state_nor_a_restart_emits_events(
    environments: Environments, engine: Engine, start_controller: StartController
) -> None:
    controller = start_controller(resync_period=0.2)
    environment = environments.create()
    environment.deployed()
    eventually(lambda: "Deployed" in reasons(environment), "an Event reports the deployment")
    before = [(e["metadata"]["name"], e["metadata"]["resourceVersion"]) for e in environment.events()]

    def same() -> bool:
        return before == [(e["metadata"]["name"], e["metadata"]["resourceVersion"]) for e in environment.events()]

    throughout(0.8, same, "an Event without a transition")
    controller.stop()
    start_controller(resync_period=0.2)
    throughout(0.8, same, "an Event without a transition")


def test_a_refusal_emits_one_warning(
    cluster: Cluster, environments: Environments, engine: Engine, start_controller: StartController
) -> None:
    start_controller(resync_period=0.2)
    name = cluster.name("pr-74")
    cluster.create_namespace(name)
    environment = environments.apply(manifest(name))
    environment.stalled("NamespaceNotOwned")
    eventually(lambda: reasons(environment) == ["Stalled"], "an Event reports the refusal")
    throughout(0.6, lambda: reasons(environment) == ["Stalled"], "the refusal is not reported twice")
    event = environment.events()[0]
    assert event["type"] == "Warning"
    assert "NamespaceNotOwned" in event["message"]


def test_a_teardown_has_one_event_at_its_start_and_one_at_its_end(
    cluster: Cluster, environments: Environments, engine: Engine, controller: ThreadedController
) -> None:
    environment = environments.create()
    uid = environment.deployed()["metadata"]["uid"]
    environment.delete()
    environment.gone()

    def events() -> list[tuple[str, bool]]:
        found = [e for e in cluster.list(EVENTS, "default") if (e.get("regarding") or {}).get("uid") == uid]
        # By the time when each was first seen: a resourceVersion would also count later changes of an Event.
        ordered = sorted(found, key=lambda event: str(event["eventTime"]))
        return [(e["reason"], "series" in e) for e in ordered if e["reason"].startswith("Teardown")]

    wanted = [("TeardownStarted", False), ("TeardownFinished", False)]
    eventually(lambda: events() == wanted, lambda: f"both Events are there, each once: {events()}")
