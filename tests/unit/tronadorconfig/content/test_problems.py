"""The problems of a TronadorConfig: each message names the field and the remedy, but not a Secret's content."""

import base64

import pytest
import yaml

from controller.apimachinery.findings import shown
from controller.tronadorconfig.content import parse, problems
from tests.samples import documents

ANSWER = "hunter2 and a half"


def _config(manifests=(), **spec):
    return {"resources": {"manifests": list(manifests)}, "spec": spec}


def _secret(name="git", **content):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, **content}


def _config_map(name="proxy"):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"a": "b"}}


def _said(config):
    return [str(problem) for problem in problems(parse(config))]


def _reasons(config):
    return [(problem.reason, shown(problem.path)) for problem in problems(parse(config))]


# Forms


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"spec": None},
        {"resources": None, "spec": {}},
        {"resources": {"manifests": None}},
        {"spec": {"mappings": None, "secrets": None, "orgLevelSecrets": None, "copySecrets": None}},
        {"spec": {"mappings": [{"repos": None, "authSecret": None, "imagePullSecret": ""}]}},
    ],
)
def test_absent_fields_are_not_a_problem(config):
    assert _said(config) == []


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"spec": "text"}, "spec"),
        ({"resources": []}, "resources"),
        ({"resources": {"manifests": {}}}, "resources.manifests"),
        (_config(mappings=["a"]), "spec.mappings[0]"),
        (_config(mappings=[{"repos": "a"}]), "spec.mappings[0].repos"),
        (_config(mappings=[{"repos": ["a"], "authSecret": {"name": "a"}}]), "spec.mappings[0].authSecret"),
        (_config(orgLevelSecrets="a"), "spec.orgLevelSecrets"),
        (_config(copySecrets=[{"name": "a", "repos": [7]}]), "spec.copySecrets[0].repos[0]"),
    ],
)
def test_a_value_of_the_wrong_type_is_reported_once_without_an_exception(config, field):
    assert ("InvalidConfig", field) in _reasons(config)
    assert len(_reasons(config)) == len(set(_reasons(config)))


# Objects


def test_a_valid_object_has_no_problem():
    assert _said(_config([_config_map(), _secret(stringData={"password": ANSWER})])) == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"apiVersion": None}, "apiVersion"),
        ({"apiVersion": "apps/../v1"}, "apiVersion"),
        ({"apiVersion": "v1?x"}, "apiVersion"),
        ({"kind": ""}, "kind"),
        ({"kind": 7}, "kind"),
        ({"metadata": {}}, "metadata.name"),
        ({"metadata": {"generateName": "a-"}}, "metadata.name"),
        ({"metadata": {"name": "a/b"}}, "metadata.name"),
        ({"metadata": {"name": ".."}}, "metadata.name"),
        ({"metadata": {"name": "a", "labels": ["b"]}}, "metadata.labels"),
        ({"metadata": {"name": "a", "labels": {"b": 1}}}, "metadata.labels"),
        ({"metadata": {"name": "a", "annotations": {"b": None}}}, "metadata.annotations"),
    ],
)
def test_an_object_needs_a_version_a_kind_and_a_name(changes, field):
    assert ("InvalidManifest", f"resources.manifests[0].{field}") in _reasons(_config([_config_map() | changes]))


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [
        ("v1", "Namespace"),
        ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
        ("rbac.authorization.k8s.io/v1beta1", "ClusterRole"),
        ("tronador.stakater.com/v1alpha1", "EnvironmentProvisioner"),
    ],
)
def test_a_known_cluster_scoped_kind_is_refused_without_a_cluster(api_version, kind):
    obj = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}}
    assert _reasons(_config([obj])) == [("ClusterScopedKind", "resources.manifests[0]")]


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [
        ("helm.fluxcd.io/v1", "HelmRelease"),
        ("helm.toolkit.fluxcd.io/v2", "HelmRelease"),
        ("source.toolkit.fluxcd.io/v1", "GitRepository"),
    ],
)
def test_a_second_release_is_refused(api_version, kind):
    obj = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}}
    assert _reasons(_config([obj])) == [("KindNotSupported", "resources.manifests[0]")]


def test_a_duplicate_object_is_reported_in_every_place():
    config = _config(
        [_config_map(), _config_map()],
        secrets=[_secret("a"), {**_secret("a"), "kind": "ExternalSecret", "apiVersion": "external-secrets.io/v1"}],
        copySecrets=[{"name": "a"}],
    )
    assert _said(config) == [
        "resources.manifests[1]: ConfigMap 'proxy' is already defined at resources.manifests[0]; remove one of the two",
        "spec.copySecrets[0]: Secret 'a' is already defined at spec.secrets[0]; remove one of the two",
    ]


# Secrets


