"""What an environment may ask for, and how a refusal reads: the reason, the field, the value, the remedy."""

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from controller.api.environment import Environment
from controller.apimachinery import nesting
from controller.apimachinery.options import options_of
from controller.app.options import Options
from controller.environment.engines import helm_operator
from controller.environment.options import EnvironmentOptions
from controller.environment.phases import validate
from controller.policy import RULES, PolicyOptions, pins, violations
from controller.policy.fields import LISTED
from tests.unit.environment.support import builders
from tests.unit.environment.support.builders import environment, observation

ROOT = Path(__file__).parents[3]
RELEASE = "spec.application.release"
CHART = f"{RELEASE}.chart"


def _refused(options=None, engine=helm_operator.ENGINE.name, annotations=None, **changes):
    obj = environment(**changes)
    if annotations:
        obj["metadata"]["annotations"] = annotations
    return violations(Environment(obj), options or PolicyOptions(), engine=engine)


def _reasons(options=None, engine=helm_operator.ENGINE.name, **changes):
    return [(violation.reason, violation.field) for violation in _refused(options, engine, **changes)]


def _fields(**changes):
    return [violation.field for violation in _refused(**changes)]


def test_the_environment_of_the_guide_breaks_no_rule():
    assert _fields() == []


# The repository


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
        "ext::sh -c id",
        "-u/tmp",
        "git@github.com",
        "ssh://git@github.com",
        "https://github.com/org repo",
        "ftp://github.com/org/repo",
        "https://github.com/org/../repo",
    ],
)
def test_any_other_url_is_refused(url):
    assert _reasons(chart={"git": url}) == [("InvalidSpec", f"{CHART}.git")]


@pytest.mark.parametrize(
    "url",
    [
        "https://alice:hunter2@github.com/org/repo",
        "https://hunter2@github.com/org/repo",
        "HTTPS://hunter2@github.com/org/repo",
        "ssh://alice:hunter2@github.com/org/repo",
        "alice:hunter2@github.com/org/repo",
        "https://alice:hunter2@/x y",
        "ftp://alice:hun/ter2@github.com/org/repo",
        "https://alice:hunter2%40github.com/org/repo",
    ],
)
def test_credentials_in_a_url_are_refused_and_not_repeated(url):
    [violation] = _refused(chart={"git": url})

    assert (violation.reason, violation.field) == ("CredentialsInURL", f"{CHART}.git")
    assert "ter2" not in str(violation)


def test_a_token_in_a_query_is_refused_and_not_repeated():
    [violation] = _refused(chart={"git": "https://github.com/org/repo?access_token=hunter2"})

    assert "hunter2" not in str(violation)


@pytest.mark.parametrize("field", ["chart.repository", "values.url", "registry"])
def test_a_password_in_a_refused_field_is_not_repeated_either(field):
    name, _, sub = field.partition(".")
    url = "https://alice:hunter2@charts.example.com"
    changes = {"chart": {sub: url}} if name == "chart" else {"release": {"repositoryOfAnother": {"url": url}}}

    [violation] = _refused(**changes)

    assert violation.reason == "FieldNotAllowed"
    assert "hunter2" not in str(violation)


URL = "https://alice:hunter2@example.com"
ALLOWED = PolicyOptions(allowed_git_repositories=("github.com/stakater-lab/*", "git.example.com:8443/shop"))


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/stakater-lab/inventory",
        "git@github.com:stakater-lab/inventory.git",
        "https://GITHUB.com./stakater-lab/inventory",
        "https://git.example.com:8443/shop.git",
    ],
)
def test_a_repository_that_a_glob_allows_is_accepted_however_it_is_spelled(url):
    assert _reasons(ALLOWED, chart={"git": url}) == []


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/stakater-lab/inventory",
        "https://github.com.evil.example/stakater-lab/inventory",
        "https://github.com:8443/stakater-lab/inventory",
        "https://github.com/stakater-labs/inventory",
        "https://github.com/evil/stakater-lab/inventory",
        "https://git.example.com/shop",
        "git@evil.example:github.com/stakater-lab/inventory",
    ],
)
def test_any_other_repository_is_refused_and_the_option_named(url):
    [violation] = _refused(ALLOWED, chart={"git": url})

    assert (violation.reason, violation.field) == ("RepositoryNotAllowed", f"{CHART}.git")
    assert "--allowed-git-repositories" in violation.remedy


