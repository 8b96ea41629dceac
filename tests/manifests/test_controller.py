"""`manifests/controller` runs the controller as its options and the restricted pod security standard ask."""

import argparse
import re
from importlib.metadata import version

import pytest

from controller.apimachinery.options import options_of
from controller.app import options
from controller.app.options import Options, parse_address
from hack.paths import MANIFESTS
from tests.manifests.kustomize import rendered
from tests.manifests.pods import pod_template

OPTIONS = Options()


def _one(kind, name="tronador-controller"):
    [found] = [o for o in rendered("default") if (o["kind"], o["metadata"]["name"]) == (kind, name)]
    return found


def _container():
    [container] = pod_template()["spec"]["containers"]
    return container


def test_one_command_installs_everything():
    kinds = {o["kind"] for o in rendered("default")}
    assert kinds >= {"CustomResourceDefinition", "ClusterRole", "ValidatingAdmissionPolicy", "Deployment", "Namespace"}


def test_it_runs_as_the_account_and_in_the_namespace_of_the_options():
    deployment = _one("Deployment")
    assert deployment["metadata"]["namespace"] == OPTIONS.namespace
    assert deployment["spec"]["template"]["spec"]["serviceAccountName"] == OPTIONS.environment.service_account


def test_its_arguments_and_variables_are_options():
    command, *flags = _container()["args"]
    assert command == "run"
    parser = argparse.ArgumentParser(exit_on_error=False)
    options.add_arguments(parser, Options)
    parsed = parser.parse_args(flags)
    known = {option.variable for option in options_of(Options)}
    variables = {variable["name"]: variable.get("value", "") for variable in _container()["env"]}
    assert variables.keys() <= known
    assert options.read(Options, parsed, {k: v for k, v in variables.items() if v})


def test_its_namespace_is_the_pods_own():
    [variable] = [variable for variable in _container()["env"] if variable["name"] == "TRONADOR_NAMESPACE"]
    assert variable["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.namespace"


def test_its_lease_is_held_in_the_name_of_the_pod():
    [variable] = [variable for variable in _container()["env"] if variable["name"] == "TRONADOR_LEASE_IDENTITY"]
    assert variable["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name"


def test_every_manifest_names_the_image_of_this_version():
    names = set()
    for file in MANIFESTS.rglob("*.yaml"):
        names |= set(re.findall(r"\bregistry\.example\.com/tronador:[\w.-]+", file.read_text()))
    assert names == {f"registry.example.com/tronador:{version('tronador')}"} == {_container()["image"]}


@pytest.mark.parametrize(
    ("name", "address"), [("metrics", OPTIONS.http.metrics_address), ("health", OPTIONS.http.health_address)]
)
def test_its_ports_are_those_of_the_program(name, address):
    [port] = [port for port in _container()["ports"] if port["name"] == name]
    assert port["containerPort"] == parse_address(address)[1]


def test_probes_ask_the_health_port():
    container = _container()
    paths = {kind: container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")}
    assert {kind: probe["path"] for kind, probe in paths.items()} == {
        "startup": "/healthz",
        "liveness": "/healthz",
        "readiness": "/readyz",
    }
    assert {probe["port"] for probe in paths.values()} == {"health"}


def test_the_pods_grace_period_is_longer_than_the_programs_shutdown():
    assert pod_template()["spec"]["terminationGracePeriodSeconds"] >= OPTIONS.graceful_timeout + 10


def test_the_pod_meets_the_restricted_pod_security_standard():
    labels = _one("Namespace", OPTIONS.namespace)["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    pod, container = pod_template()["spec"]["securityContext"], _container()["securityContext"]
    assert (pod["runAsNonRoot"], pod["seccompProfile"]) == (True, {"type": "RuntimeDefault"})
    assert pod["runAsUser"] > 0
    assert container["allowPrivilegeEscalation"] is False
    assert container["capabilities"] == {"drop": ["ALL"]}
    assert container["readOnlyRootFilesystem"] is True
    assert all(volume.keys() == {"name", "emptyDir"} for volume in pod_template()["spec"]["volumes"])


def test_the_container_has_requests_and_a_memory_limit_but_no_cpu_limit():
    resources = _container()["resources"]
    assert resources["requests"].keys() == {"cpu", "memory"}
    assert resources["limits"].keys() == {"memory"}


def test_a_drain_keeps_one_replica_running():
    assert _one("Deployment")["spec"]["replicas"] == 2
    assert _one("PodDisruptionBudget")["spec"]["maxUnavailable"] == 1


def test_every_selector_of_the_pods_matches_them():
    labels = pod_template()["metadata"]["labels"]
    deployment = _one("Deployment")["spec"]
    [spread] = deployment["template"]["spec"]["topologySpreadConstraints"]
    selectors = [
        deployment["selector"]["matchLabels"],
        spread["labelSelector"]["matchLabels"],
        _one("Service")["spec"]["selector"],
        _one("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        _one("NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
    ]
    assert all(selector.items() <= labels.items() for selector in selectors)


def test_the_network_policy_admits_the_ports_that_the_pod_serves():
    admitted = {port["port"] for rule in _one("NetworkPolicy")["spec"]["ingress"] for port in rule["ports"]}
    assert admitted == {port["name"] for port in _container()["ports"]}
