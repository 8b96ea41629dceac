"""Everything under manifests/ is what Kubernetes accepts, and grants exactly what the controller is made to use."""

import re
from functools import cache
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from controller.api import flux
from controller.api.environment import ENVIRONMENTS, LEASE_NAME
from controller.api.helm_operator import HELM_RELEASES
from controller.api.rbac import AGGREGATE_LABEL, ENVIRONMENT_ROLE, ROLE_BINDINGS
from controller.api.tronador_config import CONFIG_NAME, DEFINITION, TRONADOR_CONFIGS
from controller.apimachinery import giturls
from controller.apimachinery.resources import CUSTOM_RESOURCE_DEFINITIONS, EVENTS, LEASES, NAMESPACES, SECRETS
from controller.app.options import Options
from controller.environment.previews.kinds import HTTP_ROUTES
from controller.environment.watches import WATCHES
from controller.tronadorconfig import content as tronadorconfig
from hack.localcluster.schema.crd_checks import check_definition
from hack.localcluster.schema.structural import Structural
from tests.samples import documents

ROOT = Path(__file__).parent.parent.parent
# What other products read has tests of its own.
FOR_OTHERS = {"argocd", "chart", "github-actions", "monitoring", "tekton"}
MANIFESTS = sorted(
    file for file in (ROOT / "manifests").rglob("*.yaml") if not FOR_OTHERS & set(file.relative_to(ROOT).parts)
)
# Kinds that only kustomize knows, and those whose schema is in a CRD.
NOT_OF_KUBERNETES = ("kustomization.yaml",)
WATCHING = {"list", "watch"}
READING = WATCHING | {"get"}
OURS = (ENVIRONMENTS, TRONADOR_CONFIGS)

# What each effect needs, by hand: the verbs that `apply`, the Event recorder and the elector send.
USED = {
    (ENVIRONMENTS.group, "environmentprovisioners"): WATCHING | {"get", "patch"},
    (ENVIRONMENTS.group, "environmentprovisioners/status"): {"patch"},
    (NAMESPACES.group, "namespaces"): READING | {"create", "patch", "delete"},
    (HELM_RELEASES.group, "helmreleases"): READING | {"create", "patch", "delete"},
    (flux.HELM_RELEASES.group, "helmreleases"): READING | {"create", "patch", "delete"},
    (flux.GIT_REPOSITORIES.group, "gitrepositories"): READING | {"create", "patch", "delete"},
    (ROLE_BINDINGS.group, "rolebindings"): {"get", "create", "patch", "delete"},
    (ROLE_BINDINGS.group, "clusterroles"): {"bind"},
    (CUSTOM_RESOURCE_DEFINITIONS.group, CUSTOM_RESOURCE_DEFINITIONS.plural): {"get"},
    (LEASES.group, LEASES.plural): {"get"},
}


def _documents(file):
    return [document for document in yaml.safe_load_all(file.read_text()) if document]


def _objects(kind):
    return [
        document
        for file in MANIFESTS
        for document in _documents(file)
        if document.get("kind") == kind and file.name not in NOT_OF_KUBERNETES
    ]


def _named(kind, name):
    [found] = [document for document in _objects(kind) if document["metadata"]["name"] == name]
    return found


def _rights(role):
    rights = {}
    for rule in role.get("rules") or ():
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                rights.setdefault((group, resource), set()).update(rule["verbs"])
    return rights


