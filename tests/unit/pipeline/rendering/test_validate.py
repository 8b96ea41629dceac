"""Validating files without a cluster."""

import pytest

from controller.pipeline.rendering import validate
from controller.policy import PolicyOptions, pins
from tests.unit.pipeline.rendering.builders import MINIMAL

ENVIRONMENT = """\
apiVersion: tronador.stakater.com/v1alpha1
kind: EnvironmentProvisioner
metadata:
  name: shop-7
spec:
  application:
    release:
      chart:
        git: https://example.com/a/b
        path: deploy
"""
CONFIG = """\
apiVersion: tronador.stakater.com/v1alpha1
kind: TronadorConfig
metadata:
  name: tronador-config
"""


def _lines(text, *, engine="", **options):
    content = text if isinstance(text, bytes) else text.encode()
    return [str(problem) for problem in validate(content, "f", PolicyOptions(**options), engine=engine)]


@pytest.mark.parametrize("text", [MINIMAL, ENVIRONMENT, CONFIG, f"{MINIMAL}---\n{ENVIRONMENT}---\n{CONFIG}---\n"])
def test_valid_files_have_no_problems(text):
    assert _lines(text) == []


def test_every_document_of_a_file_is_checked():
    wrong = ENVIRONMENT.replace("deploy", "5")
    assert [line.split(":")[1] for line in _lines(f"{wrong}---\n{wrong}---\n[\n")] == ["10", "21", "24"]


def test_a_second_config_file_is_rejected_as_by_render():
    (line,) = _lines(f"{MINIMAL}---\n{MINIMAL}")
    assert (
        line
        == "f:8:1: a second document starts here, but a config file has only one; remove it, or move it to another file"
    )


def test_an_empty_file_is_rejected():
    assert _lines("") == ["f: the file is empty; fill it in, or pass another file"]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (
            "kind: EnvironmentProvisioner",
            "kind: EnvironmentProvider",
            "f:2:7: kind: unknown kind 'EnvironmentProvider'; did you mean EnvironmentProvisioner? The kinds are "
            "EnvironmentProvisioner and TronadorConfig; a config file has no kind",
        ),
        (
            "kind: EnvironmentProvisioner",
            "kind: Pod",
            "f:2:7: kind: unknown kind 'Pod'; remove it, or use EnvironmentProvisioner or TronadorConfig; a "
            "config file has no kind",
        ),
        (
            "tronador.stakater.com/v1alpha1",
            "tronador.stakater.com/v1",
            "f:1:13: apiVersion: 'tronador.stakater.com/v1' is not supported; use tronador.stakater.com/v1alpha1",
        ),
        (
            "path: deploy",
            "path: ../x",
            "f:10:15: spec.application.release.chart.path: '../x' is not valid here (folder of the chart, relative "
            "to "
            """the repository's root and without '..'; "." is the root itself)""",
        ),
        (
            "path: deploy\n",
            "path: deploy\n      targetNamespace: kube-system\n",
            "f:11:24: spec.application.release.targetNamespace: 'kube-system' is refused (FieldNotAllowed); a release "
            "is always installed in its environment's own namespace; remove it",
        ),
        (
            "name: shop-7",
            "name: kube-system",
            "f:4:9: metadata.name: 'kube-system' is refused (NamespaceProtected); this name matches the "
            "protected pattern 'kube-*' in --protected-namespaces; rename the environment",
        ),
        (
            "spec:\n",
            "spec:\n  namespaceLabels:\n    pod-security.kubernetes.io/enforce: privileged\n",
            "f:7:41: spec.namespaceLabels[pod-security.kubernetes.io/enforce]: 'privileged' is refused "
            "(LabelNotAllowed); this label is reserved for the platform team; remove it, or have it allowed by "
            "--denied-namespace-labels or --namespace-labels",
        ),
        (
            "path: deploy",
            "path: {{APPLICATION_IMAGE_TAG}}",
            "f:10:15: spec.application.release.chart.path: {{APPLICATION_IMAGE_TAG}} is only filled in in config "
            "files; write the value itself",
        ),
    ],
)
def test_an_invalid_environment_is_reported_with_place_and_remedy(old, new, line):
    assert _lines(ENVIRONMENT.replace(old, new)) == [line]


def test_quoted_templates_of_other_programs_are_accepted():
    text = ENVIRONMENT + "      values: {a: '{{ user }}', b: {{ user }}}\n"
    assert _lines(text) == [
        "f:11:36: spec.application.release.values.b: {{ user }} must be quoted: YAML does not read it as a string"
    ]


def test_the_options_set_the_policy():
    text = ENVIRONMENT + "        secretRef: {name: a, namespace: b}\n"
    assert len(_lines(text)) == 1
    assert _lines(text, allowed_reference_namespaces=("b",)) == []
    assert len(_lines(ENVIRONMENT, allowed_git_repositories=("example.org/*",))) == 1


def test_a_rule_of_one_engine_is_reported_only_for_that_engine():
    text = ENVIRONMENT.replace("name: shop-7", "name: shop-7\n  annotations: {tronador.stakater.com/fork: 'true'}")
    assert _lines(text) == _lines(text, engine="flux") == []
    (line,) = _lines(text, engine="helm-operator")
    assert line.startswith(
        "f:5:45: metadata.annotations[tronador.stakater.com/fork]: 'true' is refused (ForkNotAllowed)"
    )


def test_policy_violations_name_the_fields_of_the_config_file():
    text = MINIMAL + "  values_from:\n    - externalSourceRef: {url: 'https://x/y'}\n"
    assert _lines(text) == [
        "f:8:32: application.values_from[0].externalSourceRef.url: 'https://x/y' is refused "
        "(ExternalValuesNotAllowed); put "
        "the values into application.value_overrides, or have it allowed by --allow-external-values"
    ]
    assert _lines(text, allow_external_values=True) == []


def test_rules_about_the_repository_do_not_apply_to_a_config_file():
    text = MINIMAL + "  namespaceLabels: {stakater.com/tenant: a}\n"
    assert (
        _lines(text, allowed_git_repositories=(), pinned_namespace_labels=pins.parse("a.io/b:stakater.com/tenant=b"))
        == []
    )


def test_a_tronadorconfig_is_checked_as_by_the_controller():
    text = CONFIG + ("spec:\n  mapping: []\n")
    assert _lines(text) == ["f:6:3: spec.mapping: unknown key; did you mean mappings?"]
    text = CONFIG + "resources:\n  manifests:\n    - {apiVersion: v1, kind: Namespace, metadata: {name: a}}\n"
    (line,) = _lines(text)
    assert line.startswith("f:7:7: resources.manifests[0]: a Namespace is cluster-scoped")


def test_messages_do_not_repeat_secrets():
    secret = CONFIG + (
        "resources:\n  manifests:\n    - {apiVersion: v1, kind: Secret, metadata: {name: a}, data: {password: "
        "hunter2}}\n"
    )
    assert len(_lines(secret)) == 1
    assert "hunter2" not in str(_lines(secret))
    url = ENVIRONMENT.replace("https://", "https://me:hunter2@")
    assert "https://***@example.com/a/b" in str(_lines(url))
    assert "hunter2" not in str(_lines(url))
