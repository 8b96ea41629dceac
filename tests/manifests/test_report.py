"""The reporter's account: it reads environments, and writes one annotation of theirs."""

import copy

import pytest

from controller.api.environment import ENVIRONMENTS
from controller.apimachinery.options import options_of
from controller.apimachinery.resources import LEASES
from controller.app import reporting
from controller.app.options import parse_address
from controller.app.reportoptions import ReportOptions
from hack.paths import MANIFESTS
from hack.yamlfiles import documents
from tests.manifests.admission import Write, denials

OBJECTS = [obj for file in sorted((MANIFESTS / "report").glob("*.yaml")) for obj in documents(file)]
POLICY = [obj for obj in OBJECTS if obj["kind"] == "ValidatingAdmissionPolicy"]
US = "system:serviceaccount:tronador-system:tronador-report"
REPORTED = "tronador.stakater.com/reported"
BEFORE = {
    "metadata": {
        "name": "shop-74",
        "labels": {"a": "b"},
        "annotations": {"x": "y"},
        "finalizers": ["tronador.stakater.com/teardown"],
    },
    "spec": {"application": {"release": {"values": {"a": [1, {"b": None}]}}}},
}


def named(kind, name="tronador-report"):
    (found,) = [obj for obj in OBJECTS if obj["kind"] == kind and obj["metadata"]["name"] == name]
    return found


def update(change, *, user=US, before=BEFORE):
    after = copy.deepcopy(before)
    change(after)
    write = Write(
        user=user,
        group=ENVIRONMENTS.group,
        resource=ENVIRONMENTS.plural,
        operation="UPDATE",
        before=before,
        after=after,
    )
    return denials(write, POLICY)


@pytest.mark.parametrize("before", [BEFORE, {"metadata": {"name": "shop-74"}}], ids=["full", "bare"])
def test_the_reporter_may_write_its_annotation(before):
    def report(obj):
        obj["metadata"].setdefault("annotations", {})[REPORTED] = "comment=0123456789ab,generation=7"

    assert update(report, before=before) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda obj: obj["spec"].update(suspend=True),
        lambda obj: obj["spec"]["application"]["release"]["values"]["a"].append(2),
        lambda obj: obj.pop("spec"),
        lambda obj: obj["metadata"]["labels"].update(a="c"),
        lambda obj: obj["metadata"].pop("labels"),
        lambda obj: obj["metadata"].update(finalizers=[]),
        lambda obj: obj["metadata"]["finalizers"].append("example.com/hold"),
        lambda obj: obj["metadata"].update(ownerReferences=[{"name": "x"}]),
        lambda obj: obj["metadata"]["annotations"].update(x="z"),
        lambda obj: obj["metadata"]["annotations"].pop("x"),
        lambda obj: obj["metadata"]["annotations"].update({"tronador.stakater.com/reconcile-at": "now"}),
        lambda obj: obj["metadata"]["annotations"].update({REPORTED: "x" * 201}),
    ],
)
def test_the_reporter_may_change_nothing_else(change):
    assert len(update(change)) >= 1


@pytest.mark.parametrize("user", ["admin", "system:serviceaccount:tronador-system:tronador-controller"])
def test_the_policy_is_for_the_reporter_alone(user):
    assert update(lambda obj: obj["spec"].update(suspend=True), user=user) == []


def test_the_policy_is_in_force():
    assert named("ValidatingAdmissionPolicyBinding")["spec"]["validationActions"] == ["Deny"]
    assert POLICY[0]["spec"]["failurePolicy"] == "Fail"


def test_its_account_has_only_the_rights_that_its_two_commands_use():
    (rule,) = named("ClusterRole")["rules"]
    assert (rule["apiGroups"], rule["resources"]) == ([ENVIRONMENTS.group], [ENVIRONMENTS.plural])
    assert set(rule["verbs"]) == {"get", "list", "watch", "patch"}
    lease = named("Role", "tronador-report-lease")["rules"]
    assert [(one["resources"], one.get("resourceNames"), one["verbs"]) for one in lease] == [
        ([LEASES.plural], None, ["create"]),
        ([LEASES.plural], [reporting.LEASE_NAME], ["get", "update"]),
    ]


def test_its_variables_ports_and_arguments_are_those_of_the_program():
    pod = named("Deployment")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    variables = {option.variable for option in options_of(ReportOptions)}
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    options = ReportOptions()

    assert {one["name"] for one in container["env"]} <= variables
    assert container["args"] == ["report"]
    assert ports == {
        "metrics": parse_address(options.http.metrics_address)[1],
        "health": parse_address(options.http.health_address)[1],
    }
    assert pod["terminationGracePeriodSeconds"] > options.graceful_timeout
    assert pod["serviceAccountName"] == "tronador-report"


def test_each_folder_of_credentials_is_a_mounted_secret():
    pod = named("Deployment")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    (value,) = [one["value"] for one in container["env"] if one["name"] == "TRONADOR_CREDENTIALS"]
    folders = [part.partition("=")[2] for part in value.split(",")]

    assert folders == [mount["mountPath"] for mount in container["volumeMounts"]]
    assert [mount["name"] for mount in container["volumeMounts"]] == [volume["name"] for volume in pod["volumes"]]
