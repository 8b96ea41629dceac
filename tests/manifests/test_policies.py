"""What the admission policies let through, and what they stop: the controller, and charts, beyond what RBAC can say."""

import sys

import pytest

from controller.api import flux
from controller.api.environment import ADOPT_ANNOTATION, ADOPTED_ANNOTATION, ENVIRONMENT_LABEL
from controller.api.rbac import RBAC_GROUP
from controller.app.options import Options
from hack.localcluster.schema.cel import compile_expression
from hack.localcluster.schema.cel.types import BOOL, DYN
from tests.manifests.admission import Write, denials, policies, program

US = f"system:serviceaccount:{Options().namespace}:{Options().environment.service_account}"
OURS = {ENVIRONMENT_LABEL: "pr-74"}


def _namespace(*, name="pr-74", labels=None, annotations=None):
    metadata = {"name": name, "labels": {"kubernetes.io/metadata.name": name, **(labels or {})}}
    if annotations is not None:
        metadata["annotations"] = annotations
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


BARE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "pr-74"}}
NAMESPACES = {
    "one of ours": _namespace(labels=OURS),
    "one of ours with annotations": _namespace(labels=OURS, annotations={"a": "b"}),
    "an adopted one": _namespace(labels=OURS, annotations={ADOPT_ANNOTATION: "pr-74", ADOPTED_ANNOTATION: "true"}),
    "an adopted one without its owner's annotation": _namespace(labels=OURS, annotations={ADOPTED_ANNOTATION: "true"}),
    "one that is given to us": _namespace(annotations={ADOPT_ANNOTATION: "pr-74"}),
    "one that is given to another environment": _namespace(annotations={ADOPT_ANNOTATION: "pr-75"}),
    "a foreign one": _namespace(annotations={}),
    "one without labels": BARE,
    "kube-system": _namespace(name="kube-system"),
    "one with another's label": _namespace(labels={ENVIRONMENT_LABEL: "pr-75"}),
    "one with an empty label": _namespace(labels={ENVIRONMENT_LABEL: ""}),
    "one that only says adopted": _namespace(annotations={ADOPTED_ANNOTATION: "true"}),
}
CHANGED = {
    "one of ours",
    "one of ours with annotations",
    "an adopted one",
    "an adopted one without its owner's annotation",
    "one that is given to us",
}
DELETED = {"one of ours", "one of ours with annotations"}
BOUND = CHANGED - {"one that is given to us"}


def _of_namespace(operation, before, *, user=US):
    after = _namespace(labels={**OURS, "x": "y"}) if operation == "UPDATE" else None
    return Write(user=user, group="", resource="namespaces", operation=operation, before=before, after=after)


def _of_binding(operation, namespace, *, user=US):
    body = {"metadata": {"name": "b", "namespace": "pr-74"}, "roleRef": {"name": "tronador-environment"}}
    before, after = (None, body) if operation == "CREATE" else (body, None if operation == "DELETE" else body)
    return Write(
        user=user,
        group=RBAC_GROUP,
        resource="rolebindings",
        operation=operation,
        before=before,
        after=after,
        namespace=namespace,
    )


@pytest.mark.parametrize("what", NAMESPACES)
def test_the_controller_changes_only_its_own_or_adopted_objects(what):
    assert (denials(_of_namespace("UPDATE", NAMESPACES[what])) == []) is (what in CHANGED)


@pytest.mark.parametrize("what", NAMESPACES)
def test_the_controller_deletes_only_what_it_created(what):
    assert (denials(_of_namespace("DELETE", NAMESPACES[what])) == []) is (what in DELETED)


@pytest.mark.parametrize("operation", ["CREATE", "UPDATE", "DELETE"])
@pytest.mark.parametrize("what", NAMESPACES)
def test_the_controller_creates_bindings_only_in_its_own_namespaces(what, operation):
    assert (denials(_of_binding(operation, NAMESPACES[what])) == []) is (what in BOUND)


@pytest.mark.parametrize("user", ["admin", "system:serviceaccount:tronador-system:default", f"{US}-2", f"x{US}"])
def test_the_policies_do_not_apply_to_other_users(user):
    for namespace in NAMESPACES.values():
        for operation in ("UPDATE", "DELETE"):
            assert denials(_of_namespace(operation, namespace, user=user)) == []
            assert denials(_of_binding(operation, namespace, user=user)) == []


def test_the_controller_is_confined_in_whichever_namespace_it_is_installed():
    elsewhere = "system:serviceaccount:elsewhere:tronador-controller"
    assert denials(_of_namespace("UPDATE", NAMESPACES["a foreign one"], user=elsewhere))
    assert denials(_of_binding("CREATE", NAMESPACES["kube-system"], user=elsewhere))


def _of_rights(*, name, before, after, resource="clusterrolebindings", namespace=None):
    def body(account_namespace):
        subject = {"kind": "ServiceAccount", "name": "tronador-controller", "namespace": account_namespace}
        metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
        return {"metadata": metadata, "roleRef": {}, "subjects": [subject]}

    return Write(
        user="admin",
        group=RBAC_GROUP,
        resource=resource,
        operation="UPDATE",
        before=body(before),
        after=body(after),
        namespace={"metadata": {"name": namespace}} if namespace else None,
    )


RIGHTS = {
    "the whole cluster": {"name": "tronador-controller"},
    "Events": {"name": "tronador-controller-events", "resource": "rolebindings", "namespace": "default"},
}


