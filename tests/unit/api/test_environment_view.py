"""Reading an EnvironmentProvisioner: absent and null are the same, and names have defaults."""

import pytest

from controller.api.environment import FINALIZER, Environment


def _environment(spec=None, *, name="shop-74", **rest):
    return Environment({"metadata": {"name": name, **rest.pop("metadata", {})}, "spec": spec, **rest})


@pytest.mark.parametrize(
    "spec",
    [
        None,
        {},
        {"namespaceLabels": None, "application": None, "suspend": None},
        {"application": {"release": None}},
    ],
)
def test_absent_and_null_read_as_empty(spec):
    view = _environment(spec)

    assert view.namespace_labels == {}
    assert view.release == {}
    assert view.suspended is False


@pytest.mark.parametrize("status", [None, {}, {"release": None, "conditions": None}])
def test_an_absent_status_reads_as_empty(status):
    view = _environment(status=status)

    assert view.recorded_release == ""
    assert view.conditions == ()


def test_the_namespace_has_the_name_of_the_environment():
    assert _environment(name="shop-74").namespace_name == "shop-74"


@pytest.mark.parametrize("given", [None, ""])
def test_the_release_has_the_name_of_the_environment_by_default(given):
    assert _environment({"application": {"release": {"releaseName": given}}}).release_name == "shop-74"


def test_a_given_release_name_is_used():
    assert _environment({"application": {"release": {"releaseName": "x"}}}).release_name == "x"


def test_a_long_release_name_is_cut_to_42_characters_and_10_digits_of_its_hash():
    release_name = _environment(name="e" * 60).release_name

    assert release_name == "e" * 42 + "-" + "a1b79bc380"
    assert len(release_name) == 53


def test_a_name_of_53_characters_is_not_cut():
    assert _environment(name="e" * 53).release_name == "e" * 53


def test_only_true_suspends():
    assert _environment({"suspend": True}).suspended is True
    assert _environment({"suspend": False}).suspended is False


def test_the_finalizer_and_the_deletion_are_seen():
    view = _environment(metadata={"finalizers": ["other", FINALIZER], "deletionTimestamp": "2026-01-01T00:00:00Z"})

    assert view.has_finalizer
    assert view.is_deleting
    assert not _environment(metadata={"finalizers": ["other"]}).has_finalizer


def test_the_release_recorded_in_the_status_is_returned():
    assert _environment(status={"release": {"name": "before"}}).recorded_release == "before"
