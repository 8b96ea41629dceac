"""The HelmRelease that Flux should find, field by field."""

from dataclasses import replace

import pytest
import yaml

from controller.api.environment import Environment
from controller.environment.engines import flux
from controller.environment.engines.engine import Reference, ReleaseContext
from tests.unit.environment.support.builders import NAME, UID, environment
from tests.unit.environment.support.flux_builders import context
from tests.unit.environment.support.guide import GUIDE

GUIDES_RELEASE = """
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: run-pipeline
  namespace: stakater-nordmart-inventory-74
  labels:
    app.kubernetes.io/instance: run-pipeline
    app.kubernetes.io/managed-by: tronador.stakater.com
    tronador.stakater.com/environment: stakater-nordmart-inventory-74
  annotations:
    tronador.stakater.com/environment-uid: uid-1
spec:
  interval: 10m0s
  chart:
    spec:
      chart: deploy
      version: '*'
      sourceRef:
        kind: GitRepository
        name: run-pipeline
        namespace: stakater-nordmart-inventory-74
      reconcileStrategy: Revision
  releaseName: run-pipeline
  install:
    remediation:
      retries: -1
  upgrade:
    remediation:
      retries: -1
      strategy: rollback
  values:
    application:
      deployment:
        image:
          repository: nexus.example.com/stakater-nordmart-inventory
          tag: SNAPSHOT-PR-74-6f50ff2f
"""
LEAST = {"interval", "chart", "releaseName", "install", "upgrade"}


def _spec(**changes):
    return flux.desired(context(**changes))["spec"]


def _chart(**changes):
    return _spec(**changes)["chart"]["spec"]


def _ignored(**changes):
    return flux.ignored_fields(Environment(environment(**changes)))


def test_the_guides_environment_becomes_a_release_that_is_always_retried():
    guide = ReleaseContext(environment=Environment(yaml.safe_load(GUIDE)))

    assert flux.desired(guide) == yaml.safe_load(GUIDES_RELEASE)


def test_a_minimal_environment_gets_a_minimal_release():
    spec = _spec(name="e" * 60, chart={"ref": None}, release={"releaseName": None})

    assert spec.keys() == LEAST
    assert spec["releaseName"] == spec["chart"]["spec"]["sourceRef"]["name"] == "e" * 42 + "-a1b79bc380"


def test_null_counts_as_absent():
    fields = ("values", "valuesFrom", "timeout", "maxHistory", "wait", "skipCRDs", "resetValues", "rollback", "test")

    assert _spec(release=dict.fromkeys(fields)) == _spec()


@pytest.mark.parametrize("field", ["rollback", "test"])
@pytest.mark.parametrize("value", [{}, {"timeout": None}])
def test_an_empty_object_counts_as_absent(field, value):
    assert _spec(release={field: value}) == _spec()


# What is converted


@pytest.mark.parametrize(
    ("field", "value", "want"),
    [
        ("timeout", 600, {"timeout": "600s"}),
        ("maxHistory", 0, {"maxHistory": 0}),
        ("maxHistory", 3, {"maxHistory": 3}),
        ("values", {}, {"values": {}}),
        ("values", {"a": None, "b": [1, {"c": None}]}, {"values": {"a": None, "b": [1, {"c": None}]}}),
        ("test", {"enable": True}, {"test": {"enable": True}}),
        (
            "test",
            {"enable": True, "ignoreFailures": False, "timeout": 60},
            {"test": {"enable": True, "ignoreFailures": False, "timeout": "60s"}},
        ),
    ],
)
def test_a_field_of_the_release_has_its_equivalent(field, value, want):
    assert _spec(release={field: value}) == _spec() | want


@pytest.mark.parametrize(
    ("field", "value", "install", "upgrade"),
    [
        ("skipCRDs", True, {"crds": "Skip"}, {"crds": "Skip"}),
        ("skipCRDs", False, {}, {}),
        ("disableOpenAPIValidation", True, {"disableOpenAPIValidation": True}, {"disableOpenAPIValidation": True}),
        ("disableOpenAPIValidation", False, {}, {}),
        ("wait", False, {"disableWait": True}, {"disableWait": True}),
        ("wait", True, {}, {}),
        ("forceUpgrade", True, {}, {"force": True}),
        ("forceUpgrade", False, {}, {}),
        ("resetValues", False, {}, {"preserveValues": True}),
        ("resetValues", True, {}, {}),
    ],
)
def test_a_field_of_an_action_has_its_equivalent(field, value, install, upgrade):
    without, with_it = _spec(), _spec(release={field: value})

    assert with_it == without | {
        "install": without["install"] | install,
        "upgrade": without["upgrade"] | upgrade,
    }