@pytest.mark.parametrize("file", MANIFESTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_kubernetes_accepts_every_object(file):
    if file.name in NOT_OF_KUBERNETES:
        assert all((file.parent / name).exists() for name in _documents(file)[0]["resources"])
        return
    for document in _documents(file):
        if document["apiVersion"] == ENVIRONMENTS.api_version:
            continue
        kubernetes_validate.validate(document, "1.36", strict=True)


def test_the_api_server_accepts_our_definitions():
    definitions = _objects("CustomResourceDefinition")
    assert {definition["spec"]["names"]["kind"] for definition in definitions} == {
        ENVIRONMENTS.kind,
        TRONADOR_CONFIGS.kind,
    }
    for definition in definitions:
        assert check_definition(definition) == []


@pytest.mark.parametrize("resource", OURS, ids=lambda resource: resource.kind)
def test_every_field_of_our_kinds_is_described(resource):
    undescribed = []

    def visit(schema, path):
        for name, field in (schema.get("properties") or {}).items():
            if "description" not in field and path + name != "metadata":
                undescribed.append(path + name)
            visit(field, f"{path}{name}.")
        if isinstance(schema.get("items"), dict):
            visit(schema["items"], f"{path}[].")

    visit(_definition_schema(resource), "")
    assert undescribed == []


@pytest.mark.parametrize("resource", OURS, ids=lambda resource: resource.kind)
def test_every_text_of_our_kinds_has_a_maximum_length(resource):
    unbounded = []

    def visit(schema, path):
        if schema.get("type") == "string" and not {"maxLength", "enum", "format"} & schema.keys():
            unbounded.append(path)
        if schema.get("type") == "array" and "maxItems" not in schema:
            unbounded.append(path)
        for name, field in (schema.get("properties") or {}).items():
            visit(field, f"{path}.{name}")
        for part in ("items", "additionalProperties"):
            if isinstance(schema.get(part), dict):
                visit(schema[part], f"{path}[]")

    for part in ("spec", "resources"):
        visit(_definition_schema(resource)["properties"].get(part) or {}, part)
    assert unbounded == []


@pytest.mark.parametrize("resource", OURS, ids=lambda resource: resource.kind)
def test_every_sample_passes_our_own_definition(resource):
    schema = Structural(_definition_schema(resource))
    samples = _objects(resource.kind)
    assert samples
    for sample in samples:
        assert schema.unknown_fields(sample) == []
        assert schema.validate(sample) == []


def test_the_sample_of_the_shared_configuration_is_valid_and_in_effect():
    [sample] = _objects(TRONADOR_CONFIGS.kind)
    assert (sample["metadata"]["name"], sample["metadata"]["namespace"]) == (CONFIG_NAME, Options().namespace)
    assert tronadorconfig.problems(tronadorconfig.parse(sample)) == ()


@pytest.mark.parametrize("file", documents("tronadorconfig-"), ids=lambda file: file.name)
def test_objects_of_the_original_can_be_stored_even_with_mistakes(file):
    schema = Structural(_definition_schema(TRONADOR_CONFIGS))
    config = yaml.safe_load(file.read_text())
    assert schema.unknown_fields(config) == []
    assert schema.validate(config) == []


@pytest.mark.parametrize("parts", [{}, {"spec": None}, {"spec": {}, "resources": None}, {"spec": {"mappings": None}}])
def test_every_part_of_a_shared_configuration_is_optional(parts):
    assert Structural(_definition_schema(TRONADOR_CONFIGS)).validate(parts) == []


@given(
    st.text(alphabet="aZ0.:/@%-_[]" + "ｇ\n", min_size=1, max_size=20), st.sampled_from(["https://", "ssh://", "git@"])
)
def test_the_schema_accepts_every_git_url_that_we_accept(rest, start):
    try:
        giturls.parse(start + rest)
    except ValueError:
        return
    assert _git_schema().validate(start + rest) == []


@pytest.mark.parametrize(
    "url",
    [
        "https://alice:hunter2@github.com/org/repo",
        "https://hunter2@github.com/org/repo",
        "https://github.com\\@evil.example/org/repo",
        "https://github.com/org/../evil",
        "https://github.com/org/..",
        "git@github.com:../evil",
        "https://github.com/org?x",
        "https://gıthub.com/org",
        "ssh://-oProxyCommand=id@github.com/org",
        "file:///etc",
    ],
)
def test_the_schema_refuses_values_that_could_lead_elsewhere(url):
    assert _git_schema().validate(url)


def test_the_controller_has_only_the_rights_that_it_uses():
    assert _rights(_named("ClusterRole", "tronador-controller")) == USED


def test_watched_kinds_can_be_read_only_where_they_are_watched():
    everywhere = _rights(_named("ClusterRole", "tronador-controller"))
    here = _rights(_named("Role", "tronador-controller-config"))
    for watch in WATCHES:
        rights = here if watch.in_own_namespace else everywhere
        assert rights[(watch.resource.group, watch.resource.plural)] >= WATCHING
        assert (watch.resource.group, watch.resource.plural) not in (everywhere if watch.in_own_namespace else here)


def test_only_a_status_is_written_in_our_own_namespace():
    role = _named("Role", "tronador-controller-config")
    assert role["metadata"]["namespace"] == Options().namespace
    assert _rights(role) == {
        (TRONADOR_CONFIGS.group, TRONADOR_CONFIGS.plural): WATCHING,
        (TRONADOR_CONFIGS.group, f"{TRONADOR_CONFIGS.plural}/status"): {"patch"},
        (SECRETS.group, SECRETS.plural): WATCHING,
    }


def test_no_rule_grants_everything():
    for role in (*_objects("ClusterRole"), *_objects("Role")):
        for rule in role.get("rules") or ():
            assert "*" not in (*rule["verbs"], *rule["resources"], *rule["apiGroups"])


def test_secrets_and_config_maps_are_granted_only_in_our_own_namespace():
    for role in (*_objects("ClusterRole"), *_objects("Role")):
        if role["metadata"].get("namespace") == Options().namespace:
            continue
        for rule in role.get("rules") or ():
            assert not {"secrets", "configmaps"} & set(rule["resources"])


def test_only_the_roles_of_environments_and_of_their_releases_may_be_bound():
    [rule] = [rule for rule in _named("ClusterRole", "tronador-controller")["rules"] if "bind" in rule["verbs"]]
    assert rule["resourceNames"] == [ENVIRONMENT_ROLE, Options().environment.release_cluster_role]
    for name in rule["resourceNames"]:
        assert _named("ClusterRole", name)["aggregationRule"]


def test_only_the_definition_of_the_shared_configuration_can_be_read():
    [rule] = [
        rule
        for rule in _named("ClusterRole", "tronador-controller")["rules"]
        if rule["resources"] == [CUSTOM_RESOURCE_DEFINITIONS.plural]
    ]
    assert rule["resourceNames"] == [DEFINITION]
    assert _named("CustomResourceDefinition", DEFINITION)


def test_the_role_for_quotas_is_optional_and_for_environments_only():
    role = _named("ClusterRole", "tronador-environment-quotas")
    assert role["metadata"]["labels"] == {AGGREGATE_LABEL: "true"}
    [component] = _documents(ROOT / "manifests" / "quotas" / "kustomization.yaml")
    assert (component["kind"], component["resources"]) == ("Component", ["role.yaml"])
    [default] = _documents(ROOT / "manifests" / "default" / "kustomization.yaml")
    assert "../quotas" not in (*default["resources"], *default.get("components", ()))


def test_the_role_for_the_gateway_api_is_optional_and_only_lists():
    role = _named("ClusterRole", "tronador-environment-gateway-api")
    assert role["metadata"]["labels"] == {AGGREGATE_LABEL: "true"}
    assert _rights(role) == {(HTTP_ROUTES.group, HTTP_ROUTES.plural): {"list"}}
    [component] = _documents(ROOT / "manifests" / "gateway-api" / "kustomization.yaml")
    assert (component["kind"], component["resources"]) == ("Component", ["role.yaml"])
    [default] = _documents(ROOT / "manifests" / "default" / "kustomization.yaml")
    assert "../gateway-api" not in (*default["resources"], *default.get("components", ()))


def test_events_go_to_the_namespace_default_and_the_lease_is_our_own():
    events, lease = _named("Role", "tronador-controller-events"), _named("Role", "tronador-controller-lease")

    assert events["metadata"]["namespace"] == "default"
    assert _rights(events) == {(EVENTS.group, EVENTS.plural): {"create", "patch"}}
    assert lease["metadata"]["namespace"] == Options().namespace
    assert _rights(lease) == {(LEASES.group, LEASES.plural): {"create", "update"}}
    assert [rule.get("resourceNames") for rule in lease["rules"]] == [None, [LEASE_NAME]]


def test_only_leases_of_installations_are_read_in_the_whole_cluster():
    [rule] = [rule for rule in _named("ClusterRole", "tronador-controller")["rules"] if "leases" in rule["resources"]]
    assert rule["resourceNames"] == [LEASE_NAME]


def test_every_binding_is_for_the_account_that_the_options_name():
    options = Options()
    for binding in (*_objects("ClusterRoleBinding"), *_objects("RoleBinding")):
        [subject] = binding["subjects"]
        others = [
            name for name in ("tronador-report", "tronador-sweep") if binding["metadata"]["name"].startswith(name)
        ]
        [account] = others or [options.environment.service_account]
        assert (subject["kind"], subject["name"]) == ("ServiceAccount", account)
        assert subject["namespace"] == options.namespace


def test_the_role_on_the_security_page_is_for_the_account_of_the_options():
    page = (ROOT / "docs" / "security.md").read_text()
    [block] = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    role, binding = yaml.safe_load_all(block)

    for document in (role, binding):
        kubernetes_validate.validate(document, "1.36", strict=True)
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    assert [(subject["namespace"], subject["name"]) for subject in binding["subjects"]] == [
        (Options().namespace, Options().environment.service_account)
    ]


def _definition_schema(resource=ENVIRONMENTS):
    definition = _named("CustomResourceDefinition", f"{resource.plural}.{resource.group}")
    return definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]


@cache
def _git_schema():
    release = _definition_schema()["properties"]["spec"]["properties"]["application"]["properties"]["release"]
    return Structural(release["properties"]["chart"]["properties"]["git"])
