"""Argo CD's side: its own CRD takes the Application, and its health check reads an environment as people would."""

from __future__ import annotations

from typing import Any

import kubernetes_validate
import pytest

from controller.api.environment import ENVIRONMENTS
from controller.environment import status
from controller.environment.admission.claims import Verdict
from controller.environment.decide import decide
from controller.environment.effects import TakePlace, TakeTurn
from controller.environment.options import EnvironmentOptions, LimitOptions
from hack.standins.argocd import health
from tests.manifests.definitions import documents, named, refusals
from tests.unit.environment.support.builders import (
    NOW,
    ago,
    environment,
    foreign_namespace,
    helm_release,
    namespace,
    namespace_target,
    observation,
    operator_options,
    operator_status,
    release_target,
    words,
)

KEY = f"resource.customizations.health.{ENVIRONMENTS.group}_{ENVIRONMENTS.kind}"
OPTIONS = operator_options()


def _script() -> str:
    return named("argocd", "ConfigMap", "argocd-cm")["data"][KEY]


def _judged(obj: dict[str, Any]) -> tuple[str, str] | None:
    return health.of(obj, {KEY: _script()})


def _with_status(of: dict[str, Any], *, options: EnvironmentOptions = OPTIONS, **seen: Any) -> dict[str, Any]:
    """The environment with the status that the controller gives it."""
    built = observation(**{"namespace": namespace(), "environment": of, **seen})
    return of | {"status": status.desired(built, decide(built, options), options)}


def _queued() -> dict[str, Any]:
    answers = {TakePlace(): Verdict(granted=False, message="The limit is reached.")}
    options = operator_options(limits=LimitOptions(max_environments=1))
    return _with_status(environment(), options=options, namespace=None, answers=answers)


def _released(phase: str, **changes: Any) -> dict[str, Any]:
    of = environment(**changes)
    return _with_status(of, releases=[helm_release(of, status=operator_status(phase))])


EXPIRED = "The environment has expired."


def _ended() -> dict[str, Any]:
    """An environment whose status records that its lifetime is over, before anything is removed."""
    of = environment(
        expire_after="1h", status={"observedGeneration": 1, "lastActivityTime": ago(3600), "expiresAt": ago(0)}
    )
    return _with_status(of, answers={TakeTurn(NOW): 0.0})


# The health check


@pytest.mark.parametrize(
    ("obj", "state", "message"),
    [
        (_released("Succeeded"), "Healthy", words("Succeeded")),
        (_released("ChartFetchFailed"), "Progressing", "Waiting for the chart to be fetched."),
        (_released("Installing"), "Progressing", words("Installing")),
        (_with_status(environment()), "Progressing", None),
        (_released("Failed"), "Degraded", words("Failed")),
        (_with_status(environment(), namespace=foreign_namespace()), "Degraded", None),
        (_with_status(environment(chart={"git": "file:///etc"})), "Degraded", None),
        (_released("Succeeded", suspend=True), "Suspended", "The environment is suspended."),
        (_queued(), "Progressing", None),
        (_ended(), "Progressing", None),
        (_with_status(_ended(), namespace=None, answers={namespace_target(): None}), "Suspended", EXPIRED),
    ],
    ids=[
        *("deployed", "pending", "deploying", "new", "failed", "stalled", "bad", "suspended", "queued"),
        *("ending", "expired"),
    ],
)
def test_the_health_of_an_environment_follows_its_status(obj: dict[str, Any], state: str, message: str | None) -> None:
    said = message if message is not None else obj["status"]["applicationStatusMsg"]
    assert said
    assert _judged(obj) == (state, said)


def test_an_environment_being_deleted_is_progressing_despite_its_conditions() -> None:
    answers = {namespace_target(): namespace(deleting=True), release_target(): None}
    obj = _with_status(environment(deleting=True), answers=answers)

    assert obj["status"]["applicationStatus"] == "uninstalling"
    # Argo CD does not ask the script about an object that is being deleted.
    assert _judged(obj) == ("Progressing", "Pending deletion")


@pytest.mark.parametrize("before", ["Succeeded", "Failed"])
def test_conditions_of_an_older_generation_are_ignored(before: str) -> None:
    obj = _released(before)
    obj["metadata"]["generation"] += 1

    assert _judged(obj) == ("Progressing", "Waiting for the controller to see this generation.")


@pytest.mark.parametrize("absent", [None, {}, {"conditions": []}])
def test_an_environment_without_a_status_is_progressing(absent: dict[str, Any] | None) -> None:
    judged = _judged(environment(status=absent))
    assert judged is not None
    assert judged[0] == "Progressing"


def test_conditions_without_a_message_get_a_default_message() -> None:
    for ready, state in (("True", "Healthy"), ("False", "Degraded"), ("Unknown", "Progressing")):
        found = {"observedGeneration": 1, "conditions": [{"type": "Ready", "status": ready}]}
        judged = _judged(environment(status=found))
        assert judged is not None
        assert judged[0] == state
        assert judged[1]


# The manifests


def test_the_stand_ins_definitions_accept_everything() -> None:
    for obj in documents("argocd"):
        if obj["kind"] == "ConfigMap":
            kubernetes_validate.validate(obj, "1.36", strict=True)
        else:
            assert refusals(obj) == []


def test_the_application_prunes_and_self_heals_even_an_empty_folder() -> None:
    policy = _application()["spec"]["syncPolicy"]

    assert policy["automated"] == {"prune": True, "selfHeal": True, "allowEmpty": True}
    assert set(policy["syncOptions"]) == {"ServerSideApply=true", "PrunePropagationPolicy=background"}


def test_the_project_allows_only_environments_from_its_repository() -> None:
    application = _application()
    project = named("argocd", "AppProject", application["spec"]["project"])["spec"]

    assert project["clusterResourceWhitelist"] == [{"group": ENVIRONMENTS.group, "kind": ENVIRONMENTS.kind}]
    assert project["namespaceResourceBlacklist"] == [{"group": "*", "kind": "*"}]
    assert project["sourceRepos"] == [application["spec"]["source"]["repoURL"]]
    assert project["destinations"] == [application["spec"]["destination"]]


def test_everything_of_argo_cd_is_in_its_own_namespace() -> None:
    assert {document["metadata"]["namespace"] for document in documents("argocd")} == {"argocd"}


def _application() -> dict[str, Any]:
    return named("argocd", "Application", "tronador-environments")
