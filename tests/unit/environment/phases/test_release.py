"""The HelmRelease: made, found again, put right; an old one goes first."""

import pytest

from controller.apimachinery.nesting import Unreadable
from controller.apimachinery.resources import SECRETS
from controller.environment.decision import Stop, Wait
from controller.environment.effects import Create, Delete, Listing, Patch, Read, WakeOnChange
from controller.environment.engines import helm_operator
from controller.environment.phases.release import decide
from tests.unit.environment.support.builders import (
    GIT,
    NAME,
    context,
    environment,
    event_reasons,
    foreign_release,
    helm_release,
    namespace,
    observation,
    operator_options,
    proceed,
    release_target,
    without_events,
)
from tests.unit.odd import nested

OPTIONS = operator_options(teardown_timeout=600)
SAME_LIFE = {"op": "test", "path": "/metadata/uid", "value": "hr-1"}


def _decide(*releases, of=None, answers=None, ages=None):
    return decide(
        observation(environment=of, namespace=namespace(), releases=releases, answers=answers or {}, ages=ages or {}),
        OPTIONS,
    )


def _patch(decision):
    [patch] = without_events(decision.effects)
    assert isinstance(patch, Patch)
    assert patch.target == release_target()
    assert patch.body[0] == SAME_LIFE
    return patch.body[1:]


def test_a_missing_release_is_created():
    decision = _decide()

    assert without_events(decision.effects) == [Create(release_target(), helm_operator.desired(context()))]
    assert event_reasons(decision.effects) == ["ReleaseCreated"]


def test_a_correct_release_is_not_changed():
    assert _decide(helm_release()) == proceed(release=release_target())


def test_only_differences_are_patched_and_only_with_the_same_uid():
    decision = _decide(helm_release(), of=environment(release={"values": {"image": {"tag": "2"}}}))

    assert _patch(decision) == [{"op": "add", "path": "/spec/values", "value": {"image": {"tag": "2"}}}]
    assert event_reasons(decision.effects) == []


def test_a_change_of_a_deployed_release_has_an_event_if_the_spec_did_not_change():
    edited = helm_release()
    edited["spec"] = {**edited["spec"], "wait": True}
    deployed = {"applicationStatus": "deployed", "observedGeneration": 1}

    assert event_reasons(_decide(edited, of=environment(status=deployed)).effects) == ["ReleaseUpdated"]
    assert event_reasons(_decide(edited, of=environment(status=deployed, generation=2)).effects) == []
    assert (
        event_reasons(_decide(edited, of=environment(status=deployed | {"applicationStatus": "failed"})).effects) == []
    )


def test_an_edited_field_is_corrected():
    edited = helm_release()
    edited["spec"] = {**edited["spec"], "chart": {"git": GIT, "path": "other", "ref": "run-pipeline"}, "wait": True}

    assert _patch(_decide(edited)) == [
        {"op": "remove", "path": "/spec/wait"},
        {"op": "replace", "path": "/spec/chart/path", "value": "deploy"},
    ]


def test_a_number_instead_of_a_boolean_counts_as_an_edit():
    edited = helm_release()
    edited["spec"] = {**edited["spec"], "rollback": {"enable": 1}}

    assert _patch(_decide(edited)) == [{"op": "replace", "path": "/spec/rollback/enable", "value": True}]


def test_explicit_nulls_in_values_are_kept_and_cause_no_lasting_difference():
    of = environment(release={"values": {"a": None}})

    assert _decide(helm_release(of), of=of) == proceed(release=release_target())


def test_labels_and_annotations_of_others_are_not_changed():
    theirs = helm_release()
    theirs["metadata"]["labels"]["theirs"] = "x"
    theirs["metadata"]["annotations"]["theirs"] = "x"

    assert _decide(theirs) == proceed(release=release_target())


@pytest.mark.parametrize(
    "stripped",
    [
        {"labels": {}},
        {"labels": {"tronador.stakater.com/environment": NAME}},
        {"annotations": {}},
        {"annotations": {"tronador.stakater.com/environment-uid": "uid-0"}},
    ],
)
def test_missing_or_outdated_marks_are_restored_without_an_event(stripped):
    decision = _decide(helm_release(**stripped))

    assert _patch(decision)
    assert all(operation["path"].startswith("/metadata/") for operation in _patch(decision))
    assert event_reasons(decision.effects) == []


def test_a_release_missing_from_the_cache_is_found_by_a_live_read():
    stripped = helm_release(labels={})

    assert _patch(_decide(answers={release_target(): stripped}))


def test_a_foreign_release_is_refused_and_not_changed():
    decision = _decide(answers={release_target(): foreign_release()})

    assert isinstance(decision, Stop)
    assert decision.reason == "ReleaseNotOwned"
    assert "spec.application.release.releaseName: 'run-pipeline'" in decision.message
    assert decision.effects == ()


