"""The phases with Flux: a source beside the release, its account, suspension, and a finalizer to wait for."""

import pytest

from controller.api.environment import Environment
from controller.api.flux import GIT_REPOSITORIES, HELM_RELEASES
from controller.apimachinery.resources import SECRETS
from controller.environment import uninstall
from controller.environment.decide import decide
from controller.environment.decision import Continue, Stop, Wait
from controller.environment.effects import Create, Delete, Emit, Listing, Patch, Read, Target
from controller.environment.engines import flux
from controller.environment.engines.engine import ReleaseContext, State
from controller.environment.options import EnvironmentOptions
from controller.environment.phases import health, prune, release, source, validate
from controller.environment.uninstall import Done
from tests.unit.environment.support.builders import (
    NAME,
    RELEASE_NAME,
    environment,
    event_reasons,
    helm_release,
    namespace,
    observation,
    proceed,
    release_target,
    without_events,
)
from tests.unit.environment.support.flux_targets import RELEASE, SOURCE

OPTIONS = EnvironmentOptions(
    service_account="", release_engine="flux", release_service_account="deployer", teardown_timeout=600
)


def _context(of=None):
    return ReleaseContext(environment=Environment(of or environment()), service_account="deployer")


def _stored(desired, **changes):
    metadata = {**desired["metadata"], "uid": "uid-9", "resourceVersion": "50", "generation": 1}
    return {**desired, "metadata": metadata} | changes


def _release(of=None, **spec):
    desired = flux.desired(_context(of))
    return _stored(desired, spec=desired["spec"] | spec)


def _source(of=None, **changes):
    return _stored(flux.desired_source(_context(of)), **changes)


def _observe(*, of=None, cached=None, **seen):
    seen.setdefault("namespace", namespace())
    return observation(environment=of or environment(), cached=cached or {}, **seen)


def _deleting(obj):
    return {**obj, "metadata": {**obj["metadata"], "deletionTimestamp": "2026-03-21T12:00:00Z"}}


# Source and release


def test_a_missing_source_is_created():
    assert source.decide(_observe(), OPTIONS) == proceed(Create(SOURCE, flux.desired_source(_context())))


def test_a_correct_source_is_not_changed():
    assert source.decide(_observe(cached={SOURCE: _source()}), OPTIONS) == proceed()


def test_drift_of_the_source_is_corrected_with_its_observed_uid():
    elsewhere = _source()
    elsewhere["spec"] = elsewhere["spec"] | {"url": "https://example.com/other"}

    [patch] = source.decide(_observe(cached={SOURCE: elsewhere}), OPTIONS).effects

    assert patch.body[0] == {"op": "test", "path": "/metadata/uid", "value": "uid-9"}
    assert [operation["path"] for operation in patch.body[1:]] == ["/spec/url"]


def test_a_foreign_source_is_refused():
    theirs = _source(metadata={"name": RELEASE_NAME, "uid": "1"})

    decision = source.decide(_observe(answers={SOURCE: theirs}), OPTIONS)

    assert isinstance(decision, Stop)
    assert decision.reason == "ReleaseNotOwned"
    assert "GitRepository" in decision.message


def test_the_release_runs_as_the_account_of_its_environment():
    [create] = without_events(release.decide(_observe(), OPTIONS).effects)

    assert create.target == RELEASE
    assert create.body["spec"]["serviceAccountName"] == "deployer"


def test_fields_unknown_to_flux_are_reported_once_with_the_change():
    of = environment(release={"rollback": {"enable": True, "recreate": True}})

    created = release.decide(_observe(of=of), OPTIONS)
    kept = release.decide(_observe(of=of, cached={RELEASE: _release(of)}), OPTIONS)

    assert event_reasons(created.effects) == ["ReleaseCreated", "FieldsIgnored"]
    assert "spec.application.release.rollback.recreate" in created.effects[-1].note
    assert kept == proceed(release=RELEASE)


# Suspension


