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
    go_on,
    helm_release,
    namespace,
    observation,
    operator_options,
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


def test_a_release_that_is_right_is_left_alone():
    assert _decide(helm_release()) == go_on(release=release_target())


def test_only_what_differs_is_patched_and_only_in_the_same_life():
    decision = _decide(helm_release(), of=environment(release={"values": {"image": {"tag": "2"}}}))

    assert _patch(decision) == [{"op": "add", "path": "/spec/values", "value": {"image": {"tag": "2"}}}]
    assert event_reasons(decision.effects) == ["ReleaseUpdated"]


def test_a_field_that_somebody_edited_is_put_right():
    edited = helm_release()
    edited["spec"] = {**edited["spec"], "chart": {"git": GIT, "path": "other", "ref": "run-pipeline"}, "wait": True}

    assert _patch(_decide(edited)) == [
        {"op": "remove", "path": "/spec/wait"},
        {"op": "replace", "path": "/spec/chart/path", "value": "deploy"},
    ]


def test_a_number_in_place_of_a_boolean_is_an_edit():
    edited = helm_release()
    edited["spec"] = {**edited["spec"], "rollback": {"enable": 1}}

    assert _patch(_decide(edited)) == [{"op": "replace", "path": "/spec/rollback/enable", "value": True}]


def test_explicit_nulls_in_values_are_kept_and_do_not_differ_for_ever():
    of = environment(release={"values": {"a": None}})

    assert _decide(helm_release(of), of=of) == go_on(release=release_target())


def test_labels_and_annotations_of_others_are_left_alone():
    theirs = helm_release()
    theirs["metadata"]["labels"]["theirs"] = "x"
    theirs["metadata"]["annotations"]["theirs"] = "x"

    assert _decide(theirs) == go_on(release=release_target())


@pytest.mark.parametrize(
    "stripped",
    [
        {"labels": {}},
        {"labels": {"tronador.stakater.com/environment": NAME}},
        {"annotations": {}},
        {"annotations": {"tronador.stakater.com/environment-uid": "uid-0"}},
    ],
)
def test_marks_that_were_stripped_or_are_of_another_life_are_put_back_without_news(stripped):
    decision = _decide(helm_release(**stripped))

    assert _patch(decision)
    assert all(operation["path"].startswith("/metadata/") for operation in _patch(decision))
    assert event_reasons(decision.effects) == []


def test_a_release_that_no_cache_shows_any_more_is_found_by_its_live_answer():
    stripped = helm_release(labels={})

    assert _patch(_decide(answers={release_target(): stripped}))


def test_a_release_of_somebody_else_is_refused_and_not_touched():
    decision = _decide(answers={release_target(): foreign_release()})

    assert isinstance(decision, Stop)
    assert decision.reason == "ReleaseNotOwned"
    assert "spec.application.release.releaseName: 'run-pipeline'" in decision.message
    assert decision.effects == ()


def test_a_release_that_is_on_its_way_out_is_waited_for():
    decision = _decide(helm_release(deleting=True))

    assert isinstance(decision, Wait)
    assert decision.reason == "ReleaseTerminating"


# Another name


def _storage(name):
    return Listing(SECRETS, NAME, label_selector=f"owner=helm,name={name}", metadata_only=True)


BEFORE = helm_release(name="before")


@pytest.mark.parametrize(
    "seen",
    [
        {"releases": [BEFORE]},
        {"of": environment(status={"release": {"engine": "helm-operator", "name": "before"}})},
        {"releases": [BEFORE], "of": environment(status={"release": {"engine": "helm-operator", "name": "before"}})},
    ],
)
def test_the_old_release_is_looked_for_before_the_new_one_is_made(seen):
    decision = _decide(*seen.get("releases", ()), of=seen.get("of"))

    assert isinstance(decision, Wait)
    assert decision.effects == (Read(release_target("before")),)


def test_the_old_release_is_uninstalled_before_the_new_one_is_made():
    target = release_target("before")

    assert _decide(BEFORE, answers={target: BEFORE}).effects == (Delete(target, "hr-1"),)
    assert _decide(BEFORE, answers={target: None}).effects == (Read(_storage("before")),)
    waiting = _decide(BEFORE, answers={target: None, _storage("before"): ({"metadata": {}},)})
    assert waiting.effects == (WakeOnChange(_storage("before")),)
    done = _decide(BEFORE, answers={target: None, _storage("before"): ()})
    assert [type(effect) for effect in without_events(done.effects)] == [Create]


def test_an_uninstall_that_does_not_end_is_given_up_with_a_warning():
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
def test_a_spec_that_was_taken_out_or_is_of_another_form_is_put_back_whole(spec):
    release = helm_release()
    wanted = release.pop("spec")
    if spec is not ...:
        release["spec"] = spec
    operation = "add" if spec is ... else "replace"
    assert _patch(_decide(release)) == [{"op": operation, "path": "/spec", "value": wanted}]


@pytest.mark.parametrize("odd", [Unreadable("nested 1500 levels deep", 1500), [nested(119)], "x" * 1_000_000, 10**300])
def test_an_odd_value_that_somebody_wrote_is_put_right(odd):
    of = environment(release={"values": {"a": nested(99)}})
    release = helm_release(of)
    release["spec"]["values"] = {"a": odd}
    assert _patch(_decide(release, of=of)) == [{"op": "replace", "path": "/spec/values/a", "value": nested(99)}]


def test_values_of_a_hundred_levels_and_ten_thousand_keys_are_passed_on_and_do_not_differ():
    values = {"deep": nested(99), "long": "x" * 1_000_000, **{f"key{number}": number for number in range(10_000)}}
    of = environment(release={"values": values})
    assert helm_release(of)["spec"]["values"] == values
    assert _decide(helm_release(of), of=of) == go_on(release=release_target())
