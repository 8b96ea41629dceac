"""Uninstalling releases: step by step on live answers alone, and knowing when it is over."""

import pytest

from controller.apimachinery.resources import SECRETS
from controller.environment import uninstall
from controller.environment.decision import Wait
from controller.environment.effects import Delete, Listing, Read, WakeOnChange
from controller.environment.observation import REFUSED
from controller.environment.uninstall import Done
from tests.unit.environment.support.builders import (
    NAME,
    RELEASE_NAME,
    environment,
    foreign_namespace,
    foreign_release,
    helm_release,
    namespace,
    observation,
    operator_options,
    release_target,
)

OPTIONS = operator_options(teardown_timeout=600, recheck_interval=10)
STORAGE = Listing(SECRETS, NAME, label_selector=f"owner=helm,name={RELEASE_NAME}", metadata_only=True)
SECRET = {"metadata": {"name": "sh.helm.release.v1.run-pipeline.v1"}}

# What is not recorded is recorded first; see `phases/test_teardown.py`.
RECORDED = environment(status={"release": {"engine": "helm-operator", "name": RELEASE_NAME}})


def _decide(*, names=(RELEASE_NAME,), answers=None, ages=None, within=namespace, **seen):
    seen = {"environment": RECORDED, "releases": [helm_release()], **seen}
    built = observation(
        namespace=within() if callable(within) else within, answers=answers or {}, ages=ages or {}, **seen
    )
    return uninstall.decide(built, [release_target(name) for name in names], OPTIONS)


def test_the_release_is_read_live_before_anything_else():
    decision = _decide()

    assert isinstance(decision, Wait)
    assert decision.effects == (Read(release_target()),)


def test_our_release_is_deleted_with_the_uid_that_was_read():
    live = helm_release(uid="hr-live")

    decision = _decide(answers={release_target(): live})

    assert isinstance(decision, Wait)
    assert decision.effects == (Delete(release_target(), "hr-live", "30"),)
    assert decision.reason == "UninstallingRelease"
    assert decision.message == "Uninstalling HelmRelease run-pipeline."


def test_a_release_being_deleted_is_awaited():
    decision = _decide(answers={release_target(): helm_release(deleting=True)})

    assert isinstance(decision, Wait)
    assert decision.effects == ()


def test_only_the_metadata_of_the_storage_is_read_and_only_in_that_namespace():
    assert _decide(answers={release_target(): None}).effects == (Read(STORAGE),)


def test_remaining_storage_is_watched_until_it_is_gone():
    decision = _decide(answers={release_target(): None, STORAGE: (SECRET,)})

    assert isinstance(decision, Wait)
    assert decision.effects == (WakeOnChange(STORAGE),)
    assert decision.message == (
        "Waiting for the uninstall of run-pipeline to finish. "
        "Helm's storage remains (sh.helm.release.v1.run-pipeline.v1); the Helm Operator removes it last."
    )


def test_the_uninstall_is_complete_when_release_and_storage_are_gone():
    assert _decide(answers={release_target(): None, STORAGE: ()}) == Done()


def test_the_uninstall_is_complete_if_nothing_exists():
    assert _decide(names=()) == Done()


# Whose it is


def test_a_foreign_release_is_kept_and_its_storage_is_not_awaited():
    assert _decide(environment=environment(), answers={release_target(): foreign_release()}) == Done()


@pytest.mark.parametrize(
    "release",
    [
        helm_release(annotations={}),
        helm_release(labels={}),
        helm_release(labels={"tronador.stakater.com/environment": "another"}),
    ],
)
def test_our_release_is_recognized_by_its_label_or_its_annotation(release):
    # The status does not show it, so it is recorded before it is uninstalled.
    decision = _decide(environment=environment(), answers={release_target(): release})

    assert isinstance(decision, Wait)
    assert decision.records == release_target()


def test_a_release_without_marks_is_recognized_by_the_status_in_our_namespace():
    recorded = environment(status={"release": {"engine": "helm-operator", "name": RELEASE_NAME}})

    decision = _decide(environment=recorded, answers={release_target(): foreign_release()})

    assert decision.effects == (Delete(release_target(), "hr-1", "30"),)


