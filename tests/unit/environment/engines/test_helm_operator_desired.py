"""The HelmRelease that the Helm Operator should find, field by field."""

import pytest
import yaml

from controller.environment.engines import helm_operator
from tests.unit.environment.support.builders import (
    GIT,
    NAME,
    UID,
    context,
    environment,
)
from tests.unit.environment.support.guide import GUIDE

GUIDES_RELEASE = """
apiVersion: helm.fluxcd.io/v1
kind: HelmRelease
metadata:
  name: run-pipeline
  namespace: stakater-nordmart-inventory-74
  labels:
    app.kubernetes.io/instance: run-pipeline
    app.kubernetes.io/managed-by: tronador.stakater.com
spec:
  chart:
    git: 'https://github.com/stakater-lab/stakater-nordmart-inventory'
    path: deploy
    ref: run-pipeline
  releaseName: run-pipeline
  rollback: {}
  test: {}
  values:
    application:
      deployment:
        image:
          repository: nexus.example.com/stakater-nordmart-inventory
          tag: SNAPSHOT-PR-74-6f50ff2f
"""


def _spec(**changes):
    return helm_operator.desired(context(environment(**changes)))["spec"]


def test_the_guides_environment_becomes_the_guides_release_with_two_differences():
    want = yaml.safe_load(GUIDES_RELEASE)
    want["metadata"]["labels"]["tronador.stakater.com/environment"] = "stakater-nordmart-inventory-74"
    want["metadata"]["annotations"] = {"tronador.stakater.com/environment-uid": "uid-1"}
    # Without the first the operator may fall back to Helm 2; without the second a failed upgrade blocks all later ones.
    want["spec"]["helmVersion"] = "v3"
    want["spec"]["rollback"] = {"enable": True}

    assert helm_operator.desired(context(yaml.safe_load(GUIDE))) == want


def test_a_minimal_environment_gets_every_default():
    obj = environment(name="e" * 60, chart={"ref": None}, release={"releaseName": None})

    assert helm_operator.desired(context(obj))["spec"] == {
        "chart": {"git": GIT, "path": "deploy"},
        "helmVersion": "v3",
        "releaseName": "e" * 42 + "-a1b79bc380",
        "rollback": {"enable": True},
        "test": {},
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("timeout", 600),
        ("maxHistory", 0),
        ("maxHistory", 3),
        ("wait", False),
        ("wait", True),
        ("skipCRDs", False),
        ("skipCRDs", True),
        ("disableOpenAPIValidation", True),
        ("forceUpgrade", True),
        ("resetValues", False),
        ("values", {}),
        ("values", {"a": None, "b": [1, {"c": None}]}),
        ("valuesFrom", [{"configMapKeyRef": {"name": "a", "key": "b", "optional": True}}]),
        ("rollback", {"enable": False}),
        ("rollback", {"enable": True, "retry": True, "maxRetries": 0, "timeout": 60, "wait": True}),
        ("test", {"enable": True, "ignoreFailures": True, "timeout": 60, "cleanup": False}),
    ],
)
def test_a_field_is_copied_as_it_is(field, value):
    assert _spec(release={field: value})[field] == value


@pytest.mark.parametrize("rollback", [None, {}])
def test_a_rollback_is_enabled_by_default(rollback):
    assert _spec(release={"rollback": rollback})["rollback"] == {"enable": True}


@pytest.mark.parametrize("test", [None, {}])
def test_an_empty_test_section_is_kept(test):
    assert _spec(release={"test": test})["test"] == {}


def test_null_counts_as_absent():
    nulls = dict.fromkeys(("values", "valuesFrom", "timeout", "maxHistory", "wait", "skipCRDs", "resetValues"))

    assert _spec(release=nulls, chart={"secretRef": None, "ref": None}).keys() == {
        "chart",
        "helmVersion",
        "releaseName",
        "rollback",
        "test",
    }


def test_the_secret_of_the_chart_is_copied():
    assert _spec(chart={"secretRef": {"name": "git"}})["chart"]["secretRef"] == {"name": "git"}


@pytest.mark.parametrize(
    "field",
    [
        "targetNamespace",
        "valueFileSecrets",
        "serviceAccountName",
        "kubeConfig",
        "chartRef",
        "storageNamespace",
        "dependsOn",
        "postRenderers",
        "suspend",
        "interval",
        "unknown",
    ],
)
def test_unlisted_fields_are_never_passed_on(field):
    assert field not in _spec(release={field: "x"})


@pytest.mark.parametrize("field", ["repository", "name", "version", "skipDepUpdate", "chartPullSecret", "spec"])
def test_unlisted_fields_of_a_chart_are_never_passed_on(field):
    assert _spec(chart={field: "x"})["chart"] == {"git": GIT, "path": "deploy", "ref": "run-pipeline"}


def test_an_environment_cannot_choose_helm_2():
    assert _spec(release={"helmVersion": "v2"})["helmVersion"] == "v3"


def test_the_release_names_its_environment_and_has_no_owner_reference():
    metadata = helm_operator.desired(context())["metadata"]

    assert metadata == {
        "name": "run-pipeline",
        "namespace": NAME,
        "labels": {
            "app.kubernetes.io/instance": "run-pipeline",
            "app.kubernetes.io/managed-by": "tronador.stakater.com",
            "tronador.stakater.com/environment": NAME,
        },
        "annotations": {"tronador.stakater.com/environment-uid": UID},
    }