# The chart within it


@pytest.mark.parametrize("path", ["deploy", "./deploy", ".", "deploy/", "a/b/c", "..deploy", "a..b/c"])
def test_a_path_within_the_repository_is_accepted(path):
    assert _fields(chart={"path": path}) == []


@pytest.mark.parametrize(
    "path",
    [None, "", "..", "../x", "a/../../b", "a/..", "..\\x", "deploy\x00", "deploy\n", "deploy\u2028", "\u202edeploy"],
)
def test_a_path_out_of_the_repository_is_refused(path):
    assert _reasons(chart={"path": path}) == [("InvalidSpec", f"{CHART}.path")]


@pytest.mark.parametrize(
    "ref", [None, "", "main", "feat/x", "refs/pull/1/head", "v1.0", "6f50ff2ff844f5f7c2b6", "größe"]
)
def test_a_branch_tag_or_commit_is_accepted(ref):
    assert _fields(chart={"ref": ref}) == []


@pytest.mark.parametrize(
    "ref", ["--upload-pack=id", "a b", "a\nb", "a\x00b", "+main", "a..b", "main@{1}", "a^", "a:b", "*"]
)
def test_a_ref_that_git_could_take_for_something_else_is_refused(ref):
    assert _reasons(chart={"ref": ref}) == [("InvalidSpec", f"{CHART}.ref")]


@pytest.mark.parametrize("name", ["r" * 54, "Release", "a_b", "-a", "a.b", "a\n", "../a", "a/b"])
def test_a_release_name_that_helm_would_refuse_is_refused(name):
    assert _reasons(release={"releaseName": name}) == [("InvalidSpec", f"{RELEASE}.releaseName")]


@pytest.mark.parametrize("name", ["r" * 53, "a", None, ""])
def test_a_release_name_that_helm_takes_is_accepted(name):
    assert _fields(release={"releaseName": name}) == []


def test_a_release_name_that_is_derived_from_a_long_name_is_accepted():
    assert _fields(name="e" * 63, release={"releaseName": None}) == []


# Fields


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
    assert _reasons(release={field: "kube-system"}) == [("FieldNotAllowed", f"{RELEASE}.{field}")]


@pytest.mark.parametrize("field", ["repository", "name", "version", "skipDepUpdate", "chartPullSecret", "spec"])
def test_a_field_of_the_chart_that_is_not_listed_is_refused(field):
    assert _reasons(chart={field: True}) == [("FieldNotAllowed", f"{CHART}.{field}")]


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
    assert _reasons(release=release) == [("FieldNotAllowed", f"{RELEASE}.{field}")]


def test_a_refused_field_names_the_field_to_use_instead():
    by_field = {
        v.field: v.remedy for v in _refused(release={"targetNamespace": "x", "valueFileSecrets": [{"name": "x"}]})
    }

    assert "is always installed in its environment's own namespace" in by_field[f"{RELEASE}.targetNamespace"]
    assert "valuesFrom with a secretKeyRef" in by_field[f"{RELEASE}.valueFileSecrets"]


def test_helm_2_is_refused():
    assert _reasons(release={"helmVersion": "v2"}) == [("InvalidSpec", f"{RELEASE}.helmVersion")]
    assert _reasons(release={"helmVersion": "v3"}) == []


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
    assert _reasons(release=release) == [("InvalidSpec", f"{RELEASE}.{field}")]


def test_null_counts_as_absent_where_a_value_would_be_refused():
    nulls = dict.fromkeys(("targetNamespace", "valueFileSecrets", "helmVersion", "values", "valuesFrom", "rollback"))
    chart_nulls = dict.fromkeys(("repository", "name", "version", "secretRef"))

    assert _fields(release=nulls, chart=chart_nulls, labels={"a": None}) == []


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


