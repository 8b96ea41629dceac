"""A release that fails: the user sees why without leaving the environment, and a better spec heals it."""

from __future__ import annotations

from typing import Any

from controller.api.helm_operator import HELM_RELEASES
from controller.apimachinery.resources import CORE_EVENTS
from hack.standins import plays
from tests.integration.support.clusters import Cluster
from tests.integration.support.controllers import ThreadedController
from tests.integration.support.engines import Engine
from tests.integration.support.environments import RELEASE, Environment, Environments, is_deployed, tag
from tests.integration.support.fixtures import StartController
from tests.integration.support.history import History
from tests.integration.support.truth import deployed_is_never_said_too_early
from tests.integration.support.waiting import throughout

WORDS = "failed to create resource: Deployment.apps 'run-pipeline' is invalid"
NEWER = "timed out waiting for the condition"


def fail(environment: Environment, operations: str | None) -> None:
    """Let operations of the engine fail (None: no more)."""
    environment.patch_helm_release({"metadata": {"annotations": {plays.FAIL: operations}}})


def warn(environment: Environment, message: str, *, at: str = "2100-01-01T00:00:00Z") -> None:
    """The Event with which the Helm Operator reports the real reason; by default it follows every failure."""
    release = environment.helm_release()
    assert release is not None
    event: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"generateName": f"{RELEASE}-", "namespace": environment.name},
        "type": "Warning",
        "reason": "FailedReleaseSync",
        "message": message,
        "firstTimestamp": at,
        "lastTimestamp": at,
        "count": 1,
        "source": {"component": "helm-operator"},
        "involvedObject": {
            "apiVersion": HELM_RELEASES.api_version,
            "kind": HELM_RELEASES.kind,
            "name": RELEASE,
            "namespace": environment.name,
            "uid": release["metadata"]["uid"],
        },
    }
    environment.cluster.client.create(CORE_EVENTS, event, namespace=environment.name)


def failing(environments: Environments, engine: Engine) -> Environment:
    """An environment whose first update is going to fail."""
    environment = environments.create(values=tag("one"))
    environment.deployed()
    engine.stop()
    fail(environment, "upgrade")
    environment.patch_release(values=tag("two"))
    return environment


def test_the_status_shows_the_releases_message_and_its_newest_warning(
    environments: Environments, engine: Engine, controller: ThreadedController
) -> None:
    environment = failing(environments, engine)
    warn(environment, "an older story", at="2025-01-01T00:00:00Z")
    warn(environment, WORDS)
    engine.start()
    environment.failed()
    # The right to read Events comes with a binding that was made just before, and takes a moment.
    failed = environment.until(lambda obj: WORDS in obj["status"]["applicationStatusMsg"], "the warning is shown")
    message = failed["status"]["applicationStatusMsg"]
    assert "Installation or upgrade failed" in message or "Release failed" in message
    assert "an older story" not in message
    ready = environment.condition("Ready")
    assert (ready["status"], ready["reason"]) == ("False", "ReleaseFailed")
    assert WORDS in ready["message"]
    assert failed["status"]["currentPhase"] == "Waiting For Next Reconciliation Loop"


def test_a_warning_shortly_after_the_failure_is_shown_too(
    environments: Environments, engine: Engine, controller: ThreadedController
) -> None:
    environment = failing(environments, engine)
    engine.start()
    environment.failed()
    warn(environment, WORDS)
    environment.until(lambda obj: WORDS in obj["status"]["applicationStatusMsg"], "the reason is shown")


def test_the_status_shows_a_failed_installation(
    environments: Environments, stopped_engine: Engine, controller: ThreadedController
) -> None:
    environment = environments.create()
    environment.until(lambda obj: environment.helm_release(), "its release is made")
    fail(environment, "install")
    stopped_engine.start()
    failed = environment.failed()
    assert RELEASE in failed["status"]["applicationStatusMsg"]


def test_a_better_spec_heals_a_failed_release(
    environments: Environments, engine: Engine, controller: ThreadedController, history: History
) -> None:
    environment = failing(environments, engine)
    engine.start()
    environment.failed()
    fail(environment, None)
    environment.patch_release(values=tag("three"))
    environment.deployed()
    deployed_is_never_said_too_early(history, environment.name, RELEASE)


def test_a_later_failure_does_not_show_the_reason_of_an_earlier_one(
    environments: Environments, engine: Engine, controller: ThreadedController
) -> None:
    environment = failing(environments, engine)
    warn(environment, WORDS, at="2100-01-01T00:00:00Z")
    engine.start()
    environment.until(lambda obj: WORDS in obj["status"]["applicationStatusMsg"], "the first reason is shown")
    engine.stop()
    environment.patch_release(values=tag("three"))
    environment.until(lambda obj: obj["status"]["observedGeneration"] == 3, "the update is seen")
    warn(environment, NEWER, at="2100-01-01T00:01:00Z")
    engine.start()
    environment.until(lambda obj: NEWER in obj["status"]["applicationStatusMsg"], "the later reason is shown")
    assert WORDS not in environment.status()["applicationStatusMsg"]


def test_an_unavailable_chart_is_pending_during_the_grace_period_and_failed_after_it(
    environments: Environments, stopped_engine: Engine, start_controller: StartController
) -> None:
    # Times of objects are whole seconds, so the grace has to be some of them.
    start_controller(chart_grace=3.0)
    environment = environments.create()
    environment.until(lambda obj: environment.helm_release(), "its release is made")
    fail(environment, "fetch")
    stopped_engine.start()
    environment.until(
        lambda obj: obj["status"]["applicationStatusMsg"] == "Waiting for the chart to be fetched.", "it is waited for"
    )
    assert environment.status()["applicationStatus"] == "pending"
    failed = environment.failed()
    assert failed["status"]["applicationStatusMsg"].startswith(
        f"Chart fetch failed for Helm release '{RELEASE}' in '{environment.name}'."
    )


def test_a_failed_environment_does_not_affect_another(
    cluster: Cluster, environments: Environments, engine: Engine, controller: ThreadedController
) -> None:
    good = environments.create("good")
    good.deployed()
    bad = environments.create("bad")
    bad.deployed()
    fail(bad, "upgrade")
    bad.patch_release(values=tag("two"))
    bad.failed()
    throughout(0.2, lambda: is_deployed(good.get()), "the good one suffers")
