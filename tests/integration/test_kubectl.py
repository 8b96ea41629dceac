"""What users see with kubectl: columns, conditions, Events, fields, and what belongs to an environment."""

from __future__ import annotations

import json

from controller.api.environment import ENVIRONMENTS
from controller.api.helm_operator import HELM_RELEASES
from tests.integration.support.environments import RELEASE, Environment
from tests.integration.support.waiting import eventually
from tests.kubectl import Kubectl

NAME = "stakater-nordmart-inventory-74"
MESSAGE = f"Release was successful for Helm release 'run-pipeline' in '{NAME}'."
WHOLE_NAME = f"environmentprovisioner.tronador.stakater.com/{NAME}"
IDLE = "Waiting For Next Reconciliation Loop"


def cells(text: str) -> list[list[str]]:
    """The rows of a table, and each as its cells, which two or more spaces part."""
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in text.splitlines()]


def test_kubectl_wait_returns_when_the_environment_is_ready(applied: Environment, kubectl: Kubectl) -> None:
    out = kubectl("wait", "--for=condition=Ready", f"environmentprovisioner/{NAME}", "--timeout=60s")
    assert out == f"{WHOLE_NAME} condition met\n"
    assert kubectl("get", "envp", NAME, "-o", "jsonpath={.status.applicationStatus}") == "deployed"
    assert kubectl("get", "envp", NAME, "-o", "jsonpath={.status.applicationStatusMsg}") == MESSAGE


def test_kubectl_wait_returns_when_a_field_of_the_status_has_its_value(applied: Environment, kubectl: Kubectl) -> None:
    out = kubectl("wait", "--for=jsonpath={.status.applicationStatus}=deployed", f"envp/{NAME}", "--timeout=60s")
    assert out == f"{WHOLE_NAME} condition met\n"


def test_kubectl_get_shows_the_columns_of_the_contract(applied: Environment, kubectl: Kubectl) -> None:
    applied.deployed()
    header, row = cells(kubectl("get", "envp"))
    columns = ["NAME", "STATUS", "PROBLEM", "PHASE", "RELEASE", "NAMESPACE", "URL", "EXPIRES", "REF", "AGE"]
    assert header == columns
    assert row[:-1] == [NAME, "deployed", IDLE, "run-pipeline", NAME, "run-pipeline"]


def test_the_wide_output_adds_the_message(applied: Environment, kubectl: Kubectl) -> None:
    applied.deployed()
    header, row = cells(kubectl("get", "environmentprovisioners", "-o", "wide"))
    assert (header[-1], row[-1]) == ("MESSAGE", MESSAGE)


def test_the_category_lists_environments_and_configs(applied: Environment, kubectl: Kubectl) -> None:
    assert WHOLE_NAME in kubectl("get", "tronador", "-A", "-o", "name").split()
    rows = cells(kubectl("api-resources", "--categories=tronador", "--no-headers"))
    assert [(row[0], row[-1]) for row in rows] == [
        ("environmentprovisioners", "EnvironmentProvisioner"),
        ("tronadorconfigs", "TronadorConfig"),
    ]


def test_kubectl_get_watch_prints_a_line_for_each_state(applied: Environment, kubectl: Kubectl) -> None:
    applied.deployed()
    with kubectl.start("get", "envp", NAME, "--watch", "--no-headers", "--output-watch-events") as process:
        assert process.stdout is not None
        lines = (cells(line)[0][:3] for line in process.stdout)
        try:
            assert next(lines) == ["ADDED", NAME, "deployed"]
            applied.patch({"suspend": True})
            assert ["MODIFIED", NAME, "suspended"] in lines
            applied.delete()
            assert "DELETED" in (line[0] for line in lines)
        finally:
            process.terminate()


def test_kubectl_describe_shows_the_conditions_and_the_events(applied: Environment, kubectl: Kubectl) -> None:
    applied.deployed()
    eventually(lambda: "Deployed" in applied.reasons(), "the Event about the deployment")
    head, _, events = kubectl("describe", "envp", NAME).partition("Events:")
    for type_ in ("Ready", "NamespaceReady", "ResourcesReady", "ReleaseReady"):
        assert ["Type:", type_] in [line.split() for line in head.splitlines()]
    for reason in ("ReleaseCreated", "Deployed"):
        assert reason in events
    assert MESSAGE in events


def test_kubectl_events_lists_those_about_an_environment(applied: Environment, kubectl: Kubectl) -> None:
    applied.deployed()
    eventually(lambda: "Deployed" in applied.reasons(), "the Event about the deployment")
    rows = cells(kubectl("events", "--for", f"envp/{NAME}", "-n", "default", "--no-headers"))
    assert {(row[2], row[3]) for row in rows} >= {
        (reason, f"EnvironmentProvisioner/{NAME}") for reason in ("ReleaseCreated", "Deployed")
    }


def test_what_belongs_to_an_environment_is_found_by_its_label(applied: Environment, kubectl: Kubectl) -> None:
    applied.deployed()
    selector = f"tronador.stakater.com/environment={NAME}"
    kinds = f"namespaces,helmreleases.{HELM_RELEASES.group}"
    found = json.loads(kubectl("get", kinds, "-A", "-l", selector, "-o", "json"))["items"]
    assert {(obj["kind"], obj["metadata"]["name"]) for obj in found} == {
        ("Namespace", NAME),
        ("HelmRelease", RELEASE),
    }
    uid = applied.get()["metadata"]["uid"]
    for obj in found:
        assert obj["metadata"]["annotations"]["tronador.stakater.com/environment-uid"] == uid
        # With owner references the garbage collector would delete them before the release is uninstalled.
        assert "ownerReferences" not in obj["metadata"]


def test_kubectl_explain_describes_a_field(kubectl: Kubectl) -> None:
    out = kubectl("explain", "envp.spec.application.release.releaseName")
    assert "Name of the Helm release" in " ".join(out.split())
    assert "Generation of the spec" in " ".join(kubectl("explain", "envp.status.conditions.observedGeneration").split())


def test_kubectl_says_what_the_controller_may_do(applied: Environment, kubectl: Kubectl) -> None:
    account = "--as=system:serviceaccount:tronador-system:tronador-controller"
    assert kubectl("auth", "can-i", "patch", ENVIRONMENTS.plural, "--subresource=status", account) == "yes\n"
    refused = kubectl.run("auth", "can-i", "delete", ENVIRONMENTS.plural, account)
    assert (refused.returncode, refused.stdout) == (1, "no\n")