# References to other objects and URLs


SOURCES = {
    "configMapKeyRef": {"name": "a"},
    "secretKeyRef": {"name": "b"},
    "externalSourceRef": {"url": "https://example.com"},
    "chartFileRef": {"path": "x.yaml"},
}


@pytest.mark.parametrize("kind", list(SOURCES))
def test_a_values_source_of_one_kind_is_accepted(kind):
    options = PolicyOptions(allow_external_values=True)

    assert _reasons(options, release={"valuesFrom": [{kind: SOURCES[kind]}]}) == []


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

    assert _reasons(release={"valuesFrom": [good, source]}) == [("InvalidSpec", f"{RELEASE}.valuesFrom[1]")]


@pytest.mark.parametrize(
    "namespace", ["kube-system", "another-team", "tronador-system", "shop-7", "shop-740", "SHOP-74"]
)
@pytest.mark.parametrize("kind", ["configMapKeyRef", "secretKeyRef"])
def test_values_from_another_namespace_are_refused(kind, namespace):
    [violation] = _refused(release={"valuesFrom": [{kind: {"name": "a", "namespace": namespace}}]})

    assert (violation.reason, violation.value) == ("ReferenceNotAllowed", namespace)
    assert violation.field == f"{RELEASE}.valuesFrom[0].{kind}.namespace"
    assert "--allowed-reference-namespaces" in violation.remedy


def test_a_git_secret_in_another_namespace_is_refused():
    reasons = _reasons(chart={"secretRef": {"name": "token", "namespace": "another-team"}})

    assert reasons == [("ReferenceNotAllowed", f"{CHART}.secretRef.namespace")]


@pytest.mark.parametrize("namespace", [None, "", builders.NAME])
def test_a_reference_to_its_own_namespace_is_accepted(namespace):
    reference = {"name": "a", "namespace": namespace}
    release = {"valuesFrom": [{"secretKeyRef": reference}, {"configMapKeyRef": reference}]}

    assert _reasons(release=release, chart={"secretRef": reference}) == []


def test_a_reference_to_an_allowed_namespace_is_accepted():
    options = PolicyOptions(allowed_reference_namespaces=("shared", "team-*"))

    for namespace, allowed in {"shared": True, "team-a": True, "shared-2": False, "xteam-a": False}.items():
        refused = _reasons(options, chart={"secretRef": {"name": "a", "namespace": namespace}})
        assert (refused == []) is allowed


@pytest.mark.parametrize("namespace", ["a/secrets/b", "..", "a b", "A", "a."])
def test_a_glob_does_not_allow_an_invalid_namespace(namespace):
    options = PolicyOptions(allowed_reference_namespaces=("*",))

    refused = _reasons(options, chart={"secretRef": {"name": "a", "namespace": namespace}})
    assert refused == [("ReferenceNotAllowed", f"{CHART}.secretRef.namespace")]


@pytest.mark.parametrize("name", ["", "../x", "a/b", "A", "a%2fb", "a?b", "a" * 254, "-a"])
def test_a_name_that_no_object_can_have_is_refused(name):
    refused = _reasons(release={"valuesFrom": [{"secretKeyRef": {"name": name}}]}, chart={"secretRef": {"name": name}})

    assert refused == [
        ("InvalidSpec", f"{CHART}.secretRef.name"),
        ("InvalidSpec", f"{RELEASE}.valuesFrom[0].secretKeyRef.name"),
    ]


@pytest.mark.parametrize(
    ("key", "fine"), [("values.yaml", True), ("..", False), ("a/b", False), (".", False), ("a b", False)]
)
def test_a_key_that_no_secret_can_have_is_refused(key, fine):
    assert (_reasons(release={"valuesFrom": [{"secretKeyRef": {"name": "a", "key": key}}]}) == []) is fine


