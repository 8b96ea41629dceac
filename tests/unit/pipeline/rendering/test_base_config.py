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


def test_labels_and_references_are_the_base_branchs():
    spec = rendered(MINE, base=THEIRS)["spec"]
    assert spec == rendered(THEIRS)["spec"]


def test_chart_and_values_are_the_pull_requests():
    mine = MINE.replace("deploy", "chart").replace("image:", "snapshot:")
    release = rendered(mine, base=THEIRS)["spec"]["application"]["release"]
    assert release["chart"]["path"] == "chart"
    assert list(release["values"]) == ["snapshot"]


def test_what_the_base_branch_does_not_say_is_not_there():
    assert rendered(MINE, base=MINIMAL)["spec"] == rendered(MINIMAL)["spec"]


def test_a_base_branch_without_a_config_file_says_nothing():
    assert render(config(MINE), parameters(), base=NO_CONFIG)["spec"] == rendered(MINIMAL)["spec"]


def test_what_differs_without_effect_is_known():
    assert differences(config(MINE), config(THEIRS)) == ("secret_ref", "values_from", "namespaceLabels")
    assert differences(config(MINE), config(MINE)) == ()
    assert differences(config(MINIMAL), NO_CONFIG) == ()


def test_a_problem_is_told_at_the_file_that_it_comes_from():
    label = "  namespaceLabels:\n    app.kubernetes.io/managed-by: me\n"
    (line,) = refusal(MINE, base=MINIMAL + label)
    assert line.startswith("base.yaml:8:35: application.namespaceLabels[app.kubernetes.io/managed-by]: ")
    assert rendered(MINIMAL + label, base=MINIMAL)
