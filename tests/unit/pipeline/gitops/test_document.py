"""Reading the files that are published and waited for."""

import pytest
import yaml

from controller.apimachinery.findings import shown
from controller.pipeline.errors import InvalidFiles
from controller.pipeline.gitops import Origin, origin_of, read_environment
from controller.pipeline.gitops.document import peek
from tests.unit.pipeline.gitops.origin_repository import environment


def test_a_file_gives_the_name_and_origin_of_its_environment():
    found = read_environment(environment(), "environment.yaml")
    assert found.name == "shop-74"
    assert origin_of(found.obj) == Origin("github.com/acme/shop", "74")


def test_the_origin_includes_the_repository_id_of_the_file():
    found = read_environment(environment(repository_id="1"), "environment.yaml")
    assert origin_of(found.obj) == Origin("github.com/acme/shop", "74", "1")


def test_all_urls_of_a_repository_give_the_same_origin():
    for url in ("https://github.com/acme/shop.git", "git@github.com:acme/shop", "ssh://git@GITHUB.com/acme/shop"):
        found = read_environment(environment(repository=url), "environment.yaml")
        assert origin_of(found.obj).repository == "github.com/acme/shop"


def test_dates_stay_strings():
    found = read_environment(environment(tag="x").replace(b"tag: x", b"tag: 2026-03-01"), "environment.yaml")
    assert found.release["values"] == {"image": {"tag": "2026-03-01"}}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "environment.yaml: the file is empty; fill it in, or pass another file"),
        (b"a: [", "environment.yaml:1:5: "),
        (b"\xff\x00", "environment.yaml:1:1: "),
        (b"[" * 10_000, "nested more than"),
        (b"a: &a [x]\nb: *a", "alias"),
        (b"!!python/object:os.system {}", "tag"),
        (b"apiVersion: v1\nkind: ConfigMap", "the document is not an EnvironmentProvisioner"),
        (b"- text", "the document is not an EnvironmentProvisioner"),
        (environment() + b"---\n" + environment(), "a second document starts here"),
        (environment().replace(b"metadata:", b"other:"), "the document has no metadata"),
        (environment().replace(b"spec:", b"specs:"), "spec"),
        (environment(name="../../x"), "metadata.name"),
        (environment(name="$(id)"), "metadata.name"),
        (environment().replace(b"path: deploy", b"path: ../.."), "spec.application.release.chart.path"),
        (b"#" * (1024 * 1024), "at most"),
    ],
    ids=lambda value: ascii(value[:14]),
)
def test_an_invalid_file_is_rejected_with_its_name(content, words):
    with pytest.raises(InvalidFiles) as refused:
        read_environment(content, "environment.yaml")
    assert str(refused.value).startswith("environment.yaml:")
    assert words in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"a: [", b"\xff", b"- x", b"apiVersion: v1", b"{{ x }}"])
def test_a_file_that_is_not_an_environment_is_ignored(content):
    assert peek(content) is None


def test_an_environment_of_an_older_schema_can_still_be_read():
    found = peek(environment().replace(b"path: deploy", b"unknown: ../.."))
    assert found is not None
    assert origin_of(found.obj).pull_request == "74"


def test_templates_of_the_chart_stay_unchanged():
    found = read_environment(environment(tag="{{ .Chart.AppVersion }}"), "environment.yaml")
    assert found.release["values"] == {"image": {"tag": "{{ .Chart.AppVersion }}"}}


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("targetNamespace: other", "targetNamespace"),
        ("valueFileSecrets: [{name: x}]", "valueFileSecrets"),
        ("valuesFrom: [{chartFileRef: {path: ../x}}]", "valuesFrom[0].chartFileRef.path"),
        ("chart: {git: https://github.com/acme/shop, path: deploy, ref: b, name: x}", "chart.name"),
        ("chart: {git: https://github.com/acme/../shop, path: deploy, ref: b}", "chart.git"),
    ],
)
def test_an_environment_that_every_controller_rejects_is_not_published(line, field):
    obj = yaml.safe_load(environment())
    obj["spec"]["application"]["release"] |= yaml.safe_load(line)
    content = yaml.safe_dump(obj).encode()
    # It is accepted if the file is only compared.
    assert read_environment(content, "f").name == "shop-74"
    with pytest.raises(InvalidFiles) as refused:
        read_environment(content, "f", to_publish=True)
    (problem,) = refused.value.problems
    assert shown(problem.finding.path) == f"spec.application.release.{field}"
    assert problem.line > 0


def test_an_environment_that_some_controllers_accept_is_published():
    obj = yaml.safe_load(environment(name="kube-74"))
    obj["metadata"]["annotations"]["tronador.stakater.com/fork"] = "true"
    obj["spec"]["namespaceLabels"] = {"pod-security.kubernetes.io/enforce": "privileged"}
    obj["spec"]["application"]["release"]["valuesFrom"] = [
        {"externalSourceRef": {"url": "https://example.com/values.yaml"}},
        {"secretKeyRef": {"name": "x", "key": "y", "namespace": "other"}},
    ]
    assert read_environment(yaml.safe_dump(obj).encode(), "f", to_publish=True).name == "kube-74"


def test_an_abbreviation_keeps_its_capitals_in_a_message():
    obj = yaml.safe_load(environment())
    obj["spec"]["application"]["release"]["chart"]["git"] = "nowhere"
    with pytest.raises(InvalidFiles) as refused:
        read_environment(yaml.safe_dump(obj).encode(), "f")
    assert "(URL of the git repository" in str(refused.value)
