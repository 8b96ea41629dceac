"""The name of an environment, forks, and how a refusal reads: the field, the value, the remedy."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.api.environment import Environment
from controller.apimachinery.findings import shown
from controller.apimachinery.options import options_of
from controller.app.options import Options
from controller.environment.options import EnvironmentOptions
from controller.environment.phases import validate
from controller.policy import RULES, PolicyOptions, violations
from hack.paths import ROOT
from tests.unit.environment.support import builders
from tests.unit.environment.support.builders import environment, observation
from tests.unit.policy.builders import CHART, RELEASE, fields, reasons, refused


def test_the_environment_of_the_guide_breaks_no_rule():
    assert fields() == []


@pytest.mark.parametrize("name", ["default", "kube-system", "openshift", "openshift-monitoring"])
def test_a_protected_name_is_refused_with_the_option_that_protects_it(name):
    stop = validate.decide(observation(environment=environment(name=name)), EnvironmentOptions())

    assert stop.reason == "NamespaceProtected"
    assert f"metadata.name: '{name}'" in stop.message
    assert "--protected-namespaces" in stop.message


@pytest.mark.parametrize("name", ["a.b", "n" * 64, "Shop"])
def test_a_name_that_no_namespace_can_have_is_refused(name):
    assert ("InvalidSpec", "metadata.name") in reasons(name=name)


FORK = {"tronador.stakater.com/fork": "true"}


@pytest.mark.parametrize("mark", ["true", "True", "1", "yes", "?"])
def test_a_fork_on_the_helm_operator_needs_a_flag(mark):
    [violation] = refused(annotations={"tronador.stakater.com/fork": mark})

    assert violation.reason == "ForkNotAllowed"
    assert shown(violation.path) == "metadata.annotations[tronador.stakater.com/fork]"
    assert "--allow-forks-on-helm-operator" in violation.remedy
    assert refused(PolicyOptions(allow_forks_on_helm_operator=True), annotations=FORK) == ()


@pytest.mark.parametrize("mark", ["false", ""])
def test_an_environment_marked_as_not_a_fork_is_accepted(mark):
    assert refused(annotations={"tronador.stakater.com/fork": mark}) == ()


@pytest.mark.parametrize("engine", ["flux", ""])
def test_a_fork_on_flux_is_confined_and_so_accepted(engine):
    assert refused(None, engine, annotations=FORK) == ()


def test_all_violations_are_reported_at_once():
    found = reasons(
        chart={"git": "file:///etc", "path": ""},
        release={"releaseName": "R", "targetNamespace": "x"},
        labels={"-": "x", "openshift.io/run-level": "1"},
    )

    assert found == [
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
    [violation] = refused(release={"kubeConfig": "x" * 10_000})

    assert len(violation.message) < 300


def test_a_message_stays_readable_whatever_an_author_writes():
    labels = {f"{'k' * 5000}-{number}\n": "v" * 5000 for number in range(500)}

    stop = validate.decide(observation(environment=environment(labels=labels)), EnvironmentOptions())

    # The limit in the schema of a condition.
    assert len(stop.message) < 32768
    assert stop.message.endswith("; and 990 more")
    assert stop.message.isprintable()


URL = "https://alice:hunter2@example.com"


@pytest.mark.parametrize("changes", [{"labels": {URL: "x"}}, {"release": {URL: "x"}}, {"chart": {URL: "x"}}])
def test_a_password_in_the_name_of_a_field_is_not_repeated(changes):
    [violation] = refused(**changes)

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