@pytest.mark.parametrize(
    ("rollback", "remediation"),
    [
        (None, {"retries": -1, "strategy": "rollback"}),
        ({"enable": True}, {"retries": -1, "strategy": "rollback"}),
        ({"enable": True, "retry": True}, {"retries": 5, "strategy": "rollback"}),
        ({"enable": True, "retry": True, "maxRetries": 2}, {"retries": 2, "strategy": "rollback"}),
        ({"enable": True, "retry": True, "maxRetries": 0}, {"retries": -1, "strategy": "rollback"}),
        (
            {"enable": True, "retry": False, "maxRetries": 2},
            {"retries": 0, "strategy": "rollback", "remediateLastFailure": True},
        ),
        ({"enable": False}, None),
        ({"wait": True}, None),
    ],
)
def test_the_remediation_of_a_failed_upgrade_follows_the_spec(rollback, remediation):
    assert _spec(release={"rollback": rollback})["upgrade"].get("remediation") == remediation


def test_a_failed_installation_is_always_retried():
    for rollback in (None, {"enable": False}, {"enable": True, "retry": False}):
        assert _spec(release={"rollback": rollback})["install"] == {"remediation": {"retries": -1}}


@pytest.mark.parametrize(
    ("rollback", "want"),
    [
        ({"enable": True}, None),
        ({"enable": True, "timeout": 60}, {"timeout": "60s"}),
        ({"enable": True, "disableHooks": True, "force": False}, {"disableHooks": True, "force": False}),
        ({"enable": True, "wait": False}, {"disableWait": True}),
        ({"enable": True, "wait": True}, None),
        ({"enable": True, "recreate": True}, None),
    ],
)
def test_the_options_of_a_rollback_are_translated(rollback, want):
    assert _spec(release={"rollback": rollback}).get("rollback") == want


# The chart


@pytest.mark.parametrize(
    ("path", "want"),
    [
        ("deploy", "deploy"),
        ("deploy/", "deploy"),
        ("/deploy", "deploy"),
        ("./deploy/./shop//", "deploy/shop"),
        (".hidden/..chart", ".hidden/..chart"),
        (".", "./"),
        ("./", "./"),
        ("/", "./"),
    ],
)
def test_the_folder_of_the_chart_is_normalized(path, want):
    assert _chart(chart={"path": path})["chart"] == want


@pytest.mark.parametrize(
    ("path", "files"),
    [
        ("deploy/", ["deploy/values.yaml", "deploy/pr.yaml", "deploy/env/eu.yaml"]),
        (".", ["values.yaml", "pr.yaml", "env/eu.yaml"]),
    ],
)
def test_value_files_follow_the_charts_values_and_start_at_the_root(path, files):
    values_from = [{"chartFileRef": {"path": "pr.yaml"}}, {"chartFileRef": {"path": "./env/eu.yaml"}}]

    chart = _chart(chart={"path": path}, release={"valuesFrom": values_from})

    assert chart["valuesFiles"] == files
    assert "ignoreMissingValuesFiles" not in chart


@pytest.mark.parametrize(
    ("optional", "ignored"),
    [([True], True), ([True, True], True), ([True, False], None), ([True, None], None), ([None], None)],
)
def test_missing_files_are_ignored_only_if_every_file_is_optional(optional, ignored):
    values_from = [{"chartFileRef": {"path": f"{n}.yaml", "optional": may}} for n, may in enumerate(optional)]

    assert _chart(release={"valuesFrom": values_from}).get("ignoreMissingValuesFiles") is ignored


# Values from other objects


@pytest.mark.parametrize(
    ("entry", "want"),
    [
        ({"configMapKeyRef": {"name": "a"}}, {"kind": "ConfigMap", "name": "a"}),
        ({"secretKeyRef": {"name": "a"}}, {"kind": "Secret", "name": "a"}),
        ({"secretKeyRef": {"name": "a", "key": "k"}}, {"kind": "Secret", "name": "a", "valuesKey": "k"}),
        ({"secretKeyRef": {"name": "a", "key": ""}}, {"kind": "Secret", "name": "a"}),
        ({"secretKeyRef": {"name": "a", "optional": False}}, {"kind": "Secret", "name": "a", "optional": False}),
        ({"secretKeyRef": {"name": "a", "namespace": NAME, "optional": None}}, {"kind": "Secret", "name": "a"}),
        ({"secretKeyRef": {"name": "a", "namespace": ""}}, {"kind": "Secret", "name": "a"}),
    ],
)
def test_a_reference_within_the_namespace_is_kept(entry, want):
    assert _spec(release={"valuesFrom": [entry]})["valuesFrom"] == [want]