def test_values_from_a_url_need_a_flag():
    release = {"valuesFrom": [{"externalSourceRef": {"url": "http://169.254.169.254/latest"}}]}

    [violation] = _refused(release=release)

    assert violation.reason == "ExternalValuesNotAllowed"
    assert "--allow-external-values" in violation.remedy
    assert _reasons(PolicyOptions(allow_external_values=True), release=release) == []


def test_values_from_a_url_are_refused_for_flux():
    release = {"valuesFrom": [{"externalSourceRef": {"url": "https://example.com"}}]}
    allowed = PolicyOptions(allow_external_values=True)

    field = f"{RELEASE}.valuesFrom[0].externalSourceRef.url"
    assert _reasons(allowed, "flux", release=release) == [("ExternalValuesNotSupported", field)]
    assert _reasons(None, "flux", release=release) == [("ExternalValuesNotAllowed", field)]


@pytest.mark.parametrize("url", ["file:///etc/passwd", "https://alice:hunter2@example.com", "", "gopher://x"])
def test_values_from_an_unusual_url_are_refused_even_with_the_flag(url):
    release = {"valuesFrom": [{"externalSourceRef": {"url": url, "optional": True}}]}

    [violation] = _refused(PolicyOptions(allow_external_values=True), release=release)

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
    assert (_reasons(release={"valuesFrom": [{"chartFileRef": {"path": path}}]}) == []) is fine


# Labels


@pytest.mark.parametrize(
    ("labels", "at"),
    [({"-a": "x"}, "-a"), ({"a": "b c"}, "a"), ({"a": "v" * 64}, "a"), ({"a": 7}, "a"), ({"": "x"}, "")],
)
def test_an_invalid_label_is_refused(labels, at):
    assert _reasons(labels=labels) == [("InvalidSpec", f"spec.namespaceLabels[{at}]")]


@pytest.mark.parametrize(
    "label",
    [
        "app.kubernetes.io/managed-by",
        "tronador.stakater.com/environment",
        "tronador.stakater.com/anything",
        "x.tronador.stakater.com/anything",
    ],
)
def test_a_label_that_identifies_the_namespaces_owner_is_always_refused(label):
    options = PolicyOptions(denied_namespace_labels=(), pinned_namespace_labels=pins.parse(f"*:{label}=*"))

    assert _reasons(options, labels={label: "x"}) == [("LabelReserved", f"spec.namespaceLabels[{label}]")]


@pytest.mark.parametrize(
    "label",
    [
        "kubernetes.io/metadata.name",
        "pod-security.kubernetes.io/enforce",
        "pod-security.kubernetes.io/enforce-version",
        "openshift.io/run-level",
        "security.openshift.io/scc.podSecurityLabelSync",
        "a.b.openshift.io/x",
    ],
)
def test_a_label_of_the_platform_team_is_refused_and_the_option_named(label):
    [violation] = _refused(labels={label: "privileged"})

    assert (violation.reason, violation.field) == ("LabelNotAllowed", f"spec.namespaceLabels[{label}]")
    assert "--denied-namespace-labels" in violation.remedy


@pytest.mark.parametrize("label", ["openshift.io.example.com/x", "myopenshift.io/x", "kubernetes.io/x", "run-level"])
def test_a_label_that_only_looks_alike_is_accepted(label):
    assert _reasons(labels={label: "x"}) == []


@pytest.mark.parametrize(
    "label", ["Openshift.io/run-level", "OPENSHIFT.IO/run-level", "pod-security.Kubernetes.io/enforce"]
)
def test_no_other_spelling_of_a_denied_key_gets_through(label):
    assert _reasons(labels={label: "x"}) == [("InvalidSpec", f"spec.namespaceLabels[{label}]")]


def test_the_platform_team_decides_which_labels_it_keeps():
    options = PolicyOptions(denied_namespace_labels=("team", "cost/*"))

    assert _reasons(options, labels={"team": "x", "cost/center": "1", "openshift.io/run-level": "1"}) == [
        ("LabelNotAllowed", "spec.namespaceLabels[team]"),
        ("LabelNotAllowed", "spec.namespaceLabels[cost/center]"),
    ]


