"""`manifests/chart`, rendered by the real Helm, is what kustomize makes of the same manifests."""

import json

import kubernetes_validate
import pytest

from controller.app import sharding
from hack.chart.files import CHART
from hack.localcluster.schema.structural import Structural
from tests.manifests.admission import Write, denials
from tests.manifests.chart_values import EVERYTHING
from tests.manifests.helm import run
from tests.manifests.kustomize import rendered, with_components
from tests.manifests.prometheus_operator import SCHEMAS

ELSEWHERE = "tronador-elsewhere"
KEEP = "helm.sh/resource-policy"
CREDENTIALS = {"prefix": "github.com/example", "secret": "tronador-report"}
# With the PodMonitor in the place of the ServiceMonitor, and the other way round.
SECOND = {**EVERYTHING, "podMonitor": {}, "serviceMonitor": {"enabled": True}}
NEWEST = sorted(set(kubernetes_validate.utils.all_versions()), key=lambda v: tuple(map(int, v.split("."))))[-3:]


def by_place(objects):
    """The objects by kind, namespace and name: without the namespace, which Helm does not make a part of a release."""
    places = {(o["kind"], o["metadata"].get("namespace"), o["metadata"]["name"]): o for o in objects}
    return {place: obj for place, obj in places.items() if obj["kind"] != "Namespace"}


def without_keep(obj):
    annotations = {k: v for k, v in obj["metadata"].get("annotations", {}).items() if k != KEEP}
    metadata = {key: value for key, value in obj["metadata"].items() if key != "annotations"}
    return {**obj, "metadata": {**metadata, **({"annotations": annotations} if annotations else {})}}


def differences(chart_objects, kustomize_objects):
    ours = {place: without_keep(obj) for place, obj in by_place(chart_objects).items()}
    theirs = by_place(kustomize_objects)
    assert len(ours) == len(chart_objects)
    return [place for place in {**ours, **theirs} if ours.get(place) != theirs.get(place)]


def test_the_default_values_install_the_same_as_kustomize(chart):
    assert differences(chart.render(), rendered("default")) == []


def test_another_namespace_gets_the_same_as_from_kustomize(chart):
    assert differences(chart.render(namespace=ELSEWHERE), rendered("elsewhere")) == []


@pytest.mark.parametrize(
    ("values", "components"),
    [
        ({"quotas": {"enabled": True}}, ["quotas"]),
        ({"gatewayApi": {"enabled": True}}, ["gateway-api"]),
        ({"users": {"enabled": True}}, ["users"]),
        ({"report": {"enabled": True, "credentials": [CREDENTIALS]}}, ["report"]),
        ({key: {"enabled": True} for key in ("serviceMonitor", "prometheusRule", "dashboard")}, ["monitoring"]),
        (
            {key: {"enabled": True} for key in ("podMonitor", "prometheusRule", "dashboard")},
            ["monitoring", "monitoring/podmonitor"],
        ),
        (
            {
                **{key: {"enabled": True} for key in ("serviceMonitor", "prometheusRule", "dashboard")},
                "report": {"enabled": True, "credentials": [CREDENTIALS]},
            },
            ["report", "monitoring", "monitoring/report"],
        ),
    ],
    ids=["quotas", "gateway API", "users", "report", "service monitor", "pod monitor", "monitored report"],
)
def test_optional_parts_are_the_same_as_the_components_of_kustomize(chart, values, components):
    assert differences(chart.render(values), with_components(*components)) == []


def test_shards_are_the_same_as_from_kustomize(chart):
    assert differences(chart.render({"shards": ["a"]}), rendered("shards")) == []


def test_each_shard_has_its_own_names_pods_and_lease(chart):
    objects = chart.render({"shards": ["a", "b"]})
    deployments = {o["metadata"]["name"]: o["spec"] for o in objects if o["kind"] == "Deployment"}
    assert sorted(deployments) == ["tronador-controller", "tronador-controller-a", "tronador-controller-b"]
    assert len({str(spec["selector"]) for spec in deployments.values()}) == 3
    selectors = [variable(spec, "TRONADOR_WATCH_LABEL_SELECTOR") for spec in deployments.values()]
    rules = [rule for o in objects if o["kind"] == "Role" for rule in o["rules"] if rule["resources"] == ["leases"]]
    leases = {rule["resourceNames"][0] for rule in rules if "update" in rule["verbs"]}
    assert leases == {sharding.lease_name(selector) for selector in selectors} == deployments.keys()


def test_nothing_depends_on_the_name_of_the_release(chart):
    # So a second release meets names that are taken, and Helm refuses it.
    assert chart.render(EVERYTHING, name="preview") == chart.render(EVERYTHING)


