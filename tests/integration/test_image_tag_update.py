"""A new image tag reaches the release, and the status is correct throughout."""

from __future__ import annotations

from controller.api.environment import ENVIRONMENTS
from controller.api.helm_operator import HELM_RELEASES
from tests.integration.support.controllers import ThreadedController
from tests.integration.support.engines import Engine
from tests.integration.support.environments import RELEASE, Environments, condition, tag
from tests.integration.support.fixtures import StartController
from tests.integration.support.history import History
from tests.integration.support.truth import deployed_is_never_said_too_early
from tests.integration.support.waiting import throughout


def test_a_new_tag_reaches_the_release(
    environments: Environments, engine: Engine, controller: ThreadedController
) -> None:
    environment = environments.create(values=tag("one"))
    environment.deployed()
    environment.patch_release(values=tag("two"))
    environment.deployed()
    release = environment.helm_release()
    assert release is not None
    assert release["spec"]["values"] == tag("two")


def test_the_status_changes_from_deployed_to_deploying_and_back(
    environments: Environments, stopped_engine: Engine, controller: ThreadedController, history: History
) -> None:
    stopped_engine.start(seconds={"upgrade": 0.5}, show_phases=True)
    environment = environments.create(values=tag("one"))
    first = environment.deployed()
    environment.patch_release(values=tag("two"))
    second = environment.deployed()
    seen = [
        version.status
        for version in history.complete(ENVIRONMENTS, second)
        if version.at > int(first["metadata"]["resourceVersion"])
    ]
    of_second = [status["applicationStatus"] for status in seen if status["observedGeneration"] == 2]
    assert of_second[-2:] == ["deploying", "deployed"]
    assert set(of_second[:-1]) <= {"pending", "deploying"}
    running = next(status for status in seen if status["applicationStatus"] == "deploying")
    assert running["currentPhase"] in ("Deploying Release", "Waiting For Release")
    deployed_is_never_said_too_early(history, environment.name, RELEASE)


def test_quick_updates_are_never_reported_as_deployed_too_early(
    environments: Environments, stopped_engine: Engine, controller: ThreadedController, history: History
) -> None:
    stopped_engine.start(seconds={"upgrade": 0.02}, show_phases=True)
    environment = environments.create(values=tag("0"))
    for number in range(1, 40):
        environment.patch_release(values=tag(str(number)))
        if number % 10 == 0:
            environment.deployed()
    environment.deployed()
    release = environment.helm_release()
    assert release is not None
    assert release["spec"]["values"] == tag("39")
    deployed_is_never_said_too_early(history, environment.name, RELEASE)


def test_an_old_success_does_not_count_for_an_update_that_the_engine_has_not_seen(
    environments: Environments, engine: Engine, controller: ThreadedController, history: History
) -> None:
    environment = environments.create(values=tag("one"))
    environment.deployed()
    engine.stop()
    environment.patch_release(values=tag("two"))
    history.until(HELM_RELEASES, lambda v: v.obj["spec"]["values"] == tag("two"), "the release has the new tag")
    waiting = environment.until(lambda obj: obj["status"]["observedGeneration"] == 2, "the update is seen")
    assert waiting["status"]["applicationStatus"] in ("pending", "deploying")
    assert condition(waiting, "Ready")["status"] == "Unknown"
    throughout(
        0.5,
        lambda: environment.status()["applicationStatus"] != "deployed",
        "an environment is deployed although its engine sleeps",
    )
    engine.start()
    environment.deployed()


def test_numbers_and_booleans_in_values_are_unchanged(
    environments: Environments, engine: Engine, controller: ThreadedController
) -> None:
    values = {"whole": 1, "real": 1.5, "yes": True, "text": "1e5", "list": [{"a": 1}, "b"], "empty": {}}
    environment = environments.create(values=values)
    environment.deployed()
    release = environment.helm_release()
    assert release is not None
    assert release["spec"]["values"] == values
    assert release["spec"]["values"]["yes"] is True
    assert isinstance(release["spec"]["values"]["whole"], int)
    environment.patch_release(values={"yes": 1, "whole": True, "text": "1e6"})
    environment.deployed()
    release = environment.helm_release()
    assert release is not None
    assert release["spec"]["values"]["yes"] == 1
    assert release["spec"]["values"]["yes"] is not True
    assert release["spec"]["values"]["whole"] is True


def test_the_release_has_the_environments_name_by_default(
    environments: Environments, engine: Engine, controller: ThreadedController
) -> None:
    environment = environments.create("shop-12", releaseName=None)
    environment.deployed()
    release = environment.helm_release(environment.name)
    assert release is not None
    assert release["spec"]["releaseName"] == environment.name


def test_a_controller_started_during_an_update_completes_it(
    environments: Environments, engine: Engine, start_controller: StartController
) -> None:
    first = start_controller()
    environment = environments.create(values=tag("one"))
    environment.deployed()
    first.stop()
    environment.patch_release(values=tag("two"))
    start_controller()
    environment.deployed()
    release = environment.helm_release()
    assert release is not None
    assert release["spec"]["values"] == tag("two")