PINNED = PolicyOptions(
    pinned_namespace_labels=pins.parse(
        "github.com/stakater-lab:stakater.com/tenant=veeru,stakater.com/tenant=lab-*;*:kind=pr"
    )
)


@pytest.mark.parametrize("tenant", ["veeru", "lab-7"])
def test_a_tenant_that_is_pinned_for_the_repository_is_accepted(tenant):
    assert _reasons(PINNED, labels={"stakater.com/tenant": tenant, "kind": "pr", "team": "any"}) == []


@pytest.mark.parametrize("tenant", ["another", "Veeru", "veeru2", "xlab-7", ""])
def test_a_foreign_tenant_is_refused_and_the_option_named(tenant):
    [violation] = _refused(PINNED, labels={"stakater.com/tenant": tenant})

    assert (violation.reason, violation.value) == ("LabelValueNotAllowed", tenant)
    assert violation.field == "spec.namespaceLabels[stakater.com/tenant]"
    assert "--pinned-namespace-labels" in violation.remedy


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/stakater-lab/x",
        "https://github.com/another/x",
        "https://github.com:8443/stakater-lab/x",
        "https://github.com/Stakater-Lab/x",
    ],
)
def test_a_pinned_label_is_refused_for_other_repositories(url):
    [violation] = _refused(PINNED, labels={"stakater.com/tenant": "veeru"}, chart={"git": url})

    assert violation.reason == "LabelValueNotAllowed"


def test_a_label_can_be_pinned_for_every_repository():
    assert _reasons(PINNED, labels={"kind": "prod"}) == [("LabelValueNotAllowed", "spec.namespaceLabels[kind]")]


# Names, engines, and the whole


@pytest.mark.parametrize("name", ["default", "kube-system", "openshift", "openshift-monitoring"])
def test_a_protected_name_is_refused_with_the_option_that_protects_it(name):
    stop = validate.decide(observation(environment=environment(name=name)), EnvironmentOptions())

    assert stop.reason == "NamespaceProtected"
    assert f"metadata.name: '{name}'" in stop.message
    assert "--protected-namespaces" in stop.message


@pytest.mark.parametrize("name", ["a.b", "n" * 64, "Shop"])
def test_a_name_that_no_namespace_can_have_is_refused(name):
    assert ("InvalidSpec", "metadata.name") in _reasons(name=name)


FORK = {"tronador.stakater.com/fork": "true"}


@pytest.mark.parametrize("mark", ["true", "True", "1", "yes", "?"])
def test_a_fork_on_the_helm_operator_needs_a_flag(mark):
    [violation] = _refused(annotations={"tronador.stakater.com/fork": mark})

    assert violation.reason == "ForkNotAllowed"
    assert violation.field == "metadata.annotations[tronador.stakater.com/fork]"
    assert "--allow-forks-on-helm-operator" in violation.remedy
    assert _refused(PolicyOptions(allow_forks_on_helm_operator=True), annotations=FORK) == ()


@pytest.mark.parametrize("mark", ["false", ""])
def test_an_environment_marked_as_not_a_fork_is_accepted(mark):
    assert _refused(annotations={"tronador.stakater.com/fork": mark}) == ()


@pytest.mark.parametrize("engine", ["flux", ""])
def test_a_fork_on_flux_is_confined_and_so_accepted(engine):
    assert _refused(None, engine, annotations=FORK) == ()


def test_all_violations_are_reported_at_once():
    refused = _reasons(
        chart={"git": "file:///etc", "path": ""},
        release={"releaseName": "R", "targetNamespace": "x"},
        labels={"-": "x", "openshift.io/run-level": "1"},
    )

    assert refused == [
        ("FieldNotAllowed", f"{RELEASE}.targetNamespace"),
        ("InvalidSpec", f"{CHART}.git"),
        ("InvalidSpec", f"{CHART}.path"),
        ("InvalidSpec", f"{RELEASE}.releaseName"),
        ("InvalidSpec", "spec.namespaceLabels[-]"),
        ("LabelNotAllowed", "spec.namespaceLabels[openshift.io/run-level]"),
    ]


