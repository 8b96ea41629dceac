"""The values of `manifests/chart`: each does what its name says, and Helm refuses what makes no sense."""

import argparse
import json
import re

import pytest
import yaml

from controller.apimachinery.options import options_of
from controller.app import options
from controller.app.options import Options
from hack.chart.files import CHART, FILES, generated
from hack.chart.options import SET_BY_THE_CHART, values
from hack.paths import MANIFESTS
from hack.standins.helm.engine import HelmError

VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA = json.loads((CHART / "values.schema.json").read_text())
# As one would write them in YAML, by the placeholder of the flag, with what the flag would be.
NATURAL = {
    "TEXT": ("text", "text"),
    "NAME": ("other.name", "other.name"),
    "NUMBER": (7, "7"),
    "URL": ("https://{{ENVIRONMENT_NAME}}.x", "https://{{ENVIRONMENT_NAME}}.x"),
    "HOST:PORT": ("127.0.0.1:9000", "127.0.0.1:9000"),
    "DURATION": ("1h30m", "1h30m"),
    "GLOB,...": (["a-*", "b-[0-9]?"], "a-*,b-[0-9]?"),
    "HOST/GLOB,...": (["git.example.com:8443/a/*", "github.com/*"], "git.example.com:8443/a/*,github.com/*"),
    "HOST/ORG,...": (["github.com/org", "git.example.com:8443/x"], "github.com/org,git.example.com:8443/x"),
    "NAME=VALUE,...": ({"team": "platform", "example.com/x": ""}, "example.com/x=,team=platform"),
    "NAME=VALUE;...": (
        "downscaler/uptime=Mon-Fri 07:00-19:00 UTC;x=a,b",
        "downscaler/uptime=Mon-Fri 07:00-19:00 UTC;x=a,b",
    ),
    "PREFIX:KEY=GLOB;...": (
        {"github.com/org": {"a.com/b": ["x-*", "y"], "kind": "pr"}, "*": {"tier": "free"}},
        "*:tier=free;github.com/org:a.com/b=x-*,a.com/b=y,kind=pr",
    ),
}


@pytest.mark.parametrize("name", sorted(generated()))
def test_every_generated_file_is_current(name):
    file = CHART / name
    assert file.exists(), "run `make chart`"
    assert file.read_text() == generated()[name], "run `make chart`"


def test_no_other_file_is_among_the_copied_manifests():
    found = {str(file.relative_to(CHART)) for file in FILES.rglob("*") if file.is_file()}
    assert found == {name for name in generated() if name.startswith("files/")}


def test_every_value_has_a_type_and_a_default_and_is_used():
    templates = "".join(file.read_text() for file in (CHART / "templates").iterdir())
    described = paths(SCHEMA) - {("global",)}
    assert described == set(leaves(VALUES))
    for path in described:
        assert re.search(rf"\.Values\.{path[0]}\b", templates)
        assert all(re.search(rf"\.{name}\b", templates) for name in path[1:])


def test_every_option_is_a_value_unless_the_chart_sets_it():
    described = set(SCHEMA["properties"]["options"]["properties"])
    assert described == {name for name, _ in values()}
    assert {option.name for option in options_of(Options)} - {option.name for _, option in values()} == set(
        SET_BY_THE_CHART
    )
    comments = (CHART / "values.yaml").read_text()
    assert all(re.search(rf"^#   {name}: ", comments, re.MULTILINE) for name in described)


def test_the_documented_default_of_an_option_is_the_programs_default(chart):
    documented = {name: schema["default"] for name, schema in SCHEMA["properties"]["options"]["properties"].items()}
    # A command line of defaults is the same as none.
    assert as_options(chart, {"options": documented}) == as_options(chart, {})


def test_every_option_given_as_yaml_reaches_the_program(chart):
    given, expected = {}, {}
    for name, option in values():
        if option.choices:
            natural = text = option.choices[-1]
        elif isinstance(option.default, bool):
            natural, text = not option.default, str(not option.default).lower()
        else:
            natural, text = NATURAL[option.kind.placeholder]
        given[name], expected[option.variable] = natural, text
    # What the flags would say, read by the program.
    wanted = options.read(Options, parse([]), expected)
    assert as_options(chart, {"replicas": 1, "terminationGracePeriodSeconds": 6000, "options": given}) == wanted
    unchanged = [option.name for _, option in values() if option.parse(expected[option.variable], "") == option.default]
    assert unchanged == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"statusSettle": 0.5}, "0.5"),
        ({"resyncPeriod": 36000}, "36000"),
        ({"workers": 1000000}, "1000000"),
        ({"metricsAddress": 0}, "0"),
    ],
    ids=lambda part: str(part),
)
def test_a_number_is_written_as_the_program_reads_it(chart, value, text):
    assert [v["value"] for v in chart.container({"options": value})["env"] if "value" in v] == [text]