def test_plain_text_under_data_is_reported_with_its_key_and_the_remedy():
    config = _config(secrets=[_secret(data={"token": ANSWER, "note": ANSWER})])
    assert _said(config) == [
        "spec.secrets[0].data[token]: the value is not base64; put plain text under stringData instead of data",
        "spec.secrets[0].data[note]: the value is not base64; put plain text under stringData instead of data",
    ]


@pytest.mark.parametrize("key", ["username", "password", "PASSWORD", "db-password", "bearerToken", ".dockerconfigjson"])
def test_plain_text_that_is_also_base64_is_found_in_typed_keys(key):
    # As in the samples of the original: `password: password`.
    assert _reasons(_config([_secret(data={key: "password"})])) == [
        ("InvalidSecretData", f"resources.manifests[0].data[{key}]")
    ]


@pytest.mark.parametrize(
    "data",
    [
        {"password": base64.b64encode(b"hunter2").decode()},
        {"password": base64.encodebytes(b"hunter2" * 20).decode()},
        {"password": ""},
        {"password": None},
        {"tls.key": base64.b64encode(b"\xff\x00\xfe").decode()},
    ],
)
def test_base64_under_data_is_accepted(data):
    assert _said(_config([_secret(data=data)])) == []


@pytest.mark.parametrize(
    "content",
    [{"data": {"pin": 1234}}, {"stringData": {"pin": 1234}}, {"stringData": {"on": True}}, {"data": {"pin": ["a"]}}],
)
def test_a_value_that_is_not_a_string_must_be_quoted(content):
    assert ["put it into quotes" in said for said in _said(_config([_secret(**content)]))] == [True]


def test_content_that_is_not_a_map_and_invalid_keys_are_reported():
    assert _reasons(_config([_secret(data="text")])) == [("InvalidSecretData", "resources.manifests[0].data")]
    assert _reasons(_config([_secret(stringData={"a b": "c"})])) == [
        ("InvalidSecretData", "resources.manifests[0].stringData[a b]")
    ]


def test_no_message_about_a_secret_contains_its_content():
    contents = [{"password": ANSWER}, {"a": ANSWER}, {"a": [ANSWER]}, ANSWER, {"a": {"b": ANSWER}}]
    for content in contents:
        config = parse(_config(secrets=[_secret(data=content, stringData=content)], manifests=[]))
        words = [*(repr(problem) for problem in problems(config)), repr(config)]
        assert words
        assert not any(ANSWER in word for word in words)


# Repositories and names


@pytest.mark.parametrize(
    "repository",
    ["inventory", "stakater.github.io", "github.com/org/repo", "git.example.com:8443/a/b/c", "gitserver/org/repo"],
)
def test_a_repository_is_named_bare_or_with_its_host(repository):
    assert _said(_config(mappings=[{"repos": [repository]}])) == []


@pytest.mark.parametrize(
    "repository", ["https://github.com/org/repo", "org/repo", "inventory.git", "", "a b", "git@github.com:org/repo"]
)
def test_any_other_text_for_a_repository_is_explained(repository):
    [(reason, field)] = _reasons(_config(mappings=[{"repos": [repository]}]))
    assert (reason, field) == ("InvalidRepository", "spec.mappings[0].repos[0]")
    assert _reasons(_config(copySecrets=[{"name": "a", "repos": [repository]}])) == [
        (reason, "spec.copySecrets[0].repos[0]")
    ]


def test_a_password_in_the_name_of_a_repository_is_not_repeated():
    [said] = _said(_config(mappings=[{"repos": ["https://me:hunter2@github.com/org/repo"]}]))
    assert "hunter2" not in said


def test_a_repository_in_two_mappings_is_reported():
    mappings = [{"repos": ["a"]}, {"repos": ["b", "a"]}]
    assert _reasons(_config(mappings=mappings)) == [("Duplicate", "spec.mappings[1].repos")]


@pytest.mark.parametrize(
    "spec",
    [
        {"mappings": [{"repos": ["a"], "authSecret": "A_B"}]},
        {"mappings": [{"repos": ["a"], "imagePullSecret": "a/b"}]},
        {"orgLevelSecrets": {"authSecret": "-"}},
        {"copySecrets": [{"name": "a/b"}]},
        {"copySecrets": [{}]},
    ],
)
def test_an_invalid_name_of_a_secret_is_reported(spec):
    assert [reason for reason, _ in _reasons(_config(**spec))] == ["InvalidName"]


# As users wrote them


@pytest.mark.parametrize("file", documents("tronadorconfig-"), ids=lambda file: file.name)
def test_plain_text_in_configs_that_users_wrote_is_reported(file):
    config = parse(yaml.safe_load(file.read_text()))
    plain = [problem for problem in problems(config) if "stringData" in problem.message]
    assert plain
    assert plain == list(problems(config))
    assert {shown(problem.path).rpartition("[")[2] for problem in plain} == {"password]", "username]"}
