"""Where objects of previously unknown kinds live, and how they are pruned."""

import pytest

from controller.api.environment import APPLIED_RESOURCES_ANNOTATION
from controller.apimachinery.resources import CONFIG_MAPS, NAMESPACES, SECRETS, SERVICE_ACCOUNTS
from controller.environment.effects import Delete, GroupVersion, Patch, Read, Target
from controller.environment.observation import REFUSED
from controller.environment.resources import kinds, pruning
from controller.environment.resources.item import Identity, build
from controller.environment.resources.memory import Memory
from tests.unit.environment.support.builders import NAME, namespace, observation

PROXY = Identity("v1", "ConfigMap", "proxy")
THING = Identity("example.com/v1", "Thing", "a")
V1 = GroupVersion("v1")
EXAMPLE = GroupVersion("example.com/v1")
CORE = frozenset({CONFIG_MAPS, SECRETS, NAMESPACES, SERVICE_ACCOUNTS})
TARGET = Target(CONFIG_MAPS, "proxy", NAME)


def _live(uid="cm-1", *, deleting=False):
    body = build(observation().environment, "somewhere", PROXY, {}).body
    metadata = (
        body["metadata"] | {"uid": uid, "resourceVersion": "5"} | ({"deletionTimestamp": "now"} if deleting else {})
    )
    return {**body, "metadata": metadata}


def _seen(live, **answers):
    return observation(answers={V1: CORE, TARGET: live, **answers})


def test_each_kind_is_looked_up_once_before_its_objects_are_read():
    both = [PROXY, Identity("v1", "Secret", "b"), THING]
    assert kinds.questions(observation(), both) == (Read(V1), Read(EXAMPLE))
    assert kinds.questions(observation(answers={V1: CORE}), both) == (Read(EXAMPLE),)
    seen = observation(answers={V1: CORE, EXAMPLE: frozenset()})
    assert kinds.questions(seen, both) == (Read(TARGET), Read(Target(SECRETS, "b", NAME)))
    assert kinds.questions(_seen(None), [PROXY]) == ()


@pytest.mark.parametrize(
    ("identity", "answers"),
    [
        (THING, {}),
        (THING, {EXAMPLE: REFUSED}),
        (THING, {EXAMPLE: frozenset()}),
        (Identity("v1", "Namespace", "a"), {V1: CORE}),
    ],
)
def test_unknown_and_cluster_scoped_kinds_have_no_target(identity, answers):
    assert kinds.target(observation(answers=answers), identity) is None


def test_our_objects_are_deleted_by_uid_and_remembered_until_they_are_gone():
    effects, left = pruning.prune(_seen(_live()), [PROXY])
    assert effects == (Delete(TARGET, "cm-1", "5"), Read(TARGET))
    assert left == {PROXY}


@pytest.mark.parametrize(
    ("live", "left"),
    [
        (_live(deleting=True), {PROXY}),
        (REFUSED, {PROXY}),
        (None, set()),
        ({"metadata": {"name": "proxy", "uid": "x"}}, set()),
    ],
    ids=["on its way out", "may not be read", "gone", "somebody else's"],
)
def test_other_objects_are_kept_and_remembered_only_if_they_may_be_ours(live, left):
    assert pruning.prune(_seen(live), [PROXY]) == ((), left)


def test_a_kind_that_is_not_served_is_remembered_because_it_may_return():
    assert pruning.prune(observation(answers={EXAMPLE: frozenset()}), [THING]) == ((), {THING})


def test_a_namespace_that_outlives_its_environment_is_searched_and_then_cleared():
    memory = Memory(frozenset({PROXY}), {"default": frozenset({"ours"})})
    cleared = namespace(annotations={APPLIED_RESOURCES_ANNOTATION: memory.text})
    account = Target(SERVICE_ACCOUNTS, "default", NAME)

    assert pruning.remove(observation(namespace=cleared)) == (Read(V1), Read(account))
    there = {"metadata": {"name": "default", "resourceVersion": "5"}, "imagePullSecrets": [{"name": "ours"}]}
    effects = pruning.remove(observation(namespace=cleared, answers={V1: CORE, TARGET: _live(), account: there}))
    body = {"metadata": {"resourceVersion": "5"}, "imagePullSecrets": None}
    assert effects == (Delete(TARGET, "cm-1", "5"), Read(TARGET), Patch(account, body), Read(account))
    assert pruning.remove(observation(namespace=cleared, answers={V1: CORE, TARGET: None, account: None})) == ()