def test_the_account_is_passed_to_the_program_as_an_option(chart):
    assert as_options(chart, {"serviceAccount": {"name": "environments"}}).environment.service_account == "environments"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"options": {"workers": 0}}, ("/options/workers", "minimum")),
        ({"options": {"workers": "many"}}, ("/options/workers", "want integer")),
        ({"options": {"leaderElect": "yes"}}, ("/options/leaderElect", "want boolean")),
        ({"options": {"statusSettle": "soon"}}, ("/options/statusSettle", "pattern")),
        ({"options": {"statusSettle": -1}}, ("/options/statusSettle", "minimum")),
        ({"options": {"releaseEngine": "helm"}}, ("/options/releaseEngine", "helm-operator")),
        ({"options": {"metricsAddress": "nowhere"}}, ("/options/metricsAddress", "pattern")),
        ({"options": {"protectedNamespaces": "a,b"}}, ("/options/protectedNamespaces", "want array")),
        ({"options": {"protectedNamespaces": ["a,b"]}}, ("/options/protectedNamespaces/0", "pattern")),
        (
            {"options": {"allowedGitRepositories": ["https://x.com/*"]}},
            ("/options/allowedGitRepositories/0", "pattern"),
        ),
        ({"options": {"credentialGitPrefixes": ["https://x.com"]}}, ("/options/credentialGitPrefixes/0", "pattern")),
        ({"options": {"namespaceLabels": {"team": True}}}, ("/options/namespaceLabels/team", "want string")),
        ({"options": {"namespaceLabels": {"no label": "x"}}}, ("'no label'", "pattern")),
        ({"options": {"namespaceLabels": {"team": "no label"}}}, ("/options/namespaceLabels/team", "pattern")),
        ({"options": {"pinnedNamespaceLabels": {"a": "kind=pr"}}}, ("/options/pinnedNamespaceLabels/a", "object")),
        ({"options": {"namespace": "elsewhere"}}, ("/options", "'namespace'")),
        ({"options": {"noSuchOption": 1}}, ("/options", "'noSuchOption'")),
        ({"noSuchValue": 1}, ("'noSuchValue'",)),
        ({"shards": ["A"]}, ("/shards/0", "pattern")),
        ({"shards": ["a", "a"]}, ("/shards", "equal")),
        ({"options": {"watchLabelSelector": "x=y"}}, ("/options", "'watchLabelSelector'")),
        ({"replicas": "two"}, ("/replicas", "want integer")),
        ({"image": {"digest": "latest"}}, ("/image/digest", "pattern")),
        ({"serviceAccount": {"name": "system:admin"}}, ("/serviceAccount/name", "pattern")),
        ({"networkPolicy": {"apiServerPorts": [0]}}, ("/networkPolicy/apiServerPorts/0", "minimum")),
        ({key: {"enabled": True} for key in ("serviceMonitor", "podMonitor")}, ("counted twice", "enable one of them")),
        (
            {"serviceMonitor": {"enabled": True}, "options": {"metricsAddress": "0"}},
            ("options.metricsAddress is 0", "nothing to scrape"),
        ),
        ({"options": {"leaderElect": False}}, ("options.leaderElect is false", "set replicas to 1")),
        (
            {"terminationGracePeriodSeconds": 30},
            ("terminationGracePeriodSeconds is 30", "gracefulTimeout is 30s", "more"),
        ),
        ({"options": {"gracefulTimeout": 45}}, ("terminationGracePeriodSeconds is 45", "gracefulTimeout is 45:")),
        ({"options": {"gracefulTimeout": "0.7m3s500ms"}}, ("terminationGracePeriodSeconds is 45", "0.7m3s500ms")),
        ({"options": {"gracefulTimeout": "1h"}, "terminationGracePeriodSeconds": 3600}, ("gracefulTimeout is 1h",)),
        (
            {"extraArgs": ["--workers=2", "--namespace=x"]},
            ("extraArgs contains --namespace,", "install the release in"),
        ),
        ({"extraArgs": ["--lease-identity", "x"]}, ("extraArgs contains --lease-identity,", "remove it")),
        ({"extraArgs": ["--service-account=x"]}, ("extraArgs contains --service-account,", "serviceAccount.name")),
        (
            {"shards": ["a"], "extraArgs": ["--watch-label-selector=x=y"]},
            ("extraArgs contains --watch-label-selector,", "shards"),
        ),
        ({"extraEnv": [{"name": "TRONADOR_NAMESPACE", "value": "x"}]}, ("extraEnv contains TRONADOR_NAMESPACE,",)),
        (
            {"options": {"workers": 2}, "extraEnv": [{"name": "TRONADOR_WORKERS", "value": "3"}]},
            ("extraEnv contains TRONADOR_WORKERS,", "change options.workers"),
        ),
    ],
    ids=lambda part: json.dumps(part) if isinstance(part, dict) else "",
)
def test_helm_refuses_a_value_and_names_it(chart, given, words):
    with pytest.raises(HelmError) as refused:
        chart.render(given)
    assert all(word in str(refused.value) for word in words), refused.value