def test_a_suspended_environment_only_suspends_its_release():
    of = environment(suspend=True, release={"values": {"a": 2}})
    cached = {RELEASE: _release(environment()), SOURCE: _source()}

    plan = decide(_observe(of=of, cached=cached), OPTIONS)

    [patch] = [effect for step in plan.steps for effect in step.decision.effects]
    assert patch.target == RELEASE
    assert patch.body[1:] == [{"op": "add", "path": "/spec/suspend", "value": True}]


@pytest.mark.parametrize(
    "cached",
    [
        pytest.param({}, id="no release"),
        pytest.param({RELEASE: _release(suspend=True)}, id="suspended already"),
        pytest.param({RELEASE: _deleting(_release())}, id="on its way out"),
        pytest.param({release_target(): helm_release()}, id="of an engine that cannot be suspended"),
    ],
)
def test_a_missing_release_is_not_suspended(cached):
    plan = decide(_observe(of=environment(suspend=True), cached=cached), OPTIONS)

    assert [effect for step in plan.steps for effect in step.decision.effects] == []


def test_a_resumed_environment_resumes_its_release():
    [patch] = without_events(release.decide(_observe(cached={RELEASE: _release(suspend=True)}), OPTIONS).effects)

    assert patch.body[1:] == [{"op": "remove", "path": "/spec/suspend"}]


# Uninstalling


def _uninstall(answers, **seen):
    return uninstall.decide(_observe(answers=answers, **seen), [RELEASE], OPTIONS)


def test_the_release_is_deleted_first_and_awaited():
    assert _uninstall({}).effects == (Read(RELEASE),)
    assert _uninstall({RELEASE: _release()}).effects == (Delete(RELEASE, "uid-9", "50"),)
    waiting = _uninstall({RELEASE: _deleting(_release())})
    assert (waiting.effects, waiting.message) == ((), "Waiting for HelmRelease run-pipeline to be deleted.")


def test_a_failing_uninstall_is_reported_during_the_wait_and_at_the_timeout():
    failed = {"type": "Released", "status": "False", "reason": "UninstallFailed", "message": "hooks are stuck"}
    stuck = {RELEASE: _deleting(_release()) | {"status": {"conditions": [failed]}}}

    assert _uninstall(stuck).message == "Waiting for HelmRelease run-pipeline to be deleted. hooks are stuck"
    assert _uninstall(stuck, ages={"uninstall": 600}).given_up.endswith("; continuing without it. hooks are stuck")


def test_a_suspended_release_is_resumed_before_it_is_deleted():
    [resume] = _uninstall({RELEASE: _release(suspend=True)}).effects

    assert isinstance(resume, Patch)
    assert resume.body[1:] == [{"op": "replace", "path": "/spec/suspend", "value": False}]
    assert _uninstall({RELEASE: _release(suspend=False)}).effects == (Delete(RELEASE, "uid-9", "50"),)


def test_a_release_suspended_during_its_deletion_is_resumed_too():
    [resume] = _uninstall({RELEASE: _deleting(_release(suspend=True))}).effects

    assert isinstance(resume, Patch)


def test_the_source_is_deleted_after_its_release_and_awaited():
    assert _uninstall({RELEASE: None}).effects == (Read(SOURCE),)
    assert _uninstall({RELEASE: None, SOURCE: _source()}).effects == (Delete(SOURCE, "uid-9", "50"),)
    waiting = _uninstall({RELEASE: None, SOURCE: _deleting(_source())})
    assert waiting.message == "Waiting for GitRepository run-pipeline to be deleted."


def test_the_uninstall_is_complete_when_both_objects_are_gone():
    assert _uninstall({RELEASE: None, SOURCE: None}) == Done()


def test_the_wait_for_a_source_times_out_too():
    given_up = _uninstall({RELEASE: None, SOURCE: _deleting(_source())}, ages={"uninstall": 600})

    assert isinstance(given_up, Done)
    assert "GitRepository run-pipeline to be deleted" in given_up.given_up


# Another engine


