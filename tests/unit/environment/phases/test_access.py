"""Rights inside an environment: ours, made when needed and put right when changed; and those of a chart's account."""

import pytest

from controller.apimachinery.resources import SERVICE_ACCOUNTS
from controller.environment import rights
from controller.environment.decision import Continue, Wait
from controller.environment.effects import Create, Delete, Patch, Read, Target
from controller.environment.engines import flux, helm_operator
from controller.environment.observation import REFUSED
from controller.environment.options import EnvironmentOptions
from controller.environment.phases.access import decide
from tests.unit.environment.support.builders import (
    NAME,
    RELEASE_NAME,
    UID,
    environment,
    helm_release,
    namespace,
    observation,
    operator_options,
    operator_status,
    proceed,
)

OPTIONS = operator_options(service_account="tronador", own_namespace="tronador-system")
FLUX = EnvironmentOptions(
    release_engine="flux",
    service_account="tronador",
    own_namespace="tronador-system",
    release_service_account="deployer",
    release_cluster_role="few-rights",
)
TARGET = rights.binding_target(observation())
ACCOUNT = Target(SERVICE_ACCOUNTS, "deployer", NAME)
BINDING = Target(TARGET.resource, "deployer", NAME)
SUBJECT = {"kind": "ServiceAccount", "name": "tronador", "namespace": "tronador-system"}


def _stored(body, **changes):
    return {**body, "metadata": body["metadata"] | {"uid": "rb-1", "resourceVersion": "40"}} | changes


def _binding(**changes):
    [create] = _repair(None)
    return _stored(create.body, **changes)


def _repair(answer, *, within=None):
    seen = observation(namespace=within or namespace(), answers={TARGET: answer})
    return rights.repair_ours(seen, OPTIONS)


def _repair_releases(account=None, binding=None, **seen):
    seen = {"namespace": namespace(), "answers": {ACCOUNT: account, BINDING: binding}} | seen
    return rights.repair_releases(observation(**seen), FLUX, flux.ENGINE)


def test_the_binding_is_read_before_anything_is_decided():
    assert rights.repair_ours(observation(namespace=namespace()), OPTIONS) == (Read(TARGET),)


def test_a_missing_binding_is_created_for_our_account_with_our_label():
    [create] = _repair(None)

    assert isinstance(create, Create)
    assert create.body["subjects"] == [SUBJECT]
    assert create.body["roleRef"]["kind"] == "ClusterRole"
    assert create.body["metadata"]["namespace"] == NAME
    assert create.body["metadata"]["labels"]["tronador.stakater.com/environment"] == NAME
    assert create.body["metadata"]["annotations"] == {"tronador.stakater.com/environment-uid": UID}
    assert "ownerReferences" not in create.body["metadata"]


def test_a_correct_binding_is_not_changed():
    assert _repair(_binding()) == ()


def test_changed_subjects_are_corrected_at_the_version_that_was_read():
    [patch] = _repair(_binding(subjects=[{**SUBJECT, "name": "thief"}]))

    assert isinstance(patch, Patch)
    assert patch.body["subjects"] == [SUBJECT]
    assert patch.body["metadata"]["resourceVersion"] == "40"


def test_a_binding_with_a_changed_role_is_replaced():
    changed = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}

    delete, create = _repair(_binding(roleRef=changed))

    assert delete == Delete(TARGET, "rb-1", "40")
    assert isinstance(create, Create)