def test_definitions_are_upgraded_with_the_chart_and_kept_when_it_is_uninstalled(chart):
    definitions = [o for o in chart.render() if o["kind"] == "CustomResourceDefinition"]
    assert len(definitions) == 2
    assert all(o["metadata"]["annotations"] == {KEEP: "keep"} for o in definitions)
    kinds = {o["kind"] for o in chart.render({"crds": {"install": False}})}
    assert "CustomResourceDefinition" not in kinds


def test_no_trace_of_the_default_account_is_left_with_another_one(chart):
    objects = chart.render({"serviceAccount": {"name": "environments"}}, namespace="previews", name="eaas")
    assert [o["kind"] for o in objects if "tronador-system" in json.dumps(without_prose(o))] == []
    accounts = [o["metadata"] for o in objects if o["kind"] == "ServiceAccount"]
    assert [(m["namespace"], m["name"]) for m in accounts] == [("previews", "environments")]
    subjects = [subject for o in objects for subject in o.get("subjects", ())]
    assert len(subjects) == 4
    assert {(s["kind"], s["namespace"], s["name"]) for s in subjects} == {
        ("ServiceAccount", "previews", "environments")
    }
    assert not any(":tronador-controller'" in expression for expression in expressions(objects))
    [deployment] = [o for o in objects if o["kind"] == "Deployment"]
    assert deployment["spec"]["template"]["spec"]["serviceAccountName"] == "environments"


def test_the_policies_limit_the_account_that_the_roles_are_bound_to(chart):
    objects = chart.render({"serviceAccount": {"name": "environments"}}, namespace="previews")
    policies = [o for o in objects if o["kind"] == "ValidatingAdmissionPolicy"]
    [binding] = [o for o in objects if o["kind"] == "ClusterRoleBinding"]
    [subject] = binding["subjects"]
    theirs = {"metadata": {"name": "theirs"}}

    def refused(account):
        user = f"system:serviceaccount:{account}"
        write = Write(user=user, group="", resource="namespaces", operation="DELETE", before=theirs, namespace=theirs)
        bind = Write(
            user=user,
            group="rbac.authorization.k8s.io",
            resource="rolebindings",
            operation="CREATE",
            after={"metadata": {"name": "tronador-controller", "namespace": "theirs"}},
            namespace=theirs,
        )
        return [bool(denials(one, policies)) for one in (write, bind)]

    assert refused(f"{subject['namespace']}:{subject['name']}") == [True, True]
    assert refused("previews:tronador-controller") == [False, False]


def test_the_roles_let_the_controller_bind_the_role_that_its_option_names(chart):
    objects = chart.render({"options": {"releaseClusterRole": "charts"}})
    rules = [rule for o in objects for rule in o.get("rules", ()) if "bind" in rule["verbs"]]
    assert [rule["resourceNames"] for rule in rules] == [["tronador-environment", "charts"]]


@pytest.mark.slow
@pytest.mark.parametrize("version", NEWEST)
def test_kubernetes_accepts_every_object(chart, version):
    seen = []
    for obj in (*rendered("default"), *chart.render(), *chart.render(EVERYTHING), *chart.render(SECOND)):
        if obj in seen:
            continue
        seen.append(obj)
        if obj["apiVersion"].startswith("monitoring.coreos.com/"):
            schema = Structural(SCHEMAS[obj["kind"]])
            assert [*schema.unknown_fields(obj), *map(str, schema.validate(obj))] == []
        else:
            kubernetes_validate.validate(obj, version, strict=True)


@pytest.mark.parametrize("values", [{}, EVERYTHING], ids=["default", "everything"])
def test_helm_lint_only_reports_the_missing_icon(values):
    script = "import helm_python, json, sys; print(json.dumps(helm_python.lint(*map(json.loads, sys.argv[1:]))))"
    done = run(script, json.dumps(str(CHART)), json.dumps(values))
    report = json.loads(done.stdout)
    assert report["total_charts_linted"] == 1
    assert [message["error"] for message in report["messages"]] == ["icon is recommended"]


def variable(deployment, name):
    [container] = deployment["template"]["spec"]["containers"]
    [found] = [variable["value"] for variable in container["env"] if variable["name"] == name]
    return found


def expressions(objects):
    """Every CEL expression of the policies."""
    specs = [o["spec"] for o in objects if o["kind"] == "ValidatingAdmissionPolicy"]
    return [
        part["expression"] for s in specs for name in ("matchConditions", "validations") for part in s.get(name, ())
    ]


def without_prose(obj):
    """The object without texts for people, which may name the usual namespace."""
    if isinstance(obj, dict):
        return {key: without_prose(value) for key, value in obj.items() if key not in ("description", "message")}
    return [without_prose(item) for item in obj] if isinstance(obj, list) else obj
