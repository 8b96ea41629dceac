"""What an environment may ask for, and how a refusal reads: the field, the value, the remedy."""

import pytest

from controller.api.environment import Environment
from controller.environment import policy
from controller.environment.options import EnvironmentOptions
from controller.environment.phases import validate
from tests.unit.environment import builders
from tests.unit.environment.builders import environment, observation

RELEASE = "spec.application.release"


def _fields(**changes):
    return [violation.field for violation in policy.violations(Environment(environment(**changes)))]


def test_the_environment_of_the_guide_breaks_no_rule():
    assert _fields() == []


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/org/repo",
        "http://git.example.com/repo.git",
        "https://git.example.com:8443/a/b",
        "ssh://git@git.example.com:22/org/repo",
        "ssh://git.example.com/org/repo",
        "git@github.com:org/repo.git",
    ],
)
def test_a_url_without_credentials_is_accepted(url):
    assert _fields(chart={"git": url}) == []


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "file:///etc",
        "/etc",
        "../repo",
        "https://",
        "https://user:password@github.com/org/repo",
        "https://token@github.com/org/repo",
        "ssh://user:password@github.com/org/repo",
        "ext::sh -c id",
        "-u/tmp",
        "git@github.com",
        "user:password@github.com/org/repo",
        "https://github.com/org repo",
        "ftp://github.com/org/repo",
    ],
)
def test_any_other_url_is_refused(url):
    assert _fields(chart={"git": url}) == [f"{RELEASE}.chart.git"]


@pytest.mark.parametrize(
    "url",
    [
        "https://alice:hunter2@github.com/org/repo",
        "https://hunter2@github.com/org/repo",
        "ssh://alice:hunter2@github.com/org/repo",
        "alice:hunter2@github.com/org/repo",
        "https://alice:hunter2@/x y",
        "ftp://alice:hun/ter2@github.com/org/repo",
    ],
)
def test_a_password_in_a_url_is_not_repeated_in_the_refusal(url):
    [violation] = policy.violations(Environment(environment(chart={"git": url})))

    assert "hunter2" not in str(violation)
    assert "ter2" not in str(violation)


@pytest.mark.parametrize("path", ["deploy", "./deploy", ".", "deploy/", "a/b/c", "..deploy", "a..b/c"])
def test_a_path_within_the_repository_is_accepted(path):
    assert _fields(chart={"path": path}) == []


@pytest.mark.parametrize("path", [None, "", "..", "../x", "a/../../b", "a/.."])
def test_a_path_out_of_the_repository_is_refused(path):
    assert _fields(chart={"path": path}) == [f"{RELEASE}.chart.path"]


@pytest.mark.parametrize("ref", [None, "", "main", "feat/x", "refs/pull/1/head", "v1.0", "6f50ff2ff844f5f7c2b6"])
def test_a_branch_tag_or_commit_is_accepted(ref):
    assert _fields(chart={"ref": ref}) == []


@pytest.mark.parametrize("ref", ["--upload-pack=id", "a b", "a\nb"])
def test_a_ref_that_git_could_take_for_something_else_is_refused(ref):
    assert _fields(chart={"ref": ref}) == [f"{RELEASE}.chart.ref"]


@pytest.mark.parametrize("name", ["r" * 54, "Release", "a_b", "-a", "a.b"])
def test_a_release_name_that_helm_would_refuse_is_refused(name):
    assert _fields(release={"releaseName": name}) == [f"{RELEASE}.releaseName"]


@pytest.mark.parametrize("name", ["r" * 53, "a", None, ""])
def test_a_release_name_that_helm_takes_is_accepted(name):
    assert _fields(release={"releaseName": name}) == []


def test_a_release_name_that_is_derived_from_a_long_name_is_accepted():
    assert _fields(name="e" * 63, release={"releaseName": None}) == []


