"""Our own rights inside an environment: one RoleBinding, made when it is needed and put right when it was changed."""

import pytest

from controller.environment import access
from controller.environment.decision import Continue, Wait
from controller.environment.effects import Create, Delete, Patch, Read
from controller.environment.observation import REFUSED
from controller.environment.options import EnvironmentOptions
from controller.environment.phases.access import decide
from tests.unit.environment.builders import (
    NAME,
    UID,
    environment,
    go_on,
    helm_release,
    namespace,
    observation,
    operator_status,
)

OPTIONS = EnvironmentOptions(service_account="tronador", own_namespace="tronador-system")
TARGET = access.binding_target(observation())
SUBJECT = {"kind": "ServiceAccount", "name": "tronador", "namespace": "tronador-system"}


def _binding(**changes):
    [create] = access.repair(observation(answers={TARGET: None}), OPTIONS)
    metadata = create.body["metadata"] | {"uid": "rb-1", "resourceVersion": "40"}
    return {**create.body, "metadata": metadata} | changes


def _repair(answer):
    return access.repair(observation(answers={TARGET: answer}), OPTIONS)


def test_it_is_read_before_anything_is_decided():
    assert access.repair(observation(), OPTIONS) == (Read(TARGET),)


def test_a_missing_one_is_made_for_our_account_and_says_whose_it_is():
    [create] = _repair(None)

    assert isinstance(create, Create)
    assert create.body["subjects"] == [SUBJECT]
    assert create.body["roleRef"]["kind"] == "ClusterRole"
    assert create.body["metadata"]["namespace"] == NAME
    assert create.body["metadata"]["labels"]["tronador.stakater.com/environment"] == NAME
    assert create.body["metadata"]["annotations"] == {"tronador.stakater.com/environment-uid": UID}
    assert "ownerReferences" not in create.body["metadata"]


def test_a_right_one_is_left_alone():
    assert _repair(_binding()) == ()


def test_subjects_that_somebody_changed_are_put_right_at_the_version_that_was_read():
    [patch] = _repair(_binding(subjects=[{**SUBJECT, "name": "thief"}]))

    assert isinstance(patch, Patch)
    assert patch.body["subjects"] == [SUBJECT]
    assert patch.body["metadata"]["resourceVersion"] == "40"


def test_a_role_that_somebody_changed_needs_another_binding():
    changed = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}

    delete, create = _repair(_binding(roleRef=changed))

    assert delete == Delete(TARGET, "rb-1")
    assert isinstance(create, Create)


def test_where_we_may_not_even_look_nothing_is_done():
    assert _repair(REFUSED) == ()


def test_without_an_account_of_our_own_nothing_is_done():
    assert access.repair(observation(), EnvironmentOptions(service_account="")) == ()


@pytest.mark.parametrize("answer", [None, REFUSED])
def test_what_is_not_there_or_cannot_be_seen_is_not_taken_away(answer):
    assert access.remove(observation(answers={TARGET: answer})) == ()
    assert access.remove(observation()) == ()


def test_it_is_taken_away_from_a_namespace_that_stays():
    assert access.remove(observation(answers={TARGET: _binding()})) == (Delete(TARGET, "rb-1"),)


# When


def _decide(phase="Succeeded", *, state="deployed", ages=None, answers=None):
    of = environment(status={"applicationStatus": state})
    release = helm_release(of, status=operator_status(phase))
    return decide(
        observation(environment=of, namespace=namespace(), releases=[release], ages=ages or {}, answers=answers or {}),
        OPTIONS,
    )


def test_nothing_is_done_while_the_application_is_on_its_way():
    assert _decide("Installing", state="deploying") == go_on()


def test_an_environment_that_just_runs_needs_none():
    assert _decide() == go_on()


def test_a_failure_needs_it_and_nothing_goes_on_before_it_is_seen():
    decision = _decide("Failed", state="deploying")

    assert isinstance(decision, Wait)
    assert decision.effects == (Read(TARGET),)


def test_a_failure_gets_it_where_it_is_missing():
    decision = _decide("Failed", state="deploying", answers={TARGET: None})

    assert isinstance(decision, Continue)
    assert [type(effect) for effect in decision.effects] == [Create]


def test_an_old_release_that_is_to_be_uninstalled_needs_it():
    of = environment(status={"applicationStatus": "deployed", "release": {"name": "old"}})

    assert decide(observation(environment=of, namespace=namespace()), OPTIONS).effects == (Read(TARGET),)


def test_what_was_seen_right_is_trusted_for_as_long_as_it_is_needed():
    seen = _decide("Failed", answers={TARGET: _binding()})

    assert seen == Continue(timer=seen.timer)
    assert _decide("Failed", ages={seen.timer: 3601.0}) == Continue(timer=seen.timer)


def test_without_a_namespace_there_is_nothing_to_have_rights_in():
    assert decide(observation(), OPTIONS) == go_on()
