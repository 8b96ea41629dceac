"""A third engine is two rows of tables: the phases use one that exists only in this test, with no other change."""

import pytest

from controller.api import engines as table
from controller.api.engines import EngineFacts
from controller.api.environment import ENVIRONMENT_LABEL, UID_ANNOTATION, Environment
from controller.apimachinery.resources import Resource
from controller.environment import engines, status
from controller.environment.decide import decide
from controller.environment.effects import Create, Delete, GroupVersion, Listing, Patch, Read, Target
from controller.environment.engines import choice
from controller.environment.engines.engine import Engine, Health, ReleaseContext, State
from controller.environment.options import EnvironmentOptions
from controller.policy import PolicyOptions, violations
from tests.unit.environment.support.builders import (
    GIT,
    NAME,
    RELEASE_NAME,
    environment,
    namespace,
    namespace_target,
    observation,
    without_events,
)

APPLICATIONS = Resource("argoproj.example.com", "v1", "applications", "Application", namespaced=True)
EVENTS = Resource("", "v1", "events", "Event", namespaced=True)
FINALIZER = "resources-finalizer.example.com"
APPLICATION = Target(APPLICATIONS, RELEASE_NAME, NAME)
WHY = Listing(EVENTS, NAME, field_selector="why")
FACTS = EngineFacts(
    name="third-engine",
    title="the third engine",
    releases=APPLICATIONS,
    sources=None,
    is_cluster_admin=True,
    reads_external_values=False,
)


def _desired(context: ReleaseContext):
    labels = {ENVIRONMENT_LABEL: context.environment.name}
    annotations = {UID_ANNOTATION: context.environment.uid}
    return {
        "apiVersion": APPLICATIONS.api_version,
        "kind": APPLICATIONS.kind,
        "metadata": {"name": RELEASE_NAME, "namespace": NAME, "labels": labels, "annotations": annotations},
        "spec": {"source": context.environment.release["chart"]["git"]},
    }


def _health(release, source, *, chart_patience):
    if release is None:
        return Health(State.PENDING, "Pending", "")
    state = {"Healthy": State.DEPLOYED, "Degraded": State.FAILED}.get(release.get("status"), State.DEPLOYING)
    return Health(state, release.get("status", "Syncing"), f"The application is {state}.")


def _suspend(target, release):
    return None if release["spec"].get("paused") else Patch(target, [{"op": "add", "path": "/spec/paused"}])


def _resume(target, release):
    return Patch(target, [{"op": "remove", "path": "/spec/paused"}]) if release["spec"].get("paused") else None


THIRD = Engine(
    facts=FACTS,
    failures=("Degraded",),
    account_field="",
    deployed_fields={APPLICATIONS: ("source",)},
    finalizers={APPLICATIONS: {FINALIZER: "the third engine removes it"}},
    values_labels={},
    place=lambda environment, name: Target(APPLICATIONS, name, environment.namespace_name),
    desired=_desired,
    desired_source=lambda context: None,
    health=_health,
    revision=lambda release, source: "abc",
    git_secret=lambda release, source: "",
    ignored_fields=lambda environment: ("wait",) if "wait" in environment.release else (),
    foreign_references=lambda environment: {},
    suspend=_suspend,
    resume=_resume,
    evidence=lambda target, release: WHY,
    explain=lambda release, events: " ".join(event["message"] for event in events),
    leftovers=lambda release: None,
)
OPTIONS = EnvironmentOptions(service_account="", release_engine=FACTS.name)


@pytest.fixture(autouse=True)
def _third_engine(monkeypatch):
    monkeypatch.setitem(table.ENGINES, FACTS.name, FACTS)
    monkeypatch.setitem(engines.ENGINES, FACTS.name, THIRD)


def _live(**changes):
    desired = _desired(ReleaseContext(environment=Environment(environment())))
    metadata = {**desired["metadata"], "uid": "app-1", "resourceVersion": "7", "generation": 1}
    return {**desired, "metadata": metadata | changes.pop("metadata", {}), **changes}


def _observe(live=None, **seen):
    seen.setdefault("namespace", namespace())
    return observation(cached={APPLICATION: live} if live else {}, **seen)