def test_the_grace_period_has_to_exceed_the_programs_own_default(chart):
    default = options.read(Options, parse([]), {}).graceful_timeout
    with pytest.raises(HelmError):
        chart.render({"terminationGracePeriodSeconds": int(default)})
    assert chart.render({"terminationGracePeriodSeconds": int(default) + 1})
    assert chart.render({"terminationGracePeriodSeconds": 61, "options": {"gracefulTimeout": "1m"}})


@pytest.mark.parametrize(
    "given",
    [
        {"extraArgs": ["--workers=2", "--namespace-labels=namespace=x"]},
        {"extraArgs": ["--watch-label-selector=x=y"]},
        {"options": {"workers": 2}, "extraEnv": [{"name": "TRONADOR_LOG_LEVEL", "value": "debug"}]},
    ],
    ids=json.dumps,
)
def test_further_flags_and_variables_may_set_what_the_chart_does_not(chart, given):
    container = chart.container(given)
    assert container["args"] == ["run", *given.get("extraArgs", [])]
    assert all(entry in container["env"] for entry in given.get("extraEnv", []))


@pytest.mark.parametrize("name", sorted({*VALUES} - {*SCHEMA["required"]}))
def test_a_value_that_is_left_blank_is_empty(chart, name):
    assert chart.render({name: None})


@pytest.mark.parametrize("name", SCHEMA["required"])
def test_a_section_that_is_left_blank_is_refused_by_name(chart, name):
    with pytest.raises(HelmError, match=f"missing property '{name}'"):
        chart.render({name: None})


@pytest.mark.parametrize("section", [{"rbac": {"create": None}}, {"serviceAccount": {"name": None}}])
def test_a_blank_in_a_section_is_refused_by_name(chart, section):
    [(name, inner)] = section.items()
    with pytest.raises(HelmError, match=f"/{name}': missing property '{next(iter(inner))}'"):
        chart.render(section)


@pytest.mark.parametrize(
    ("given", "image"),
    [
        ({}, "registry.example.com/tronador:0.1.0"),
        ({"repository": "r", "tag": "1e5"}, "r:1e5"),
        ({"tag": "1", "digest": f"sha256:{'0' * 64}"}, f"registry.example.com/tronador@sha256:{'0' * 64}"),
    ],
    ids=["default", "tag", "digest"],
)
def test_the_image_is_named_by_its_tag_or_its_digest(chart, given, image):
    if not given:
        image = image.replace("0.1.0", yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"])
    assert chart.container({"image": given})["image"] == image


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("nodeSelector", {"kubernetes.io/os": "linux"}),
        ("tolerations", [{"key": "infra", "operator": "Exists"}]),
        ("affinity", {"nodeAffinity": {}}),
        ("topologySpreadConstraints", [{"maxSkew": 2, "labelSelector": {"matchLabels": {"a": "b"}}}]),
        ("priorityClassName", "high"),
        ("terminationGracePeriodSeconds", 90),
    ],
)
def test_a_value_of_the_pod_is_in_its_template(chart, path, value):
    assert chart.one("Deployment", {path: value})["spec"]["template"]["spec"][path] == value


def test_extra_flags_variables_and_volumes_follow_the_charts_own(chart):
    given = {
        "extraArgs": ["--workers=9"],
        "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy"}],
        "extraVolumes": [{"name": "more", "emptyDir": {}}],
        "extraVolumeMounts": [{"name": "more", "mountPath": "/more"}],
        "resources": {"limits": {"memory": "1Gi"}},
        "image": {"pullPolicy": "Always", "pullSecrets": [{"name": "registry"}]},
    }
    container = chart.container(given)
    assert container["args"] == ["run", "--workers=9"]
    assert container["env"][-1] == {"name": "HTTPS_PROXY", "value": "http://proxy"}
    assert [mount["name"] for mount in container["volumeMounts"]] == ["tmp", "more"]
    assert container["resources"]["limits"]["memory"] == "1Gi"
    assert container["imagePullPolicy"] == "Always"
    pod = chart.one("Deployment", given)["spec"]["template"]["spec"]
    assert [volume["name"] for volume in pod["volumes"]] == ["tmp", "more"]
    assert pod["imagePullSecrets"] == [{"name": "registry"}]


