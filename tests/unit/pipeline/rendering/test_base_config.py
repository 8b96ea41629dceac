"""With the base branch's config file, a pull request's author decides about the chart and its values alone."""

from controller.pipeline.rendering import NO_CONFIG, differences, render
from tests.unit.pipeline.rendering.builders import MINIMAL, config, parameters, refusal, rendered

POLICY = """\
  secret_ref: {name: %(who)s}
  values_from:
    - secretKeyRef: {name: %(who)s}
  namespaceLabels: {stakater.com/tenant: %(who)s}
"""
MINE, THEIRS = MINIMAL + POLICY % {"who": "me"}, MINIMAL + POLICY % {"who": "them"}


def test_labels_and_references_come_from_the_base_branch():
    spec = rendered(MINE, base=THEIRS)["spec"]
    assert spec == rendered(THEIRS)["spec"]


def test_chart_and_values_come_from_the_pull_request():
    mine = MINE.replace("deploy", "chart").replace("image:", "snapshot:")
    release = rendered(mine, base=THEIRS)["spec"]["application"]["release"]
    assert release["chart"]["path"] == "chart"
    assert list(release["values"]) == ["snapshot"]


def test_keys_that_the_base_branch_does_not_set_are_left_out():
    assert rendered(MINE, base=MINIMAL)["spec"] == rendered(MINIMAL)["spec"]


def test_a_base_branch_without_a_config_file_sets_no_keys():
    assert render(config(MINE), parameters(), base=NO_CONFIG)["spec"] == rendered(MINIMAL)["spec"]


def test_keys_that_differ_without_effect_are_listed():
    assert differences(config(MINE), config(THEIRS)) == ("secret_ref", "values_from", "namespaceLabels")
    assert differences(config(MINE), config(MINE)) == ()
    assert differences(config(MINIMAL), NO_CONFIG) == ()


def test_a_problem_is_reported_in_the_file_that_it_comes_from():
    label = "  namespaceLabels:\n    app.kubernetes.io/managed-by: me\n"
    (line,) = refusal(MINE, base=MINIMAL + label)
    assert line.startswith("base.yaml:8:35: application.namespaceLabels[app.kubernetes.io/managed-by]: ")
    assert rendered(MINIMAL + label, base=MINIMAL)