@pytest.mark.parametrize("rights", RIGHTS)
def test_applying_the_manifests_again_keeps_the_rights_of_an_installation(rights):
    [refused] = denials(_of_rights(before="tronador-system", after="elsewhere", **RIGHTS[rights]))
    assert refused.startswith("tronador-installations: ")
    assert denials(_of_rights(before="tronador-system", after="tronador-system", **RIGHTS[rights])) == []


@pytest.mark.parametrize(
    "others",
    [
        {"name": "other"},
        {"name": "tronador-controller.elsewhere"},
        {"name": "tronador-controller", "resource": "rolebindings", "namespace": "pr-74"},
        {"name": "tronador-controller-events", "resource": "rolebindings", "namespace": "pr-74"},
    ],
)
def test_other_bindings_may_be_given_to_others(others):
    assert denials(_of_rights(before="one", after="two", **others)) == []


FLUX = {
    flux.HELM_RELEASES.group: "helmreleases",
    flux.GIT_REPOSITORIES.group: "gitrepositories",
    "kustomize.toolkit.fluxcd.io": "kustomizations",
    "fluxcd.controlplane.io": "resourcesets",
    "helm.fluxcd.io": "helmreleases",
}


def _of_flux(user, *, group=flux.HELM_RELEASES.group, namespace=NAMESPACES["one of ours"], **kwargs):
    body = {"metadata": {"name": "nested", "namespace": namespace["metadata"]["name"]}, "spec": {}}
    given = {"operation": "CREATE", "after": body, **kwargs}
    return Write(user=user, group=group, resource=FLUX[group], namespace=namespace, **given)


@pytest.mark.parametrize("account", ["tronador-release", "default", "its-own"])
@pytest.mark.parametrize("group", FLUX)
def test_no_account_of_an_environment_writes_objects_of_flux_there(group, account):
    [refused] = denials(_of_flux(f"system:serviceaccount:pr-74:{account}", group=group))

    assert refused.startswith("tronador-no-nested-flux: ")


@pytest.mark.parametrize("operation", ["UPDATE", "DELETE"])
@pytest.mark.parametrize("subresource", ["", "status"])
def test_no_account_of_an_environment_changes_objects_of_flux(operation, subresource):
    body = {"metadata": {"name": "run-pipeline", "namespace": "pr-74"}}
    write = _of_flux(
        "system:serviceaccount:pr-74:tronador-release",
        operation=operation,
        before=body,
        after=None if operation == "DELETE" else body,
        subresource=subresource,
    )

    assert len(denials(write)) == 1


@pytest.mark.parametrize(
    "user",
    [US, "system:serviceaccount:flux-system:helm-controller", "admin", "system:serviceaccount:pr-7:x", "system:admin"],
)
def test_the_controller_flux_and_people_may_write_objects_of_flux(user):
    assert denials(_of_flux(user)) == []


def test_cluster_scoped_kinds_of_flux_are_not_restricted():
    write = Write(
        user="system:serviceaccount:pr-74:x",
        group=flux.HELM_RELEASES.group,
        resource="clusterhelmreleases",
        operation="CREATE",
        after={"metadata": {"name": "x"}},
    )

    assert denials(write) == []


def test_the_policy_does_not_apply_outside_of_environments():
    assert denials(_of_flux("system:serviceaccount:pr-74:x", namespace=NAMESPACES["a foreign one"])) == []


# The form


def _expressions():
    for policy in policies():
        spec, name = policy["spec"], policy["metadata"]["name"]
        for part in ("matchConditions", "variables", "validations"):
            for item in spec.get(part, ()):
                yield pytest.param(part, item["expression"], id=f"{name}-{item.get('name', part)}")


VARIABLES = dict.fromkeys(("object", "oldObject", "namespaceObject", "request", "variables"), DYN)


@pytest.mark.parametrize(("part", "expression"), list(_expressions()))
def test_every_expression_compiles_and_is_boolean_unless_it_is_a_variable(part, expression):
    compiled = compile_expression(expression, VARIABLES)

    assert part == "variables" or compiled.result in (BOOL, DYN)


def test_all_four_policies_are_in_force_and_never_skipped():
    assert {policy["metadata"]["name"] for policy in policies()} == {
        "tronador-rolebindings",
        "tronador-namespaces",
        "tronador-no-nested-flux",
        "tronador-installations",
    }
    assert {policy["spec"]["failurePolicy"] for policy in policies()} == {"Fail"}


def test_a_policy_refuses_with_a_403_that_is_retried_while_rights_are_new():
    reasons = [validation.get("reason") for policy in policies() for validation in policy["spec"]["validations"]]
    assert {*reasons} == {"Forbidden"}


def test_the_policies_for_the_controller_name_the_account_of_the_options():
    conditions = [c for policy in policies() for c in policy["spec"].get("matchConditions", ())]
    names = [c["expression"] for c in conditions if c["name"] == "written-by-the-controller"]

    user = "request.userInfo.username"
    ending = f"{user}.endsWith(':{Options().environment.service_account}')"
    assert names == [f"{user}.startsWith('system:serviceaccount:') && {ending}"] * 2


def test_a_policy_that_is_asked_leaves_the_recursion_limit_as_it_was():
    before = sys.getrecursionlimit()
    assert bool(program.__wrapped__("1 == 1").evaluate({}))
    assert sys.getrecursionlimit() == before