def test_a_reference_to_another_namespace_becomes_one_to_its_copy():
    entries = [
        {"secretKeyRef": {"name": "shared", "namespace": "team", "key": "v"}},
        {"configMapKeyRef": {"name": "shared", "namespace": "team", "optional": True}},
        {"configMapKeyRef": {"name": "shared"}},
    ]
    copies = {Reference("Secret", "team", "shared"): "copy-1", Reference("ConfigMap", "team", "shared"): "copy-2"}
    env = Environment(environment(release={"valuesFrom": entries}))

    assert flux.desired(ReleaseContext(environment=env, copies=copies))["spec"]["valuesFrom"] == [
        {"kind": "Secret", "name": "copy-1", "valuesKey": "v"},
        {"kind": "ConfigMap", "name": "copy-2", "optional": True},
        {"kind": "ConfigMap", "name": "shared"},
    ]


def test_a_reference_elsewhere_without_a_copy_never_selects_a_local_object():
    with pytest.raises(KeyError):
        _spec(release={"valuesFrom": [{"secretKeyRef": {"name": "shared", "namespace": "team"}}]})


def test_sources_keep_their_order():
    entries = [{"secretKeyRef": {"name": "b"}}, {"chartFileRef": {"path": "x"}}, {"configMapKeyRef": {"name": "a"}}]

    assert [found["name"] for found in _spec(release={"valuesFrom": entries})["valuesFrom"]] == ["b", "a"]


# What is not the environment's to say


@pytest.mark.parametrize("service_account", ["", "tronador-release"])
def test_the_release_runs_as_the_account_that_it_is_given(service_account):
    given = ReleaseContext(environment=Environment(environment()), service_account=service_account)

    assert flux.desired(given)["spec"].get("serviceAccountName", "") == service_account


@pytest.mark.parametrize(("suspended", "want"), [(False, None), (True, True)])
def test_only_a_release_that_flux_must_not_touch_is_suspended(suspended, want):
    assert flux.desired(replace(context(), suspended=suspended))["spec"].get("suspend") is want


@pytest.mark.parametrize(
    "field",
    [
        "targetNamespace",
        "storageNamespace",
        "serviceAccountName",
        "kubeConfig",
        "chartRef",
        "dependsOn",
        "postRenderers",
        "suspend",
        "interval",
        "install",
        "upgrade",
        "uninstall",
        "driftDetection",
        "commonMetadata",
        "persistentClient",
        "helmVersion",
        "valueFileSecrets",
        "unknown",
    ],
)
def test_unlisted_fields_are_never_passed_on(field):
    assert _spec(release={field: "x"}) == _spec()


@pytest.mark.parametrize("field", ["repository", "name", "version", "spec", "sourceRef", "verify", "interval"])
def test_unlisted_fields_of_a_chart_are_never_passed_on(field):
    assert _chart(chart={field: "x"}) == _chart()


@pytest.mark.parametrize("field", ["targetPath", "literal", "kind", "valuesKey"])
def test_unlisted_fields_of_a_source_of_values_are_never_passed_on(field):
    with_it = [{"secretKeyRef": {"name": "a", field: "x"}}]

    assert _spec(release={"valuesFrom": with_it})["valuesFrom"] == [{"kind": "Secret", "name": "a"}]


def test_both_objects_name_their_environment_and_have_no_owner_reference():
    for made in (flux.desired(context()), flux.desired_source(context())):
        assert made["metadata"] == {
            "name": "run-pipeline",
            "namespace": NAME,
            "labels": {
                "app.kubernetes.io/instance": "run-pipeline",
                "app.kubernetes.io/managed-by": "tronador.stakater.com",
                "tronador.stakater.com/environment": NAME,
            },
            "annotations": {"tronador.stakater.com/environment-uid": UID},
        }


# What has no equivalent


def test_no_field_is_ignored_if_each_has_an_equivalent():
    release = {
        "rollback": {"enable": True, "recreate": False},
        "test": {"enable": True, "cleanup": False},
        "valuesFrom": [{"chartFileRef": {"path": "x"}}, {"secretKeyRef": {"name": "a"}}],
    }

    assert _ignored(release=release, chart={"secretRef": {"name": "git"}}) == ()


def test_fields_unknown_to_flux_are_named_by_their_paths():
    release = {
        "rollback": {"enable": True, "recreate": True},
        "test": {"enable": True, "cleanup": True},
    }
    chart = {"git": "http://git.example.com/shop", "secretRef": {"name": "git"}}

    assert _ignored(release=release, chart=chart) == ("chart.secretRef", "rollback.recreate", "test.cleanup")