def test_the_status_alone_proves_nothing_in_a_foreign_namespace():
    # Ours was deleted by hand, and somebody made another one of the same name with a release of the same name.
    recorded = environment(status={"release": {"engine": "helm-operator", "name": RELEASE_NAME}})

    decision = _decide(
        environment=recorded, within=foreign_namespace, answers={release_target(): foreign_release()}, releases=[]
    )

    assert decision == Done()


# When nothing can be known


@pytest.mark.parametrize("within", [None, namespace(deleting=True)])
def test_storage_is_not_read_without_a_namespace_or_in_a_terminating_one(within):
    assert _decide(within=within, answers={release_target(): None}) == Done()


def test_a_refusal_in_a_terminating_namespace_is_not_awaited():
    decision = _decide(within=namespace(deleting=True), answers={release_target(): REFUSED}, releases=[])

    assert decision == Done()


@pytest.mark.parametrize("releases", [[], [helm_release()]])
def test_a_refused_read_elsewhere_deletes_nothing_and_reports_nothing_as_gone(releases):
    decision = _decide(answers={release_target(): REFUSED}, releases=releases)

    assert isinstance(decision, Wait)
    assert decision.effects == ()
    assert "right to read" in decision.message


def test_a_refused_read_of_the_storage_is_awaited_and_named():
    decision = _decide(answers={release_target(): None, STORAGE: REFUSED})

    assert isinstance(decision, Wait)
    assert decision.effects == ()
    assert decision.message == "Waiting for the right to read the Helm storage Secrets of run-pipeline."


# Time


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param({release_target(): None, STORAGE: (SECRET,)}, id="storage that stays"),
        pytest.param({release_target(): None, STORAGE: REFUSED}, id="storage that we may not see"),
        pytest.param({release_target(): REFUSED}, id="a release that we may not see"),
        pytest.param({release_target(): helm_release(deleting=True)}, id="a release that a finalizer holds"),
    ],
)
def test_the_uninstall_ends_with_a_reason_after_the_timeout(answers):
    assert isinstance(_decide(answers=answers, ages={"uninstall": 599.9}), Wait)

    given_up = _decide(answers=answers, ages={"uninstall": 600})

    assert isinstance(given_up, Done)
    assert given_up.given_up.startswith("Timed out after 600s waiting for ")


def test_a_release_that_cannot_be_deleted_times_out_as_well():
    answers = {release_target(): helm_release()}

    assert isinstance(_decide(answers=answers, ages={"uninstall:asking": 599.9}), Wait)
    assert isinstance(_decide(answers=answers, ages={"uninstall:asking": 600}), Done)


def test_a_release_is_deleted_even_after_the_timeout():
    decision = _decide(answers={release_target(): helm_release()}, ages={"uninstall": 10_000})

    assert decision.effects == (Delete(release_target(), "hr-1", "30"),)


@pytest.mark.parametrize(("age", "pause"), [(0, 1), (1, 1), (2, 2), (4, 4), (9.5, 9.5), (100, 10)])
def test_the_pauses_grow_from_one_second_to_the_maximum(age, pause):
    decision = _decide(answers={release_target(): None, STORAGE: (SECRET,)}, ages={"uninstall": age})

    assert decision.recheck_after == pause
    assert decision.timer == "uninstall"


# Several at once


def test_several_releases_are_deleted_together_each_on_its_own_read():
    live = {release_target("a"): helm_release(name="a", uid="1"), release_target("b"): helm_release(name="b", uid="2")}

    assert _decide(names=["b", "a", "b"]).effects == (Read(release_target("a")), Read(release_target("b")))
    assert _decide(names=["b", "a"], answers=live).effects == (
        Delete(release_target("a"), "1", "30"),
        Delete(release_target("b"), "2", "30"),
    )


def test_the_message_does_not_depend_on_the_order_of_the_names():
    live = {release_target("a"): helm_release(name="a"), release_target("b"): helm_release(name="b")}

    assert _decide(names=["b", "a"], answers=live).message == _decide(names=["a", "b"], answers=live).message


def test_unreadable_storage_in_a_foreign_namespace_is_not_awaited():
    answers = {release_target(): None, STORAGE: REFUSED}

    assert _decide(answers=answers, within=foreign_namespace) == Done()
    assert isinstance(_decide(answers=answers), Wait)