def test_a_binding_held_by_a_finalizer_is_not_changed():
    changed = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}
    held = _binding(roleRef=changed)
    held["metadata"] |= {"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["example.com/held"]}

    assert _repair(held) == ()


def test_a_foreign_binding_in_an_adopted_namespace_is_kept():
    theirs = _binding(subjects=[])
    theirs["metadata"] = {"name": "tronador-controller", "uid": "rb-2"}
    adopted = namespace(annotations={"tronador.stakater.com/adopted": "true"})

    assert _repair(theirs, within=adopted) == ()
    assert rights.remove(observation(namespace=adopted, answers=_gone() | {TARGET: theirs}), FLUX) == ()


def test_nothing_is_done_without_the_right_to_read_bindings():
    assert _repair(REFUSED) == ()


def test_without_an_account_of_our_own_nothing_is_done():
    assert rights.repair_ours(observation(), operator_options(service_account="")) == ()


def test_everything_is_created_unread_in_a_new_namespace():
    effects = (*rights.repair_ours(observation(), FLUX), *_repair_releases(namespace=None, answers={}))

    assert [(type(effect), effect.target) for effect in effects] == [
        (Create, TARGET),
        (Create, ACCOUNT),
        (Create, BINDING),
    ]


def test_the_charts_account_is_bound_to_the_release_role_in_its_own_namespace():
    account, binding = _repair_releases()

    assert account.body["metadata"]["labels"]["tronador.stakater.com/environment"] == NAME
    assert binding.body["roleRef"]["name"] == "few-rights"
    assert binding.body["subjects"] == [{"kind": "ServiceAccount", "name": "deployer", "namespace": NAME}]


def test_a_correct_account_of_a_chart_is_not_changed():
    account, binding = (_stored(create.body) for create in _repair_releases())

    assert _repair_releases(account, binding) == ()


def test_an_unreadable_account_is_created_so_the_answer_names_the_missing_right():
    assert [effect.target for effect in _repair_releases(REFUSED)] == [ACCOUNT, BINDING]


def test_the_helm_operator_needs_no_account():
    assert rights.repair_releases(observation(namespace=namespace()), OPTIONS, helm_operator.ENGINE) == ()


def _gone():
    return dict.fromkeys((TARGET, ACCOUNT, BINDING))


def test_rights_to_revoke_are_read_first():
    assert rights.remove(observation(namespace=namespace()), FLUX) == (Read(BINDING), Read(ACCOUNT), Read(TARGET))


@pytest.mark.parametrize("answer", [None, REFUSED])
def test_missing_and_unreadable_rights_are_not_revoked(answer):
    seen = observation(namespace=namespace(), answers=_gone() | {TARGET: answer})

    assert rights.remove(seen, FLUX) == ()


def test_our_own_rights_are_revoked_last_in_a_namespace_that_remains():
    account, binding = (_stored(create.body) for create in _repair_releases())
    answers = {BINDING: binding, ACCOUNT: account, TARGET: _binding()}

    removed = rights.remove(observation(namespace=namespace(), answers=answers), FLUX)

    assert removed == (Delete(BINDING, "rb-1", "40"), Delete(ACCOUNT, "rb-1", "40"), Delete(TARGET, "rb-1", "40"))


# When


def _decide(phase="Succeeded", *, state="deployed", ages=None, answers=None):
    of = environment(status={"applicationStatus": state})
    release = helm_release(of, status=operator_status(phase))
    return decide(
        observation(environment=of, namespace=namespace(), releases=[release], ages=ages or {}, answers=answers or {}),
        OPTIONS,
    )


def test_nothing_is_done_while_the_application_is_deploying():
    assert _decide("Installing", state="deploying") == proceed()


def test_a_deployed_environment_needs_no_rights():
    assert _decide() == proceed()


def test_a_failure_needs_rights_and_waits_until_they_are_read():
    decision = _decide("Failed", state="deploying")

    assert isinstance(decision, Wait)
    assert decision.effects == (Read(TARGET),)


def test_a_failure_gets_the_missing_rights():
    decision = _decide("Failed", state="deploying", answers={TARGET: None})

    assert isinstance(decision, Continue)
    assert [type(effect) for effect in decision.effects] == [Create]


def test_uninstalling_an_old_release_needs_rights():
    of = environment(status={"applicationStatus": "deployed", "release": {"engine": "helm-operator", "name": "old"}})

    assert decide(observation(environment=of, namespace=namespace()), OPTIONS).effects == (Read(TARGET),)


def test_correct_rights_let_the_next_phases_continue():
    assert _decide("Failed", answers={TARGET: _binding()}) == Continue(timer=rights.TIMER)


def _decide_with_flux(**seen):
    return decide(observation(**seen), FLUX)


def test_with_flux_a_new_environment_gets_all_rights_before_its_release():
    assert [effect.target for effect in _decide_with_flux().effects] == [TARGET, ACCOUNT, BINDING]


def test_with_flux_rights_are_checked_until_the_generation_is_deployed():
    ready = {"type": "Ready", "status": "True", "observedGeneration": 1}
    release = {Target(flux.ENGINE.releases, RELEASE_NAME, NAME): {"metadata": {"name": RELEASE_NAME}}}
    settled = environment(status={"conditions": [ready]})
    changed = environment(generation=2, status={"conditions": [ready]})

    assert isinstance(_decide_with_flux(namespace=namespace(), cached=release), Wait)
    assert _decide_with_flux(environment=settled, namespace=namespace(), cached=release) == proceed()
    assert isinstance(_decide_with_flux(environment=changed, namespace=namespace(), cached=release), Wait)
    # It may have gone with its namespace.
    assert isinstance(_decide_with_flux(environment=settled, namespace=namespace()), Wait)


def test_no_rights_are_needed_without_a_namespace():
    assert decide(observation(), OPTIONS) == proceed()
