"""When the spec in the cluster equals the spec of a file."""

import copy
from pathlib import Path

import pytest
import yaml

from controller.apimachinery.nesting import Unreadable
from controller.pipeline.waiting.comparison import DEFAULTS, difference
from tests.unit.pipeline.waiting.environments import as_file, environment

CRD = Path(__file__).parents[4] / "manifests/crds/tronador.stakater.com_environmentprovisioners.yaml"
LIVE = environment()
FILE = as_file(LIVE)


def differing(path, value):
    """Return the file with another value at a dotted path in its spec; `...` removes the field."""
    copied = copy.deepcopy(FILE)
    *parents, last = path.split(".")
    where = copied["spec"]
    for name in parents:
        where = where.setdefault(name, {})
    if value is ...:
        del where[last]
    else:
        where[last] = value
    return copied


def test_a_published_file_equals_its_live_object():
    assert not difference(FILE, LIVE)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("suspend", False),
        ("suspend", None),
        ("namespaceLabels", None),
        ("application.release.valuesFrom", None),
        ("application.release.chart.secretRef", None),
        ("application.release.timeout", None),
        ("unknown", "dropped by the server"),
        ("application.unknown", {"a": 1}),
        ("application.release.unknown", []),
        ("application.release.chart.unknown", 1),
    ],
)
def test_fields_that_the_server_adds_or_drops_are_ignored(path, value):
    assert not difference(differing(path, value), LIVE)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("application.release.values.tag", "two"),
        ("application.release.values.tag", ...),
        ("application.release.values.more", "x"),
        # A null removes a default of the chart.
        ("application.release.values.more", None),
        ("application.release.values.deep", {"more": None}),
        ("application.release.values.listed", [{"more": None}]),
        ("application.release.chart.ref", "main"),
        ("application.release.timeout", 300),
        ("namespaceLabels", {"a": "b"}),
        ("suspend", True),
    ],
)
def test_any_other_change_is_a_difference(path, value):
    assert difference(differing(path, value), LIVE)


def test_a_null_in_the_cluster_counts_too():
    live = differing("application.release.values.more", None)
    assert not difference(live, live)
    assert difference(FILE, live)


@pytest.mark.parametrize(
    ("value", "field"),
    [(None, "application.release.values.more"), ([{"a": None}], "application.release.values.more[0].a")],
)
def test_a_null_that_kubectl_dropped_is_reported_with_the_remedy(value, field):
    file = differing("application.release.values.more", value)
    live = differing("application.release.values.more", [{}]) if value else LIVE
    words = difference(file, live)
    assert field in words
    assert "kubectl apply --server-side" in words


def test_the_former_name_of_a_release_does_not_count_as_a_difference():
    def with_name(name, ref="123"):
        chart = {"git": "https://h/r", "path": "deploy", "ref": ref}
        return environment(application={"release": {"chart": chart, "releaseName": name}})

    assert not difference(with_name("r-123-a665a45920"), with_name("123"))
    assert difference(with_name("r-123-a665a45920"), with_name("124"))
    assert difference(with_name("r-123-a665a45920", "124"), with_name("123", "124"))


def test_numbers_are_compared_by_value_and_true_differs_from_one():
    def with_value(value):
        return environment(application={"release": {"values": {"x": value}}})

    assert not difference(with_value(1.0), with_value(1))
    assert difference(with_value(1.5), with_value(1))
    assert difference(with_value(True), with_value(1))
    assert difference(with_value("1"), with_value(1))
    assert difference(with_value([1, 2]), with_value([2, 1]))


def test_a_malformed_spec_is_always_different():
    assert difference({"spec": "text"}, LIVE)
    assert difference({}, LIVE)


def test_all_defaults_of_the_crd_are_known():
    definition = yaml.safe_load(CRD.read_text())
    spec = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    assert dict(_defaults(spec, "")) == DEFAULTS


def _defaults(schema, path):
    for name, field in (schema.get("properties") or {}).items():
        if "default" in field:
            yield f"{path}{name}", field["default"]
        yield from _defaults(field, f"{path}{name}.")
        yield from _defaults(field.get("items") or {}, f"{path}{name}[].")


def test_an_unreadable_part_of_the_live_object_is_a_difference():
    assert difference(FILE, differing("application.release.values.x", Unreadable("a number that is too large")))