def _plan(*args, **seen):
    return decide(_observe(*args, **seen), OPTIONS)


def _effects(plan):
    return without_events([effect for step in plan.steps for effect in step.decision.effects])


def _status(seen):
    return status.desired(seen, decide(seen, OPTIONS), OPTIONS)


def test_a_cluster_that_serves_only_the_third_engine_gets_it():
    asked = choice.questions(observation(), EnvironmentOptions(service_account=""))
    served = {read.subject: frozenset() for read in asked} | {
        GroupVersion("argoproj.example.com/v1"): frozenset({APPLICATIONS})
    }

    assert Read(GroupVersion("argoproj.example.com/v1")) in asked
    assert choice.choose(observation(answers=served), EnvironmentOptions(service_account="")) is THIRD


def test_an_existing_release_shows_its_engine_if_the_status_was_lost():
    assert choice.choose(_observe(_live()), EnvironmentOptions(service_account="")) is THIRD


def test_the_policy_knows_what_the_third_engine_cannot_do():
    values = [{"externalSourceRef": {"url": "https://example.com/values"}}]
    asked = Environment(environment(release={"valuesFrom": values}))

    (violation,) = violations(asked, PolicyOptions(allow_external_values=True), engine=FACTS.name)

    assert violation.reason == "ExternalValuesNotSupported"
    assert violation.remedy.startswith("the third engine cannot read values from URLs")


def test_the_missing_release_is_created():
    assert _effects(_plan()) == [Create(APPLICATION, _desired(ReleaseContext(environment=Environment(environment()))))]


def test_a_changed_release_is_corrected():
    (patch,) = _effects(_plan(_live(spec={"source": "https://elsewhere.example.com"})))

    assert patch.target == APPLICATION
    assert patch.body[1:] == [{"op": "replace", "path": "/spec/source", "value": GIT}]


def test_a_healthy_release_makes_the_environment_ready():
    found = _status(_observe(_live(status="Healthy")))

    assert found["applicationStatus"] == "deployed"
    assert found["release"] == {"engine": "third-engine", "name": RELEASE_NAME, "revision": "abc"}


def test_a_failed_release_is_explained_by_what_the_engine_asks_to_read():
    assert Read(WHY) in _effects(_plan(_live(status="Degraded")))

    found = _status(_observe(_live(status="Degraded"), answers={WHY: ({"message": "The image is missing."},)}))

    assert found["applicationStatus"] == "failed"
    assert found["applicationStatusMsg"] == "The application is failed. The image is missing."


def test_a_suspended_environment_suspends_the_release():
    plan = _plan(_live(), environment=environment(suspend=True))

    assert [effect.target for effect in _effects(plan)] == [APPLICATION]


def test_a_release_of_another_engine_is_uninstalled_first():
    of_flux = Target(engines.ENGINES["flux"].releases, RELEASE_NAME, NAME)
    plan = decide(observation(namespace=namespace(), cached={of_flux: _live()}), OPTIONS)

    assert plan.last.reason == "UninstallingRelease"
    assert Read(of_flux) in _effects(plan)


def test_a_teardown_resumes_and_deletes_the_release_and_waits_for_its_finalizer():
    def teardown(live):
        search = Listing(APPLICATIONS, NAME, metadata_only=True)
        answers = {APPLICATION: live, namespace_target(): namespace(), search: ()}
        return _plan(environment=environment(deleting=True), answers=answers)

    paused = teardown(_live(spec={"paused": True}))
    assert [type(effect) for effect in _effects(paused)] == [Patch]
    resumed = teardown(_live(spec={"paused": False}))
    assert [type(effect) for effect in _effects(resumed)] == [Delete]

    held = teardown(_live(metadata={"deletionTimestamp": "2026-03-21T12:00:00Z", "finalizers": [FINALIZER]}))
    assert "Application run-pipeline to be deleted" in held.last.message
    assert f"{FINALIZER} (the third engine removes it)" in held.last.message

    gone = teardown(None)
    assert gone.last.reason == "DeletingNamespace"