def test_the_cluster_may_choose_the_user(chart):
    given = dict.fromkeys(("runAsUser", "runAsGroup", "fsGroup"))
    pod = chart.one("Deployment", {"podSecurityContext": given})["spec"]["template"]["spec"]
    assert pod["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}


def test_an_old_pod_ends_before_a_new_one_starts_without_an_election(chart):
    spec = chart.one("Deployment", {"replicas": 1, "options": {"leaderElect": False}})["spec"]
    assert spec["strategy"] == {"type": "Recreate"}


def test_labels_of_the_pod_are_added_to_those_that_select_it(chart):
    deployment = chart.one("Deployment", {"podLabels": {"team": "a", "app.kubernetes.io/name": "other"}})["spec"]
    assert deployment["template"]["metadata"]["labels"] == {**deployment["selector"]["matchLabels"], "team": "a"}
    assert deployment["selector"]["matchLabels"]["app.kubernetes.io/name"] == "tronador"


@pytest.mark.parametrize("kind", ["ServiceMonitor", "PodMonitor", "PrometheusRule", "ConfigMap"])
def test_labels_for_prometheus_and_grafana_are_added(chart, kind):
    value = {"ConfigMap": "dashboard"}.get(kind, kind[0].lower() + kind[1:])
    obj = chart.one(kind, {value: {"enabled": True, "labels": {"release": "stack"}}})
    assert obj["metadata"]["labels"].items() >= {"release": "stack", "app.kubernetes.io/name": "tronador"}.items()


def test_ports_and_probes_follow_the_addresses_of_the_program(chart):
    container = chart.container({"options": {"metricsAddress": ":9090", "healthAddress": "[::]:9091"}})
    assert [port["containerPort"] for port in container["ports"]] == [9090, 9091]
    assert container["readinessProbe"]["httpGet"]["port"] == "health"


def test_a_disabled_address_has_neither_port_nor_probe(chart):
    given = {"options": {"metricsAddress": "0", "healthAddress": "0"}}
    assert not {"ports", "startupProbe", "livenessProbe", "readinessProbe"} & chart.container(given).keys()
    kinds = {obj["kind"] for obj in chart.render(given)}
    assert "Service" not in kinds
    assert "ingress" not in chart.one("NetworkPolicy", given)["spec"]


def test_the_api_server_may_listen_on_any_port(chart):
    policy = chart.one("NetworkPolicy", {"networkPolicy": {"apiServerPorts": [12345]}})
    assert [port["port"] for port in policy["spec"]["egress"][1]["ports"]] == [12345]


@pytest.mark.parametrize(
    ("given", "kinds"),
    [
        ({"rbac": {"create": False}}, {"ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"}),
        ({"policies": {"create": False}}, {"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}),
        ({"serviceAccount": {"create": False}}, {"ServiceAccount"}),
        ({"crds": {"install": False}}, {"CustomResourceDefinition"}),
        ({"pdb": {"enabled": False}}, {"PodDisruptionBudget"}),
        ({"networkPolicy": {"enabled": False}}, {"NetworkPolicy"}),
    ],
    ids=lambda part: "" if isinstance(part, set) else next(iter(part)),
)
def test_disabling_a_part_removes_only_that_part(chart, given, kinds):
    left = {obj["kind"] for obj in chart.render(given)}
    assert {obj["kind"] for obj in chart.render()} - left == kinds


def test_every_manifest_that_an_installation_needs_is_copied():
    default = yaml.safe_load((MANIFESTS / "default/kustomization.yaml").read_text())["resources"]
    folders = {part.removeprefix("../") for part in default} - {"controller"}
    assert folders <= {folder.name for folder in FILES.iterdir()}


def parse(flags):
    parser = argparse.ArgumentParser(exit_on_error=False)
    options.add_arguments(parser, Options)
    return parser.parse_args(flags)


def as_options(chart, given):
    """What the program makes of the arguments and variables of its container."""
    container = chart.container(given)
    variables = {variable["name"]: variable["value"] for variable in container["env"] if "value" in variable}
    return options.read(Options, parse(container["args"][1:]), variables)


def leaves(value, path=()):
    """The paths of all values but those that are maps without keys of their own."""
    if path in ((), *((name,) for name, part in SCHEMA["properties"].items() if "properties" in part)) and value:
        for name, part in value.items():
            yield from leaves(part, (*path, name))
    else:
        yield path


def paths(schema, path=()):
    """The paths that the schema has, as deep as the chart's own keys go; options have tests of their own."""
    if path[-1:] != ("options",) and "properties" in schema:
        return {found for name, part in schema["properties"].items() for found in paths(part, (*path, name))}
    return {path}
