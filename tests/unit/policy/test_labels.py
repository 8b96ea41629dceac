"""Which labels an environment may set on its namespace."""

import pytest

from controller.apimachinery.findings import shown
from controller.policy import PolicyOptions, pins
from tests.unit.policy.builders import reasons, refused


@pytest.mark.parametrize(
    ("labels", "at"),
    [({"-a": "x"}, "-a"), ({"a": "b c"}, "a"), ({"a": "v" * 64}, "a"), ({"a": 7}, "a"), ({"": "x"}, "")],
)
def test_an_invalid_label_is_refused(labels, at):
    assert reasons(labels=labels) == [("InvalidSpec", f"spec.namespaceLabels[{at}]")]


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

    assert reasons(options, labels={label: "x"}) == [("LabelReserved", f"spec.namespaceLabels[{label}]")]


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
    [violation] = refused(labels={label: "privileged"})

    assert (violation.reason, shown(violation.path)) == ("LabelNotAllowed", f"spec.namespaceLabels[{label}]")
    assert "--denied-namespace-labels" in violation.remedy


@pytest.mark.parametrize("label", ["openshift.io.example.com/x", "myopenshift.io/x", "kubernetes.io/x", "run-level"])
def test_a_label_that_only_looks_alike_is_accepted(label):
    assert reasons(labels={label: "x"}) == []


@pytest.mark.parametrize(
    "label", ["Openshift.io/run-level", "OPENSHIFT.IO/run-level", "pod-security.Kubernetes.io/enforce"]
)
def test_no_other_spelling_of_a_denied_key_gets_through(label):
    assert reasons(labels={label: "x"}) == [("InvalidSpec", f"spec.namespaceLabels[{label}]")]


def test_the_platform_team_decides_which_labels_it_keeps():
    options = PolicyOptions(denied_namespace_labels=("team", "cost/*"))

    assert reasons(options, labels={"team": "x", "cost/center": "1", "openshift.io/run-level": "1"}) == [
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
    assert reasons(PINNED, labels={"stakater.com/tenant": tenant, "kind": "pr", "team": "any"}) == []


@pytest.mark.parametrize("tenant", ["another", "Veeru", "veeru2", "xlab-7", ""])
def test_a_foreign_tenant_is_refused_and_the_option_named(tenant):
    [violation] = refused(PINNED, labels={"stakater.com/tenant": tenant})

    assert (violation.reason, violation.message) == ("LabelValueNotAllowed", repr(tenant))
    assert shown(violation.path) == "spec.namespaceLabels[stakater.com/tenant]"
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
    [violation] = refused(PINNED, labels={"stakater.com/tenant": "veeru"}, chart={"git": url})

    assert violation.reason == "LabelValueNotAllowed"


def test_a_label_can_be_pinned_for_every_repository():
    assert reasons(PINNED, labels={"kind": "prod"}) == [("LabelValueNotAllowed", "spec.namespaceLabels[kind]")]
