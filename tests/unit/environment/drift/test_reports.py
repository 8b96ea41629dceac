"""Which fields differ from what a write asked for, whose they are, and what people read about it."""

from __future__ import annotations

import pytest

from controller.api.environment import ENVIRONMENTS, FIELD_MANAGER, FINALIZER
from controller.api.helm_operator import HELM_RELEASES
from controller.apimachinery.nesting import Unreadable
from controller.apimachinery.resources import CONFIG_MAPS, NAMESPACES, SECRETS
from controller.environment.drift import field_managers, reports
from controller.environment.drift.comparison import ABSENT, Difference, differences
from controller.environment.effects import AddFinalizer, Apply, Create, Delete, Patch, Target

NAMESPACE = Target(NAMESPACES, "pr-74")
RELEASE = Target(HELM_RELEASES, "run-pipeline", "pr-74")
LABEL = ("metadata", "labels", "team")


def _merge(**metadata):
    return Patch(NAMESPACE, {"metadata": {"resourceVersion": "1", **metadata}})


def _json(*operations):
    return Patch(RELEASE, [{"op": "test", "path": "/metadata/uid", "value": "x"}, *operations])


def _labelled(**labels):
    return {"metadata": {"labels": labels, "resourceVersion": "2"}}


def _spec(**spec):
    return {"metadata": {"labels": {}}, "spec": spec}


@pytest.mark.parametrize(
    ("effect", "live", "want"),
    [
        (_merge(labels={"team": "a"}), _labelled(team="a", other="x"), []),
        (_merge(labels={"team": "a"}), _labelled(team="b"), [(LABEL, "a", "b")]),
        (_merge(labels={"team": "a"}), {"metadata": {}}, [(LABEL, "a", ABSENT)]),
        (_merge(labels={"team": None}), _labelled(other="x"), []),
        (_merge(labels={"team": None}), _labelled(team="b"), [(LABEL, ABSENT, "b")]),
        (_merge(finalizers=None), {"metadata": {}}, []),
        (_json({"op": "add", "path": "/spec/a", "value": 1}), _spec(a=1), []),
        (_json({"op": "add", "path": "/spec/a", "value": 1}), _spec(), [(("spec", "a"), 1, ABSENT)]),
        (_json({"op": "replace", "path": "/spec/a", "value": True}), _spec(a=1), [(("spec", "a"), True, 1)]),
        (_json({"op": "remove", "path": "/spec/a"}), _spec(a=1), [(("spec", "a"), ABSENT, 1)]),
        (_json({"op": "remove", "path": "/spec/a/b"}), _spec(), []),
        (
            _json({"op": "add", "path": "/spec/a", "value": {"b": {"c": 1}, "d": 2}}),
            _spec(a={"b": {}, "d": 2, "e": 3}),
            [(("spec", "a", "b", "c"), 1, ABSENT), (("spec", "a", "e"), ABSENT, 3)],
        ),
        (
            _json({"op": "add", "path": "/spec/x~1y", "value": [1]}),
            _spec(**{"x/y": [2]}),
            [(("spec", "x/y"), [1], [2])],
        ),
        (_json({"op": "add", "path": "/metadata/labels", "value": {"team": "a"}}), _labelled(team="a", b="c"), []),
        (Create(NAMESPACE, _labelled(team="a")), _labelled(team="a", **{"kubernetes.io/metadata.name": "x"}), []),
        (Create(NAMESPACE, _labelled(team="a")), _labelled(), [(LABEL, "a", ABSENT)]),
        (Apply(NAMESPACE, {"spec": {"cpu": "1000m", "on": False}}), {"spec": {"cpu": "1"}}, []),
        (Apply(NAMESPACE, {"spec": {"items": [{"a": 1}]}}), {"spec": {"items": [{"b": 1}, {"a": 1, "c": 2}]}}, []),
        (AddFinalizer(NAMESPACE, (FINALIZER,), "1"), {"metadata": {"finalizers": ["x", FINALIZER]}}, []),
        (
            AddFinalizer(NAMESPACE, (FINALIZER,), "1"),
            {"metadata": {}},
            [(("metadata", "finalizers"), FINALIZER, ABSENT)],
        ),
        (Delete(NAMESPACE, "x", "1"), _labelled(), []),
    ],
)
def test_a_write_is_compared_with_its_answer(effect, live, want):
    assert list(differences(effect, live)) == [Difference(*each) for each in want]


def _managed(*entries):
    return {"metadata": {"managedFields": [{"time": "2026-01-01T00:00:00Z", **entry} for entry in entries]}}


KUBECTL = {"manager": "kubectl-label", "fieldsV1": {"f:metadata": {"f:labels": {"f:team": {}}}}}
OURS = {"manager": FIELD_MANAGER, "fieldsV1": {"f:metadata": {"f:labels": {"f:kind": {}}}}}
ATOMIC = {"manager": "flux", "fieldsV1": {"f:spec": {"f:values": {}}}}