def test_a_release_being_deleted_is_awaited():
    decision = _decide(helm_release(deleting=True))

    assert isinstance(decision, Wait)
    assert decision.reason == "ReleaseTerminating"


# Another name


def _storage(name):
    return Listing(SECRETS, NAME, label_selector=f"owner=helm,name={name}", metadata_only=True)


BEFORE = helm_release(name="before")
RENAMED = environment(status={"release": {"engine": "helm-operator", "name": "before"}})


def test_an_old_release_that_the_status_does_not_record_is_recorded_before_it_is_deleted():
    # Otherwise nothing would show that its uninstall is not over, once the object is gone.
    decision = _decide(BEFORE, answers={release_target("before"): BEFORE})

    assert isinstance(decision, Wait)
    assert (decision.effects, decision.records) == ((), release_target("before"))


def test_an_old_release_is_recorded_only_if_it_is_still_there():
    # The cache may be behind, and then each look would record it, and the next one the release that was created.
    decision = _decide(BEFORE)
    assert isinstance(decision, Wait)
    assert (decision.effects, decision.records) == ((Read(release_target("before")),), None)

    decision = _decide(BEFORE, answers={release_target("before"): None, _storage("before"): ()})
    assert [type(effect) for effect in without_events(decision.effects)] == [Create]


def test_a_release_is_not_recorded_while_the_recorded_one_is_uninstalled():
    last = helm_release(name="between")
    decision = _decide(last, answers={release_target("before"): None, _storage("before"): ({},)}, of=RENAMED)
    assert isinstance(decision, Wait)
    assert decision.records is None

    answers = {release_target("before"): None, _storage("before"): (), release_target("between"): last}
    decision = _decide(last, answers=answers, of=RENAMED)
    assert isinstance(decision, Wait)
    assert decision.records == release_target("between")


@pytest.mark.parametrize("releases", [[], [BEFORE]])
def test_the_old_release_is_looked_up_before_the_new_one_is_created(releases):
    decision = _decide(*releases, of=RENAMED)

    assert isinstance(decision, Wait)
    assert decision.effects == (Read(release_target("before")),)


def test_the_old_release_is_uninstalled_before_the_new_one_is_created():
    target = release_target("before")

    assert _decide(BEFORE, answers={target: BEFORE}, of=RENAMED).effects == (Delete(target, "hr-1", "30"),)
    assert _decide(BEFORE, answers={target: None}, of=RENAMED).effects == (Read(_storage("before")),)
    waiting = _decide(BEFORE, answers={target: None, _storage("before"): ({"metadata": {}},)}, of=RENAMED)
    assert waiting.effects == (WakeOnChange(_storage("before")),)
    done = _decide(BEFORE, answers={target: None, _storage("before"): ()}, of=RENAMED)
    assert [type(effect) for effect in without_events(done.effects)] == [Create]


def test_an_uninstall_that_times_out_emits_a_warning():
    answers = {release_target("before"): None, _storage("before"): ({"metadata": {}},)}

    decision = _decide(
        answers=answers,
        ages={"uninstall": 600},
        of=environment(status={"release": {"engine": "helm-operator", "name": "before"}}),
    )

    assert event_reasons(decision.effects) == ["UninstallTimedOut", "ReleaseCreated"]
    assert [type(effect) for effect in without_events(decision.effects)] == [Create]


# What others can write into it


@pytest.mark.parametrize("spec", [..., None, "x", [], Unreadable("nested 1500 levels deep", 1500)])
def test_a_missing_or_malformed_spec_is_restored_completely(spec):
    release = helm_release()
    wanted = release.pop("spec")
    if spec is not ...:
        release["spec"] = spec
    operation = "add" if spec is ... else "replace"
    assert _patch(_decide(release)) == [{"op": operation, "path": "/spec", "value": wanted}]


@pytest.mark.parametrize("odd", [Unreadable("nested 1500 levels deep", 1500), [nested(119)], "x" * 1_000_000, 10**300])
def test_an_odd_value_is_corrected(odd):
    of = environment(release={"values": {"a": nested(99)}})
    release = helm_release(of)
    release["spec"]["values"] = {"a": odd}
    assert _patch(_decide(release, of=of)) == [{"op": "replace", "path": "/spec/values/a", "value": nested(99)}]


def test_values_of_great_depth_and_size_are_passed_on_unchanged():
    values = {"deep": nested(99), "long": "x" * 1_000_000, **{f"key{number}": number for number in range(10_000)}}
    of = environment(release={"values": values})
    assert helm_release(of)["spec"]["values"] == values
    assert _decide(helm_release(of), of=of) == proceed(release=release_target())
