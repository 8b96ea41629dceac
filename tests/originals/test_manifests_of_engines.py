"""What we write is what the engines' original CRDs allow, and stands where the engines' own authors write it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.api.environment import Environment
from controller.environment.engines import flux, helm_operator
from controller.environment.engines.engine import ReleaseContext, State
from tests.originals.files import definition, documents
from tests.unit.environment.support.engine_definitions import EngineSchemas
from tests.unit.environment.support.generated import environments, our_schema

Json = dict[str, Any]


ORIGINALS = EngineSchemas(definition)
OF_FLUX = (
    "delete-ns.test",
    "impersonation.test",
    "install-fail-retry.helmrelease",
    "podinfo.helmrelease-git",
    "sources.gitrepository",
    "status-defaults.helmrelease",
    "valuesfrom.helmrelease",
)
OF_USERS = ("v0.0.4-no-secretRef.8c17e6fe", "v0.0.x-secretRef-valuesFrom.a3f3349b")


def _objects(path: str, kind: str) -> list[Json]:
    return [obj for obj in documents(path) if obj["kind"] == kind]


def _release(name: str, number: int = 0) -> Json:
    return _objects(f"manifests/helm-controller.{name}.yaml", "HelmRelease")[number]


def _context(name: str, release: Json, **prepared: Any) -> ReleaseContext:
    environment = {
        "apiVersion": "tronador.stakater.com/v1alpha1",
        "kind": "EnvironmentProvisioner",
        "metadata": {"name": name, "uid": "uid-1", "generation": 1},
        "spec": {"application": {"release": release}},
    }
    assert our_schema().validate(environment) == []
    return ReleaseContext(environment=Environment(environment), **prepared)


# Of Flux


@pytest.mark.parametrize("name", OF_FLUX)
def test_a_new_release_is_pending(name: str) -> None:
    for kind in ("HelmRelease", "GitRepository"):
        for obj in _objects(f"manifests/helm-controller.{name}.yaml", kind):
            made = ORIGINALS.of(obj).default(obj | {"metadata": obj["metadata"] | {"generation": 1}})
            assert made["status"] == {"observedGeneration": -1}
            pair = (made, made) if kind == "HelmRelease" else (None, made)
            assert flux.health(*pair, chart_patience=240).state is State.PENDING


def test_a_chart_from_git_is_written_as_in_flux_manifests() -> None:
    theirs = _release("podinfo.helmrelease-git")["spec"]
    repository = _objects("manifests/helm-controller.sources.gitrepository.yaml", "GitRepository")[0]["spec"]
    chart = {"git": repository["url"], "path": theirs["chart"]["spec"]["chart"], "ref": "refs/tags/6.5.4"}
    context = _context("podinfo", {"chart": chart, "values": theirs["values"]})

    ours, source = flux.desired(context)["spec"], flux.desired_source(context)["spec"]

    assert ours["values"] == theirs["values"]
    assert ours["chart"]["spec"]["chart"] == theirs["chart"]["spec"]["chart"].removeprefix("./")
    assert ours["chart"]["spec"]["sourceRef"].items() >= theirs["chart"]["spec"]["sourceRef"].items()
    assert source == {
        "url": repository["url"],
        "ref": {"name": "refs/tags/6.5.4"},
        "interval": repository["interval"] + "0s",
        "timeout": "60s",
    }


def test_values_from_other_objects_are_written_as_in_flux_manifests() -> None:
    theirs = [entry for entry in _release("valuesfrom.helmrelease")["spec"]["valuesFrom"] if "targetPath" not in entry]
    fields = {"ConfigMap": "configMapKeyRef", "Secret": "secretKeyRef"}
    values_from = [
        {fields[entry["kind"]]: {"name": entry["name"]} | ({"key": entry["valuesKey"]} if "valuesKey" in entry else {})}
        for entry in theirs
    ]
    chart = {"git": "https://github.com/stefanprodan/podinfo", "path": "charts/podinfo"}

    assert flux.desired(_context("x", {"chart": chart, "valuesFrom": values_from}))["spec"]["valuesFrom"] == theirs


def test_a_retry_of_a_failed_installation_is_written_as_in_flux_manifests() -> None:
    theirs = _release("install-fail-retry.helmrelease")["spec"]
    chart = {"git": "https://github.com/stefanprodan/podinfo", "path": "charts/podinfo"}
    ours = flux.desired(_context("x", {"chart": chart, "timeout": 3}))["spec"]

    assert ours["install"]["remediation"].keys() == theirs["install"]["remediation"].keys()
    assert ours["timeout"] == theirs["timeout"]


@pytest.mark.parametrize("name", ["impersonation.test", "delete-ns.test"])
def test_the_account_of_a_release_is_written_as_in_flux_manifests(name: str) -> None:
    theirs = _release(name)
    chart = {"git": "https://github.com/stefanprodan/podinfo", "path": "charts/podinfo"}
    context = _context(
        theirs["metadata"]["namespace"], {"chart": chart}, service_account=theirs["spec"]["serviceAccountName"]
    )

    ours = flux.desired(context)

    assert ours["spec"]["serviceAccountName"] == theirs["spec"]["serviceAccountName"]
    assert ours["metadata"]["namespace"] == theirs["metadata"]["namespace"]


# Of the Helm Operator


def test_a_release_of_the_helm_operators_own_tests_is_reproduced() -> None:
    theirs = _objects("manifests/helm-operator.e2e.git.yaml", "HelmRelease")[0]
    context = _context("demo", theirs["spec"])

    ours = helm_operator.desired(context)

    assert ours["apiVersion"] == theirs["apiVersion"]
    assert ours["spec"] == theirs["spec"] | {"helmVersion": "v3", "test": {}}
    assert (ours["metadata"]["name"], ours["metadata"]["namespace"]) == ("podinfo-git", "demo")


def test_flux_gets_the_same_release() -> None:
    theirs = _objects("manifests/helm-operator.e2e.git.yaml", "HelmRelease")[0]
    context = _context("demo", theirs["spec"])

    ours, source = flux.desired(context)["spec"], flux.desired_source(context)["spec"]

    assert source["url"] == theirs["spec"]["chart"]["git"]
    assert source["ref"] == {"branch": "master"}
    assert ours["chart"]["spec"]["chart"] == "charts/podinfo"
    assert (ours["timeout"], ours["values"]) == ("30s", theirs["spec"]["values"])


# Of users


@pytest.mark.parametrize("name", OF_USERS)
def test_a_real_environment_leads_to_objects_valid_for_the_engine(name: str) -> None:
    for environment in _objects(f"tronador/docs.EnvironmentProvisioner.{name}.yaml", "EnvironmentProvisioner"):
        assert our_schema().validate(environment) == []
        ORIGINALS.check(environment)


@given(environments(), st.sampled_from(["", "git-credentials"]), st.sampled_from(["", "tronador-release"]))
@settings(max_examples=40)
def test_the_original_crds_allow_what_every_environment_leads_to(
    environment: Json, git_secret: str, service_account: str
) -> None:
    ORIGINALS.check(environment, git_secret=git_secret, service_account=service_account)
