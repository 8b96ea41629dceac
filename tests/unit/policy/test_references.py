"""Which Secrets, ConfigMaps, files and URLs a release may read values from."""

import pytest

from controller.apimachinery.findings import shown
from controller.policy import PolicyOptions
from tests.unit.environment.support import builders
from tests.unit.policy.builders import CHART, RELEASE, reasons, refused

SOURCES = {
    "configMapKeyRef": {"name": "a"},
    "secretKeyRef": {"name": "b"},
    "externalSourceRef": {"url": "https://example.com"},
    "chartFileRef": {"path": "x.yaml"},
}


@pytest.mark.parametrize("kind", list(SOURCES))
def test_a_values_source_of_one_kind_is_accepted(kind):
    options = PolicyOptions(allow_external_values=True)

    assert reasons(options, release={"valuesFrom": [{kind: SOURCES[kind]}]}) == []


@pytest.mark.parametrize(
    "source",
    [
        {},
        None,
        {"configMapKeyRef": SOURCES["configMapKeyRef"], "secretKeyRef": SOURCES["secretKeyRef"]},
        {"configMapKeyRef": None},
        {"configMapKeyRef": {}},
    ],
)
def test_a_values_source_of_any_other_number_of_kinds_is_refused_with_its_position(source):
    good = {"configMapKeyRef": SOURCES["configMapKeyRef"]}

    assert reasons(release={"valuesFrom": [good, source]}) == [("InvalidSpec", f"{RELEASE}.valuesFrom[1]")]


@pytest.mark.parametrize(
    "namespace", ["kube-system", "another-team", "tronador-system", "shop-7", "shop-740", "SHOP-74"]
)
@pytest.mark.parametrize("kind", ["configMapKeyRef", "secretKeyRef"])
def test_values_from_another_namespace_are_refused(kind, namespace):
    [violation] = refused(release={"valuesFrom": [{kind: {"name": "a", "namespace": namespace}}]})

    assert (violation.reason, violation.message) == ("ReferenceNotAllowed", repr(namespace))
    assert shown(violation.path) == f"{RELEASE}.valuesFrom[0].{kind}.namespace"
    assert "--allowed-reference-namespaces" in violation.remedy


def test_a_git_secret_in_another_namespace_is_refused():
    found = reasons(chart={"secretRef": {"name": "token", "namespace": "another-team"}})

    assert found == [("ReferenceNotAllowed", f"{CHART}.secretRef.namespace")]


@pytest.mark.parametrize("namespace", [None, "", builders.NAME])
def test_a_reference_to_its_own_namespace_is_accepted(namespace):
    reference = {"name": "a", "namespace": namespace}
    release = {"valuesFrom": [{"secretKeyRef": reference}, {"configMapKeyRef": reference}]}

    assert reasons(release=release, chart={"secretRef": reference}) == []


def test_a_reference_to_an_allowed_namespace_is_accepted():
    options = PolicyOptions(allowed_reference_namespaces=("shared", "team-*"))

    for namespace, allowed in {"shared": True, "team-a": True, "shared-2": False, "xteam-a": False}.items():
        found = reasons(options, chart={"secretRef": {"name": "a", "namespace": namespace}})
        assert (found == []) is allowed


@pytest.mark.parametrize("namespace", ["a/secrets/b", "..", "a b", "A", "a."])
def test_a_glob_does_not_allow_an_invalid_namespace(namespace):
    options = PolicyOptions(allowed_reference_namespaces=("*",))

    found = reasons(options, chart={"secretRef": {"name": "a", "namespace": namespace}})
    assert found == [("ReferenceNotAllowed", f"{CHART}.secretRef.namespace")]


@pytest.mark.parametrize("name", ["", "../x", "a/b", "A", "a%2fb", "a?b", "a" * 254, "-a"])
def test_a_name_that_no_object_can_have_is_refused(name):
    found = reasons(release={"valuesFrom": [{"secretKeyRef": {"name": name}}]}, chart={"secretRef": {"name": name}})

    assert found == [
        ("InvalidSpec", f"{CHART}.secretRef.name"),
        ("InvalidSpec", f"{RELEASE}.valuesFrom[0].secretKeyRef.name"),
    ]


@pytest.mark.parametrize(
    ("key", "fine"), [("values.yaml", True), ("..", False), ("a/b", False), (".", False), ("a b", False)]
)
def test_a_key_that_no_secret_can_have_is_refused(key, fine):
    assert (reasons(release={"valuesFrom": [{"secretKeyRef": {"name": "a", "key": key}}]}) == []) is fine


def test_values_from_a_url_need_a_flag():
    release = {"valuesFrom": [{"externalSourceRef": {"url": "http://169.254.169.254/latest"}}]}

    [violation] = refused(release=release)

    assert violation.reason == "ExternalValuesNotAllowed"
    assert "--allow-external-values" in violation.remedy
    assert reasons(PolicyOptions(allow_external_values=True), release=release) == []


def test_values_from_a_url_are_refused_for_flux():
    release = {"valuesFrom": [{"externalSourceRef": {"url": "https://example.com"}}]}
    allowed = PolicyOptions(allow_external_values=True)

    field = f"{RELEASE}.valuesFrom[0].externalSourceRef.url"
    assert reasons(allowed, "flux", release=release) == [("ExternalValuesNotSupported", field)]
    assert reasons(None, "flux", release=release) == [("ExternalValuesNotAllowed", field)]


@pytest.mark.parametrize("url", ["file:///etc/passwd", "https://alice:hunter2@example.com", "", "gopher://x"])
def test_values_from_an_unusual_url_are_refused_even_with_the_flag(url):
    release = {"valuesFrom": [{"externalSourceRef": {"url": url, "optional": True}}]}

    [violation] = refused(PolicyOptions(allow_external_values=True), release=release)

    assert violation.reason == "InvalidSpec"
    assert "hunter2" not in str(violation)


@pytest.mark.parametrize(
    ("path", "fine"),
    [
        ("values/pr.yaml", True),
        ("../x", False),
        ("a/../../x", False),
        ("/etc/passwd", False),
        ("", False),
        ("a\n", False),
    ],
)
def test_a_file_of_values_lies_within_the_chart(path, fine):
    assert (reasons(release={"valuesFrom": [{"chartFileRef": {"path": path}}]}) == []) is fine
