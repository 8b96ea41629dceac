"""Labels of an environment's namespace: ours follow the spec, everybody else's are left alone."""

from __future__ import annotations

import json

from controller.api.environment import APPLIED_LABELS_ANNOTATION, ENVIRONMENT_LABEL, ENVIRONMENTS
from controller.apimachinery.resources import NAMESPACES
from tests.integration.support.controllers import ThreadedController
from tests.integration.support.engines import Engine
from tests.integration.support.environments import Environment, Environments
from tests.integration.support.fixtures import StartController
from tests.integration.support.history import History
from tests.integration.support.waiting import eventually, throughout


def with_labels(environments: Environments, **labels: str) -> Environment:
    """A deployed environment whose namespace has these labels."""
    environment = environments.create(spec={"namespaceLabels": labels})
    environment.deployed()
    return environment


def change_labels(environment: Environment, **labels: str | None) -> None:
    """Change the labels that the spec asks for, and wait until that has been seen to."""
    generation = environment.patch({"namespaceLabels": labels})["metadata"]["generation"]
    environment.until(lambda obj: obj["status"]["observedGeneration"] == generation, "the change is seen")
    environment.deployed()


def test_a_label_removed_from_the_environment_is_removed_from_its_namespace(
    environments: Environments, engine: Engine, controller: ThreadedController
) -> None:
    environment = with_labels(environments, kind="pr", team="gabbar")
    change_labels(environment, team=None)
    assert environment.labels()["kind"] == "pr"
    assert "team" not in environment.labels()
    assert environment.status()["namespaceLabels"] == {"kind": "pr"}


def test_removing_all_labels_from_the_environment_removes_them_from_its_namespace(
    environments: Environments, engine: Engine, controller: ThreadedController
) -> None:
    environment = with_labels(environments, kind="pr", team="gabbar")
    environment.patch({"namespaceLabels": None})
    environment.deployed()
    assert not {"kind", "team"} & environment.labels().keys()
    assert not environment.status().get("namespaceLabels")


def test_a_changed_label_changes_on_the_namespace(
    environments: Environments, engine: Engine, controller: ThreadedController
) -> None:
    environment = with_labels(environments, team="gabbar")
    change_labels(environment, team="veeru")
    assert environment.labels()["team"] == "veeru"


def test_a_label_that_was_never_in_the_environment_is_kept(
    environments: Environments, engine: Engine, controller: ThreadedController
) -> None:
    environment = with_labels(environments, team="gabbar")
    environment.label_namespace(owner="somebody")
    change_labels(environment, team=None)
    assert environment.labels()["owner"] == "somebody"
    assert "owner" not in environment.status()["namespaceLabels"]


def test_a_changed_label_is_corrected_while_the_environment_names_it(
    environments: Environments, engine: Engine, controller: ThreadedController
) -> None:
    environment = with_labels(environments, team="gabbar")
    environment.label_namespace(team="thief")
    eventually(lambda: environment.labels()["team"] == "gabbar", "the label is put right")
    environment.label_namespace(team=None)
    eventually(lambda: environment.labels().get("team") == "gabbar", "the label is back")


def test_a_changed_label_is_kept_once_the_environment_no_longer_names_it(
    environments: Environments, engine: Engine, start_controller: StartController
) -> None:
    controller = start_controller()
    environment = with_labels(environments, team="gabbar", kind="pr")
    controller.stop()
    environment.label_namespace(team="somebody")
    environment.patch({"namespaceLabels": {"team": None, "kind": None}})
    start_controller()
    environment.deployed()
    assert environment.labels()["team"] == "somebody"
    assert "kind" not in environment.labels()


def test_a_foreign_label_is_kept_after_the_environment_had_another_value_for_it(
    environments: Environments, engine: Engine, controller: ThreadedController
) -> None:
    environment = with_labels(environments, kind="pr")
    environment.label_namespace(team="somebody")
    change_labels(environment, team="gabbar")
    assert environment.labels()["team"] == "gabbar"
    change_labels(environment, team=None)
    assert "team" not in environment.labels()


def test_the_memory_of_labels_survives_a_status_that_was_lost(
    environments: Environments, engine: Engine, start_controller: StartController
) -> None:
    controller = start_controller()
    environment = with_labels(environments, team="gabbar", kind="pr")
    controller.stop()
    environment.cluster.client.patch(ENVIRONMENTS, environment.name, {"status": None}, subresource="status")
    environment.patch({"namespaceLabels": {"team": None}})
    start_controller()
    environment.deployed()
    assert "team" not in environment.labels()
    assert environment.labels()["kind"] == "pr"
    assert environment.status()["namespaceLabels"] == {"kind": "pr"}


def test_labels_and_their_memory_are_always_written_together(
    environments: Environments, engine: Engine, controller: ThreadedController, history: History
) -> None:
    environment = with_labels(environments, team="gabbar")
    for number in range(5):
        change_labels(environment, team=str(number), extra=None if number % 2 else "yes")
    namespace = environment.namespace()
    assert namespace is not None
    for version in history.complete(NAMESPACES, namespace):
        metadata = version.obj["metadata"]
        memory = json.loads(metadata["annotations"][APPLIED_LABELS_ANNOTATION])
        assert memory.items() <= metadata["labels"].items()


def test_the_operators_labels_take_precedence_over_the_environments(
    environments: Environments, engine: Engine, start_controller: StartController
) -> None:
    start_controller(namespace_labels={"team": "platform", "cost": "42"})
    environment = with_labels(environments, team="gabbar", kind="pr")
    labels = environment.labels()
    assert (labels["team"], labels["cost"], labels["kind"]) == ("platform", "42", "pr")
    assert environment.status()["namespaceLabels"] == {"kind": "pr"}


def test_the_ownership_label_of_a_namespace_is_not_restored_automatically(
    environments: Environments, engine: Engine, controller: ThreadedController
) -> None:
    # Without it, the namespace is no longer ours.
    environment = with_labels(environments, team="gabbar")
    environment.label_namespace(**{ENVIRONMENT_LABEL: None})
    environment.stalled("NamespaceNotOwned")
    throughout(
        0.3,
        lambda: ENVIRONMENT_LABEL not in environment.labels(),
        "a namespace was taken back without consent",
    )