def test_the_old_engine_uninstalls_before_an_explicit_new_engine_installs():
    of = environment(status={"release": {"engine": "helm-operator", "name": RELEASE_NAME}})
    storage = Listing(SECRETS, NAME, label_selector=f"owner=helm,name={RELEASE_NAME}", metadata_only=True)
    old = release_target()

    def step(**answers):
        return release.decide(_observe(of=of, cached={old: helm_release()}, **answers), OPTIONS)

    assert isinstance(step(), Wait)
    assert step().effects == (Read(old),)
    assert step(answers={old: helm_release()}).effects == (Delete(old, "hr-1", "30"),)
    assert step(answers={old: None}).effects == (Read(storage),)
    made = step(answers={old: None, storage: ()})
    assert [effect.target for effect in without_events(made.effects)] == [RELEASE]


def test_moving_back_to_the_helm_operator_deletes_the_source_too():
    of = environment(status={"release": {"engine": "flux", "name": RELEASE_NAME}})
    back = EnvironmentOptions(service_account="", release_engine="helm-operator")
    cached = {RELEASE: _release(), SOURCE: _source()}

    def step(**answers):
        return release.decide(_observe(of=of, cached=cached, **answers), back)

    assert step(answers={RELEASE: _release()}).effects == (Delete(RELEASE, "uid-9", "50"),)
    assert step(answers={RELEASE: None, SOURCE: _source()}).effects == (Delete(SOURCE, "uid-9", "50"),)
    made = step(answers={RELEASE: None, SOURCE: None})
    assert [effect.target for effect in without_events(made.effects)] == [release_target()]


# Surplus


def test_a_source_without_its_release_is_deleted_beside_a_running_release():
    stray = Target(GIT_REPOSITORIES, "before", NAME)
    cached = {RELEASE: _release(), SOURCE: _source(), stray: _source()}
    owner = Target(HELM_RELEASES, "before", NAME)

    asked = prune.decide(_observe(cached=cached), OPTIONS)
    removed = prune.decide(_observe(cached=cached, answers={owner: None, stray: _source()}), OPTIONS)

    assert asked.effects == (Read(owner),)
    assert removed.effects == (Delete(stray, "uid-9", "50"),)
    assert isinstance(removed, Continue)


def test_the_running_release_is_never_surplus():
    assert prune.decide(_observe(cached={RELEASE: _release(), SOURCE: _source()}), OPTIONS) == proceed()


# The whole plan


def test_a_new_environment_gets_everything_in_one_ordered_plan():
    options = EnvironmentOptions(release_engine="flux", service_account="tronador")
    plan = decide(observation(environment=environment(finalizers=())), options)

    made = [effect for step in plan.steps for effect in step.decision.effects if not isinstance(effect, Emit)]
    assert [effect.target.resource.kind for effect in made] == [
        "EnvironmentProvisioner",
        "Namespace",
        "RoleBinding",
        "ServiceAccount",
        "RoleBinding",
        "GitRepository",
        "HelmRelease",
    ]


def test_no_event_is_read_because_flux_reports_the_cause_itself():
    failed = {"type": "Ready", "status": "False", "reason": "InstallFailed", "message": "no", "observedGeneration": 1}
    source_ready = {"type": "Ready", "status": "True", "reason": "Succeeded", "observedGeneration": 1}
    cached = {
        RELEASE: _release() | {"status": {"observedGeneration": 1, "conditions": [failed]}},
        SOURCE: _source(status={"observedGeneration": 1, "conditions": [source_ready]}),
    }

    assert health.judge(_observe(cached=cached), OPTIONS).state is State.FAILED
    assert health.decide(_observe(cached=cached), OPTIONS).effects == ()


def test_discovery_is_asked_for_the_engine_before_anything_is_created():
    decision = validate.decide(_observe(namespace=None), EnvironmentOptions(service_account="", release_engine="auto"))

    assert isinstance(decision, Wait)
    assert all(isinstance(effect, Read) for effect in decision.effects)
