"""The role for developers: they see all environments, and change four annotations of theirs."""

import copy

import pytest

from controller.api.environment import (
    ACTIVE_AT_ANNOTATION,
    ENVIRONMENTS,
    EXPIRE_AT_ANNOTATION,
    KEEP_ANNOTATION,
    RECONCILE_AT_ANNOTATION,
)
from hack.paths import MANIFESTS
from hack.yamlfiles import documents
from tests.manifests.admission import Write, denials

OBJECTS = {obj["kind"]: obj for file in sorted((MANIFESTS / "users").glob("*.yaml")) for obj in documents(file)}
(RULE,) = OBJECTS["ClusterRole"]["rules"]
BEFORE = {
    "metadata": {
        "name": "shop-74",
        "labels": {"a": "b"},
        "annotations": {"x": "y", KEEP_ANNOTATION: "true"},
        "finalizers": ["tronador.stakater.com/teardown"],
    },
    "spec": {"suspend": False},
}


def update(change, *, verbs=tuple(RULE["verbs"]), before=BEFORE):
    after = copy.deepcopy(before)
    change(after)
    write = Write(
        user="jane",
        group=ENVIRONMENTS.group,
        resource=ENVIRONMENTS.plural,
        operation="UPDATE",
        before=before,
        after=after,
        verbs=verbs,
    )
    return denials(write, [OBJECTS["ValidatingAdmissionPolicy"]])


def test_users_may_keep_and_reconcile_environments():
    for key in (KEEP_ANNOTATION, RECONCILE_AT_ANNOTATION, ACTIVE_AT_ANNOTATION, EXPIRE_AT_ANNOTATION):
        for before in (BEFORE, {"metadata": {"name": "shop-74"}}):
            assert (
                update(
                    lambda obj, key=key: obj["metadata"].setdefault("annotations", {}).update({key: "now"}),
                    before=before,
                )
                == []
            )
    assert update(lambda obj: obj["metadata"]["annotations"].pop(KEEP_ANNOTATION)) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda obj: obj["spec"].update(suspend=True),
        lambda obj: obj.pop("spec"),
        lambda obj: obj["metadata"]["labels"].update(a="c"),
        lambda obj: obj["metadata"].update(finalizers=[]),
        lambda obj: obj["metadata"].update(ownerReferences=[{"name": "x"}]),
        lambda obj: obj["metadata"]["annotations"].update(x="z"),
        lambda obj: obj["metadata"]["annotations"].pop("x"),
        lambda obj: obj["metadata"]["annotations"].update({"tronador.stakater.com/reported": ""}),
        lambda obj: obj["metadata"]["annotations"].update({KEEP_ANNOTATION: "x" * 257}),
    ],
)
def test_users_may_change_nothing_else(change):
    assert len(update(change)) == 1


@pytest.mark.parametrize("verbs", [("list", "watch", "patch"), ("patch", "annotate", "update")])
def test_the_policy_is_for_those_whose_rights_come_from_the_role(verbs):
    assert update(lambda obj: obj["spec"].update(suspend=True), verbs=verbs) == []


def test_the_policy_is_in_force_and_always_beside_the_role():
    assert OBJECTS["ValidatingAdmissionPolicyBinding"]["spec"]["validationActions"] == ["Deny"]
    assert OBJECTS["ValidatingAdmissionPolicy"]["spec"]["failurePolicy"] == "Fail"
    [component] = documents(MANIFESTS / "users" / "kustomization.yaml")
    assert (component["kind"], component["resources"]) == ("Component", ["role.yaml", "policy.yaml"])


def test_the_role_has_the_rights_of_the_commands_and_no_other():
    assert (RULE["apiGroups"], RULE["resources"]) == ([ENVIRONMENTS.group], [ENVIRONMENTS.plural])
    assert set(RULE["verbs"]) == {"get", "list", "watch", "patch", "annotate"}
