"""Which fields a release may use, and which values they may have."""

import pytest
import yaml

from controller.apimachinery import nesting
from controller.apimachinery.findings import shown
from controller.policy import explained
from controller.policy.fields import LISTED
from hack.paths import ROOT
from tests.unit.policy.builders import CHART, RELEASE, fields, reasons, refused


@pytest.mark.parametrize(
    "field",
    [
        "targetNamespace",
        "valueFileSecrets",
        "serviceAccountName",
        "kubeConfig",
        "chartRef",
        "storageNamespace",
        "dependsOn",
        "postRenderers",
        "install",
        "upgrade",
        "uninstall",
        "interval",
        "suspend",
        "TargetNamespace",
        "targetnamespace",
    ],
)
def test_a_field_that_is_not_listed_is_refused(field):
    assert reasons(release={field: "kube-system"}) == [("FieldNotAllowed", f"{RELEASE}.{field}")]


@pytest.mark.parametrize("field", ["repository", "name", "version", "skipDepUpdate", "chartPullSecret", "spec"])
def test_a_field_of_the_chart_that_is_not_listed_is_refused(field):
    assert reasons(chart={field: True}) == [("FieldNotAllowed", f"{CHART}.{field}")]


@pytest.mark.parametrize(
    ("release", "field"),
    [
        ({"rollback": {"enable": True, "hook": "x"}}, "rollback.hook"),
        ({"test": {"enable": True, "image": "x"}}, "test.image"),
        ({"valuesFrom": [{"secretKeyRef": {"name": "a", "targetPath": "x"}}]}, "valuesFrom[0].secretKeyRef.targetPath"),
        ({"valuesFrom": [{"kind": "Secret", "chartFileRef": {"path": "x"}}]}, "valuesFrom[0].kind"),
    ],
)
def test_a_field_deeper_down_that_is_not_listed_is_refused(release, field):
    assert reasons(release=release) == [("FieldNotAllowed", f"{RELEASE}.{field}")]


def test_a_refused_field_names_the_field_to_use_instead():
    by_field = {
        shown(v.path): v.remedy for v in refused(release={"targetNamespace": "x", "valueFileSecrets": [{"name": "x"}]})
    }

    assert "is always installed in its environment's own namespace" in by_field[f"{RELEASE}.targetNamespace"]
    assert "valuesFrom with a secretKeyRef" in by_field[f"{RELEASE}.valueFileSecrets"]


def test_helm_2_is_refused():
    assert reasons(release={"helmVersion": "v2"}) == [("InvalidSpec", f"{RELEASE}.helmVersion")]
    assert reasons(release={"helmVersion": "v3"}) == []


@pytest.mark.parametrize(
    ("release", "field"),
    [
        ({"chart": "https://x"}, "chart"),
        ({"chart": {"git": ["x"], "path": "y"}}, "chart.git"),
        ({"timeout": "5m"}, "timeout"),
        ({"timeout": True}, "timeout"),
        ({"wait": "yes"}, "wait"),
        ({"values": "a: b"}, "values"),
        ({"valuesFrom": {"secretKeyRef": {}}}, "valuesFrom"),
        ({"valuesFrom": ["x"]}, "valuesFrom[0]"),
        ({"releaseName": 7}, "releaseName"),
        ({"rollback": True}, "rollback"),
    ],
)
def test_a_value_of_another_form_is_refused(release, field):
    assert reasons(release=release) == [("InvalidSpec", f"{RELEASE}.{field}")]


def test_null_counts_as_absent_where_a_value_would_be_refused():
    nulls = dict.fromkeys(("targetNamespace", "valueFileSecrets", "helmVersion", "values", "valuesFrom", "rollback"))
    chart_nulls = dict.fromkeys(("repository", "name", "version", "secretRef"))

    assert fields(release=nulls, chart=chart_nulls, labels={"a": None}) == []


def _described(schema):
    properties = schema.get("properties")
    if properties is None:
        return None
    return {name: _described(of_name) for name, of_name in properties.items()}


def test_the_schema_has_every_listed_field_and_marks_the_others_as_refused():
    crd = yaml.safe_load((ROOT / "manifests/crds/tronador.stakater.com_environmentprovisioners.yaml").read_text())
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    release = schema["properties"]["spec"]["properties"]["application"]["properties"]["release"]

    def compare(shape, schema):
        known = schema["properties"]
        refused = {name for name, of_name in known.items() if of_name["description"].startswith("Refused;")}
        assert shape.keys() == known.keys() - refused
        for name, of_name in shape.items():
            if isinstance(of_name, dict):
                compare(of_name, known[name])
            elif isinstance(of_name, list):
                compare(of_name[0], known[name]["items"])
            else:
                words = {str: "string", int: "integer", bool: "boolean", dict: "object"}
                assert known[name]["type"] == words[of_name]

    compare(LISTED, release)


def _of_depth(depth, inner=1):
    for _ in range(depth):
        inner = {"a": inner}
    return inner


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (_of_depth(101), "spec.application.release.values.a.a.a.a.a.a...: 'nested 101 levels deep': "),
        (_of_depth(110, nesting.Unreadable("", 1390)), f"{RELEASE}.values.a.a.a.a.a.a...: 'nested 1500 levels deep': "),
        ({"a": [_of_depth(100)]}, f"{RELEASE}.values.a[0].a.a.a.a...: 'nested 102 levels deep': "),
    ],
)
def test_values_that_are_nested_too_deep_are_refused_with_their_place_and_depth(values, words):
    [violation] = refused(release={"values": values})
    assert violation.reason == "InvalidSpec"
    assert explained(violation) == f"{words}reduce the nesting to at most 100 levels"


def test_values_may_have_a_hundred_levels():
    assert fields(release={"values": _of_depth(100)}) == []


@pytest.mark.parametrize("field", ["values", "valuesFrom", "timeout", "releaseName"])
def test_an_unreadable_value_is_refused_in_every_field(field):
    number = nesting.Unreadable("a number that is too large")
    assert reasons(release={field: number}) == [("InvalidSpec", f"{RELEASE}.{field}")]


def test_a_number_without_end_in_the_values_is_refused_with_its_place():
    [violation] = refused(release={"values": {"a": [nesting.Unreadable("a number that is too large")]}})
    assert explained(violation) == (
        f"{RELEASE}.values.a[0]: 'a number that is too large': use a smaller number, or put it into quotes"
    )