def test_a_refusal_names_field_value_and_remedy():
    bad = environment(chart={"git": "file:///etc"})

    stop = validate.decide(observation(environment=bad), EnvironmentOptions())

    assert stop.reason == "InvalidSpec"
    assert "spec.application.release.chart.git: 'file:///etc': use an http, https or ssh URL" in stop.message
    assert stop.effects == ()


def test_a_long_value_is_cut():
    [violation] = _refused(release={"kubeConfig": "x" * 10_000})

    assert len(violation.value) < 300


def test_a_message_stays_readable_whatever_an_author_writes():
    labels = {f"{'k' * 5000}-{number}\n": "v" * 5000 for number in range(500)}

    stop = validate.decide(observation(environment=environment(labels=labels)), EnvironmentOptions())

    # The limit in the schema of a condition.
    assert len(stop.message) < 32768
    assert stop.message.endswith("; and 990 more")
    assert stop.message.isprintable()


@pytest.mark.parametrize("changes", [{"labels": {URL: "x"}}, {"release": {URL: "x"}}, {"chart": {URL: "x"}}])
def test_a_password_in_the_name_of_a_field_is_not_repeated(changes):
    [violation] = _refused(**changes)

    assert "hunter2" not in str(violation)


def test_a_valid_environment_proceeds():
    assert validate.decide(observation(), builders.operator_options()) == builders.proceed()


NAMES = st.sampled_from(
    ["spec", "application", "release", "chart", "git", "path", "valuesFrom", "secretKeyRef", "name", "a"]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(spec=ANYTHING, release=ANYTHING, chart=ANYTHING, labels=ANYTHING)
def test_a_spec_of_any_form_is_refused_without_an_exception(spec, release, chart, labels):
    wholes = [
        {"spec": spec},
        {"spec": {"application": spec, "namespaceLabels": labels}},
        {"spec": {"application": {"release": release}}},
        {"spec": {"application": {"release": {"chart": chart, "valuesFrom": [release]}}}},
    ]
    for whole in wholes:
        assert violations(Environment({"metadata": {"name": "x"}, **whole}), PolicyOptions())


def test_everything_that_allows_a_refusal_is_an_option_or_documented():
    flags = {option.flag for option in options_of(Options)}

    for rule in RULES:
        assert set(re.findall(r"--[a-z-]+", rule.allowed_by)) <= flags


def test_every_rule_says_what_to_do():
    for rule in RULES:
        assert re.fullmatch(r"[A-Z][A-Za-z]+", rule.reason)
        assert rule.remedy
        assert rule.find.__name__ == "_forks" or rule.find.__doc__


def test_every_reason_is_explained_to_operators():
    page = (ROOT / "docs" / "reference.md").read_text()

    for reason in {rule.reason for rule in RULES} | {"FieldNotAllowed", "NamespaceProtected"}:
        assert f"`{reason}`" in page


# Values that are nested too deep or unreadable


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
    [violation] = _refused(release={"values": values})
    assert violation.reason == "InvalidSpec"
    assert str(violation) == f"{words}reduce the nesting to at most 100 levels"


def test_values_may_have_a_hundred_levels():
    assert _fields(release={"values": _of_depth(100)}) == []


@pytest.mark.parametrize("field", ["values", "valuesFrom", "timeout", "releaseName"])
def test_an_unreadable_value_is_refused_in_every_field(field):
    number = nesting.Unreadable("a number that is too large")
    assert _reasons(release={field: number}) == [("InvalidSpec", f"{RELEASE}.{field}")]


def test_a_number_without_end_in_the_values_is_refused_with_its_place():
    [violation] = _refused(release={"values": {"a": [nesting.Unreadable("a number that is too large")]}})
    assert str(violation) == (
        f"{RELEASE}.values.a[0]: 'a number that is too large': use a smaller number, or put it into quotes"
    )