@pytest.mark.parametrize(
    ("release", "field"),
    [
        ({"targetNamespace": "kube-system"}, "targetNamespace"),
        ({"valueFileSecrets": [{"name": "x"}]}, "valueFileSecrets"),
        ({"helmVersion": "v2"}, "helmVersion"),
    ],
)
def test_a_field_that_leads_out_of_the_environment_is_refused(release, field):
    assert _fields(release=release) == [f"{RELEASE}.{field}"]


@pytest.mark.parametrize("field", ["repository", "name", "version"])
def test_a_chart_from_a_helm_repository_is_refused(field):
    assert _fields(chart={field: "x"}) == [f"{RELEASE}.chart.{field}"]


def test_null_is_absent_also_where_a_value_would_be_refused():
    nulls = dict.fromkeys(("targetNamespace", "valueFileSecrets", "helmVersion", "values", "valuesFrom", "rollback"))
    chart_nulls = dict.fromkeys(("repository", "name", "version", "secretRef"))

    assert _fields(release=nulls, chart=chart_nulls) == []


SOURCES = {
    "configMapKeyRef": {"name": "a"},
    "secretKeyRef": {"name": "b"},
    "externalSourceRef": {"url": "https://example.com"},
    "chartFileRef": {"path": "x.yaml"},
}


@pytest.mark.parametrize("kind", list(SOURCES))
def test_a_values_source_of_one_kind_is_accepted(kind):
    assert _fields(release={"valuesFrom": [{kind: SOURCES[kind]}]}) == []


@pytest.mark.parametrize(
    "source",
    [
        {},
        {"configMapKeyRef": SOURCES["configMapKeyRef"], "secretKeyRef": SOURCES["secretKeyRef"]},
        {"secretKeyRef": SOURCES["secretKeyRef"], "configMapKeyRef": SOURCES["configMapKeyRef"]},
        {"gitRef": {"name": "a"}},
        {"configMapKeyRef": None},
    ],
)
def test_a_values_source_of_any_other_number_of_kinds_is_refused_with_its_position(source):
    good = {"configMapKeyRef": SOURCES["configMapKeyRef"]}

    assert _fields(release={"valuesFrom": [good, source]}) == [f"{RELEASE}.valuesFrom[1]"]


@pytest.mark.parametrize(
    ("labels", "at"),
    [
        ({"-a": "x"}, "-a"),
        ({"a": "b c"}, "a"),
        ({"a": "v" * 64}, "a"),
        ({"app.kubernetes.io/managed-by": "me"}, "app.kubernetes.io/managed-by"),
        ({"tronador.stakater.com/environment": "other"}, "tronador.stakater.com/environment"),
        ({"tronador.stakater.com/anything": "x"}, "tronador.stakater.com/anything"),
    ],
)
def test_a_label_that_cannot_be_or_tells_whose_the_namespace_is_is_refused(labels, at):
    assert _fields(labels=labels) == [f"spec.namespaceLabels[{at}]"]


def test_all_that_is_wrong_is_told_at_once():
    fields = _fields(chart={"git": "file:///etc", "path": ""}, release={"releaseName": "R"}, labels={"-": "x"})

    assert fields == [
        f"{RELEASE}.chart.git",
        f"{RELEASE}.chart.path",
        f"{RELEASE}.releaseName",
        "spec.namespaceLabels[-]",
    ]


def test_a_refusal_names_field_value_and_remedy():
    bad = environment(chart={"git": "file:///etc"})

    stop = validate.decide(observation(environment=bad), EnvironmentOptions())

    assert stop.reason == "InvalidSpec"
    assert "spec.application.release.chart.git: 'file:///etc': use an http, https or ssh URL" in stop.message
    assert stop.effects == ()


@pytest.mark.parametrize("name", ["default", "kube-system", "openshift", "openshift-monitoring"])
def test_a_protected_name_is_refused_with_the_option_that_protects_it(name):
    stop = validate.decide(observation(environment=environment(name=name)), EnvironmentOptions())

    assert stop.reason == "NamespaceProtected"
    assert f"metadata.name: '{name}'" in stop.message
    assert "--protected-namespaces" in stop.message


def test_a_good_environment_goes_on():
    assert validate.decide(observation(), EnvironmentOptions()) == builders.go_on()
