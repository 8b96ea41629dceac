"""Which labels a namespace gets and which it loses."""

import json

import pytest

from controller.api.environment import APPLIED_LABELS_ANNOTATION, Environment
from controller.environment import namespace_labels
from tests.unit.environment.support.builders import NAME, environment, namespace


def _wanted(labels, operator_labels=None, *, adopted=False):
    view = Environment(environment(labels=labels))
    return namespace_labels.wanted(view, operator_labels or {}, adopted=adopted)


OURS = {"app.kubernetes.io/managed-by": "tronador.stakater.com", "tronador.stakater.com/environment": NAME}


def test_a_namespace_gets_the_labels_of_its_environment_and_ours():
    assert _wanted({"kind": "pr"}) == {"kind": "pr", **OURS}


def test_the_operators_labels_override_the_environments():
    assert _wanted({"kind": "pr", "team": "a"}, {"team": "b", "cost": "c"}) == {
        "kind": "pr",
        "team": "b",
        "cost": "c",
        **OURS,
    }


def test_our_own_labels_override_all_others():
    stolen = {"tronador.stakater.com/environment": "other", "app.kubernetes.io/managed-by": "me"}

    assert _wanted(stolen, stolen) == OURS


def test_an_adopted_namespace_keeps_its_managed_by_label():
    assert _wanted({}, adopted=True) == {"tronador.stakater.com/environment": NAME}


def test_the_status_mirrors_only_the_environments_effective_labels():
    view = Environment(environment(labels={"kind": "pr", "team": "a"}))

    assert namespace_labels.mirrored(view, {"team": "b", "cost": "c"}) == {"kind": "pr"}


def test_the_repository_and_the_pull_request_are_labels_so_that_costs_can_be_summed():
    facts = {"tronador.stakater.com/repository": "github.com/Acme/shop", "tronador.stakater.com/pull-request": "74"}

    def of(annotations, operator_labels=None):
        return namespace_labels.wanted(
            Environment(environment(annotations=annotations, labels={})), operator_labels or {}, adopted=False
        )

    found = {"tronador.stakater.com/repository": "github.com_acme_shop", "tronador.stakater.com/pull-request": "74"}
    assert of(facts) == {**found, **OURS}
    assert of(facts, {"tronador.stakater.com/pull-request": "75"}) == {**found, **OURS}
    assert of({"tronador.stakater.com/repository": "github.com/acme/shop"}) == OURS, "of no pull request"
    chart = {"tronador.stakater.com/repository": "github.com_stakater-lab_stakater-nordmart-inventory"}
    assert of({"tronador.stakater.com/pull-request": ""}) == {**chart, **OURS}, (
        "without a repository, that of the chart"
    )


def test_null_labels_count_as_absent():
    obj = environment()
    obj["spec"]["namespaceLabels"] = None

    assert namespace_labels.mirrored(Environment(obj), {}) == {}
    assert namespace_labels.wanted(Environment(obj), {}, adopted=False) == OURS


@pytest.mark.parametrize(
    ("actual", "applied", "wanted", "changes"),
    [
        pytest.param({}, {}, {"a": "1"}, {"a": "1"}, id="a missing label is set"),
        pytest.param({"a": "1"}, {"a": "1"}, {"a": "1"}, {}, id="a right label is left"),
        pytest.param({"a": "x"}, {"a": "1"}, {"a": "1"}, {"a": "1"}, id="a changed label that is wanted is put right"),
        pytest.param({"a": "1"}, {"a": "1"}, {"a": "2"}, {"a": "2"}, id="a new value is set"),
        pytest.param({"a": "1"}, {"a": "1"}, {}, {"a": None}, id="a label that is no longer wanted is taken back"),
        pytest.param({"b": "1"}, {"a": "1"}, {}, {}, id="a label that was never applied is left"),
        pytest.param({"a": "x"}, {"a": "1"}, {}, {}, id="a label that somebody changed after us is left"),
        pytest.param({}, {"a": "1"}, {}, {}, id="a label that somebody removed stays removed"),
        pytest.param({"a": "1"}, {}, {}, {}, id="without memory nothing is taken back"),
        pytest.param({"a": ""}, {"a": ""}, {}, {"a": None}, id="an empty value is a value"),
    ],
)
def test_labels_are_changed_by_the_rules(actual, applied, wanted, changes):
    assert namespace_labels.changes(namespace(labels=actual, applied=applied), wanted) == changes


@pytest.mark.parametrize("memory", ["", "{", "[]", "null", '"a"', "1", '{"a": 1, "b": null, "c": ["x"]}'])
def test_an_invalid_memory_counts_as_absent(memory):
    garbled = namespace(labels={"a": "1"}, annotations={APPLIED_LABELS_ANNOTATION: memory})

    assert namespace_labels.remembered(garbled) == {}
    assert namespace_labels.changes(garbled, {}) == {}


def test_a_namespace_without_annotations_has_no_memory():
    assert namespace_labels.remembered({"metadata": {"annotations": None}}) == {}


def test_the_same_labels_make_the_same_memory():
    assert namespace_labels.memory_of({"b": "2", "a": "1"}) == namespace_labels.memory_of({"a": "1", "b": "2"})
    assert json.loads(namespace_labels.memory_of({"b": "2"})) == {"b": "2"}