@pytest.mark.parametrize(
    ("path", "want"),
    [
        (LABEL, ("kubectl-label",)),
        (("metadata", "labels", "kind"), (FIELD_MANAGER,)),
        (("metadata", "labels"), ("kubectl-label", FIELD_MANAGER)),
        (("metadata", "labels", "none"), ()),
        (("spec", "values", "image", "tag"), ("flux",)),
        (("status",), ()),
    ],
)
def test_managed_fields_name_the_owner_of_a_field(path, want):
    assert field_managers.owners(_managed(KUBECTL, OURS, ATOMIC), path) == want


@pytest.mark.parametrize("found", [None, "text", [1], [{}], [{"manager": "x", "fieldsV1": "text"}]])
def test_managed_fields_in_any_form_are_read(found):
    assert field_managers.owners({"metadata": {"managedFields": found}}, LABEL) == ()


def test_the_last_writer_other_than_the_controller_is_found():
    live = _managed({**KUBECTL, "time": "2026-01-01T00:00:01Z"}, {**OURS, "time": "2026-01-01T00:00:02Z"}, ATOMIC)
    assert field_managers.last(live, besides=FIELD_MANAGER) == "kubectl-label"
    assert field_managers.last({}, besides="") == ""


TAKEN = [Difference(LABEL, "gabbar", "veeru")]


@pytest.mark.parametrize(
    ("live", "words"),
    [
        (_managed(KUBECTL), "set by field manager 'kubectl-label'"),
        (_managed({**KUBECTL, "manager": FIELD_MANAGER}), "look for a second installation"),
        (_managed(ATOMIC), "the last to write the object was field manager 'flux'"),
        ({}, "does not record who does it"),
    ],
)
def test_a_reverted_field_is_reported_with_both_values_and_the_writer(live, words):
    contest = reports.reverted(NAMESPACE, TAKEN, live)
    assert contest.reason == "FieldReverted"
    assert 'Namespace pr-74: metadata.labels.team should be "gabbar" and is "veeru"' in contest.message
    assert words in contest.message
    assert contest.fields == (LABEL,)


def test_a_dropped_field_is_distinguished_from_an_overwritten_one():
    path = ("spec", "upgrade", "remediation", "retries")
    dropped = reports.lost(RELEASE, [Difference(path, -1, ABSENT)])
    assert dropped.reason == "FieldDropped"
    assert "spec.upgrade.remediation.retries should be -1 and is absent" in dropped.message
    assert "the CRD does not know the field" in dropped.message
    overwritten = reports.lost(RELEASE, [Difference(path, -1, 3)])
    assert overwritten.reason == "FieldOverwritten"
    assert "admission webhook" in overwritten.message


@pytest.mark.parametrize(
    ("resource", "path"),
    [
        (SECRETS, ("data", "x")),
        (SECRETS, ("metadata", "annotations", "x")),
        (HELM_RELEASES, ("spec", "values", "db", "password")),
        (HELM_RELEASES, ("spec", "values", "apiKey")),
        (CONFIG_MAPS, ("data", "TOKEN")),
    ],
)
def test_values_that_may_be_confidential_are_never_shown(resource, path):
    target = Target(resource, "x", "pr-74")
    found = [Difference(path, "hush", "hush-hush")]
    for contest in (reports.lost(target, found), reports.reverted(target, found, {})):
        assert "hush" not in contest.message
        assert path[-1] in contest.message


def test_long_values_and_many_fields_are_shortened():
    found = [Difference(("spec", str(number)), "x" * 5000, {"a": ["b"]}) for number in range(50)]
    message = reports.lost(RELEASE, found).message
    assert len(message) < 1000
    assert "and more" in message
    assert "is an object" in message


def test_unreadable_values_and_long_paths_are_shown_briefly():
    deep = Unreadable("nested 1400 levels deep", 1400)
    found = [
        Difference(("spec", "values", *["k" * 2_000] * 90), 1, deep),
        Difference(("spec", "values", "x"), 1, deep),
    ]
    for contest in (reports.lost(RELEASE, found), reports.reverted(RELEASE, found, {})):
        assert "spec.values.x should be 1 and is nested 1400 levels deep" in contest.message
        assert len(contest.message) < 1000


def test_names_with_dots_stay_readable():
    found = [Difference(("metadata", "labels", "stakater.com/tenant"), "a", "b")]
    assert 'metadata.labels[stakater.com/tenant] should be "a"' in reports.reverted(NAMESPACE, found, {}).message


def test_objects_that_disappear_or_reappear_are_reported():
    assert reports.deleted(RELEASE).reason == "ObjectDeleted"
    contest = reports.recreated(RELEASE, _managed(ATOMIC))
    assert contest.reason == "ObjectRecreated"
    assert "field manager 'flux' creates it" in contest.message


def test_a_finalizer_is_a_field_of_the_environment():
    target = Target(ENVIRONMENTS, "pr-74")
    found = differences(AddFinalizer(target, (FINALIZER,), "1"), {"metadata": {}})
    assert f'metadata.finalizers should be "{FINALIZER}" and is absent' in reports.reverted(target, found, {}).message
