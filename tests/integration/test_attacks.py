"""What a pull request's author might try: refused by the name of its reason, and without any effect.

Each attack goes past the schema, as with a CustomResourceDefinition that is older than the controller, or edited by
hand. The audit log is the proof that nothing was done: no write but the environment's own finalizer and status.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from controller.api.environment import ADOPT_ANNOTATION, ENVIRONMENTS, FORK_ANNOTATION
from controller.apimachinery.errors import Invalid
from controller.apimachinery.resources import CORE_EVENTS, NAMESPACES
from controller.policy import pins
from hack.localcluster import LocalCluster
from hack.standins import crds
from tests.integration.support.clusters import Cluster, environment_definition
from tests.integration.support.engines import DOUBLES, Engine
from tests.integration.support.environments import GIT_URL, Environment, Environments, manifest
from tests.integration.support.fixtures import StartController, StartProcess
from tests.integration.support.installers import RELEASES
from tests.integration.support.requests import Requests
from tests.integration.support.waiting import eventually

CHART = {"git": GIT_URL, "path": "deploy", "ref": "run-pipeline"}
RELEASE = "spec.application.release"
ENGINES = ("helm-operator", "flux")
# What the platform team of these tests has decided; everything else is as it comes.
POLICY: Mapping[str, Any] = {
    "allowed_reference_namespaces": ("shared-*",),
    "allowed_git_repositories": ("github.com/stakater-lab/*",),
    "pinned_namespace_labels": pins.parse("github.com/stakater-lab:stakater.com/tenant=veeru"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """An environment that must be refused.

    Attributes:
        reason, field: what the refusal has to name.
        value: what it has to repeat, "" where it must not.
        allowed_by: the option that it has to name.
        chart, release, labels, annotations, name: what is wrong with the environment.
    """

    reason: str
    field: str
    value: str = ""
    allowed_by: str = ""
    chart: Mapping[str, Any] = field(default_factory=dict)
    release: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, Any] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    name: str = "pr-74"
    engines: tuple[str, ...] = ENGINES

    def manifest(self) -> dict[str, Any]:
        """The environment."""
        document = manifest(
            self.name, spec={"namespaceLabels": dict(self.labels)}, chart={**CHART, **self.chart}, **self.release
        )
        document["metadata"]["annotations"] = dict(self.annotations)
        return document


def label(key: str, value: str, *, reason: str = "LabelNotAllowed", allowed_by: str = "") -> Attack:
    """A label that an environment may not set."""
    allowed_by = allowed_by or ("--denied-namespace-labels" if reason == "LabelNotAllowed" else "")
    return Attack(
        reason=reason, field=f"spec.namespaceLabels[{key}]", value=value, labels={key: value}, allowed_by=allowed_by
    )


def unlisted(name: str, value: Any) -> Attack:
    """A field of the release that is never passed on."""
    return Attack(reason="FieldNotAllowed", field=f"{RELEASE}.{name}", release={name: value})


def values_from(kind: str, namespace: str) -> Attack:
    """Values from another namespace."""
    return Attack(
        reason="ReferenceNotAllowed",
        field=f"{RELEASE}.valuesFrom[0].{kind}.namespace",
        value=namespace,
        allowed_by="--allowed-reference-namespaces",
        release={"valuesFrom": [{kind: {"name": "credentials", "namespace": namespace}}]},
    )


def path(text: str) -> Attack:
    """A chart outside of the repository."""
    return Attack(reason="InvalidSpec", field=f"{RELEASE}.chart.path", chart={"path": text})


def repository(url: str) -> Attack:
    """A repository that charts may not come from."""
    return Attack(
        reason="RepositoryNotAllowed",
        field=f"{RELEASE}.chart.git",
        allowed_by="--allowed-git-repositories",
        chart={"git": url},
    )


def disguise(url: str) -> Attack:
    """A URL that looks as if it led to a repository that charts may come from."""
    return Attack(reason="InvalidSpec", field=f"{RELEASE}.chart.git", chart={"git": url})


ATTACKS: Mapping[str, Attack] = {
    "a name of the cluster": Attack(
        reason="NamespaceProtected",
        field="metadata.name",
        value="kube-system",
        allowed_by="--protected-namespaces",
        name="kube-system",
    ),
    "the controller's own name": Attack(
        reason="NamespaceProtected", field="metadata.name", value="tronador-system", name="tronador-system"
    ),
    "another team's name": Attack(
        reason="NamespaceNotOwned",
        field="metadata.name",
        value="another-team",
        allowed_by=ADOPT_ANNOTATION,
        name="another-team",
    ),
    "the namespace of another environment's consent": Attack(
        reason="NamespaceNotOwned", field="metadata.name", value="given-away", name="given-away"
    ),
    "privileged pods": label("pod-security.kubernetes.io/enforce", "privileged"),
    "privileged pods by version": label("pod-security.kubernetes.io/enforce-version", "v1.0"),
    "a run level": label("openshift.io/run-level", "0"),
    "a deeper label of OpenShift": label("security.openshift.io/scc.podSecurityLabelSync", "false"),
    "the name of another namespace": label("kubernetes.io/metadata.name", "kube-system"),
    "our own label": label("tronador.stakater.com/environment", "another", reason="LabelReserved"),
    "any label of our group": label("tronador.stakater.com/anything", "x", reason="LabelReserved"),
    "who manages it": label("app.kubernetes.io/managed-by", "Helm", reason="LabelReserved"),
    "a foreign tenant": label(
        "stakater.com/tenant", "another", reason="LabelValueNotAllowed", allowed_by="--pinned-namespace-labels"
    ),
    "a Secret of the cluster": values_from("secretKeyRef", "kube-system"),
    "a Secret of the controller": values_from("secretKeyRef", "tronador-system"),
    "a ConfigMap of another team": values_from("configMapKeyRef", "another-team"),
    "a Secret by a path": values_from("secretKeyRef", "shared-a/secrets/x"),
    "a git Secret of another team": Attack(
        reason="ReferenceNotAllowed",
        field=f"{RELEASE}.chart.secretRef.namespace",
        value="another-team",
        allowed_by="--allowed-reference-namespaces",
        chart={"secretRef": {"name": "token", "namespace": "another-team"}},
    ),
    "a name that is a path": Attack(
        reason="InvalidSpec",
        field=f"{RELEASE}.valuesFrom[0].secretKeyRef.name",
        release={"valuesFrom": [{"secretKeyRef": {"name": "../../kube-system/secrets/x"}}]},
    ),
    "values from the cloud's metadata": Attack(
        reason="ExternalValuesNotAllowed",
        field=f"{RELEASE}.valuesFrom[0].externalSourceRef.url",
        allowed_by="--allow-external-values",
        release={"valuesFrom": [{"externalSourceRef": {"url": "http://169.254.169.254/latest/meta-data"}}]},
    ),
    "values from the engine's own files": Attack(
        reason="InvalidSpec",
        field=f"{RELEASE}.valuesFrom[0].chartFileRef.path",
        release={"valuesFrom": [{"chartFileRef": {"path": "../../../var/run/secrets/token"}}]},
    ),
    "another namespace": unlisted("targetNamespace", "kube-system"),
    "another account": unlisted("serviceAccountName", "default"),
    "another cluster": unlisted("kubeConfig", {"secretRef": {"name": "x"}}),
    "another chart": unlisted("chartRef", {"kind": "OCIRepository", "name": "x", "namespace": "flux-system"}),
    "another storage": unlisted("storageNamespace", "kube-system"),
    "dependencies": unlisted("dependsOn", [{"name": "x", "namespace": "flux-system"}]),
    "post-renderers": unlisted("postRenderers", [{"kustomize": {}}]),
    "deprecated secrets": unlisted("valueFileSecrets", [{"name": "x"}]),
    "install settings": unlisted("install", {"createNamespace": True}),
    "a field in other letters": unlisted("TargetNamespace", "kube-system"),
    "Helm 2": Attack(reason="InvalidSpec", field=f"{RELEASE}.helmVersion", release={"helmVersion": "v2"}),
    "a Helm repository": Attack(
        reason="FieldNotAllowed",
        field=f"{RELEASE}.chart.repository",
        chart={"repository": "https://charts.example.com"},
    ),
    "a path out of the repository": path("../../etc"),
    "a path in and out": path("deploy/../../other"),
    "a path with a hidden line": path("deploy\n/etc"),
    "a repository of the same bare name": repository("https://evil.example/stakater-lab/stakater-nordmart-inventory"),
    "a host that begins alike": repository("https://github.com.evil.example/stakater-lab/inventory"),
    "another port": repository("https://github.com:8443/stakater-lab/inventory"),
    "an organisation that begins alike": repository("https://github.com/stakater-labs/inventory"),
    "a user that looks like a host": Attack(
        reason="CredentialsInURL",
        field=f"{RELEASE}.chart.git",
        chart={"git": "https://github.com@evil.example/stakater-lab/inventory"},
    ),
    "a hidden way up": disguise("https://github.com/stakater-lab/%2e%2e/evil/inventory"),
    "a way up": disguise("https://github.com/stakater-lab/../evil/inventory"),
    "a backslash": disguise("https://github.com\\.evil.example/stakater-lab/inventory"),
    "letters that look alike": disguise("https://gıthub.com/stakater-lab/inventory"),
    "an option for git": disguise("ssh://-oProxyCommand=id/stakater-lab/inventory"),
    "a ref that is an option": Attack(
        reason="InvalidSpec", field=f"{RELEASE}.chart.ref", chart={"ref": "--upload-pack=id"}
    ),
    "a fork on the Helm Operator": Attack(
        reason="ForkNotAllowed",
        field=f"metadata.annotations[{FORK_ANNOTATION}]",
        value="true",
        allowed_by="--allow-forks-on-helm-operator",
        annotations={FORK_ANNOTATION: "true"},
        engines=("helm-operator",),
    ),
}


@pytest.fixture
def lax(cluster: Cluster, local: LocalCluster) -> Cluster:
    """A cluster with both engines' kinds, whose schema of environments lets everything through."""
    for definition in crds.definitions():
        cluster.install(definition)
    definition = environment_definition()
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"type": "object", "properties": {"spec": anything, "status": anything}}
    definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"] = schema
    cluster.install(definition)
    cluster.create_namespace("another-team", labels={"team": "another"})
    cluster.create_namespace("given-away", annotations={ADOPT_ANNOTATION: "another-environment"})
    cluster.create_namespace("shared-a")
    return cluster


@pytest.mark.parametrize("engine", ENGINES)
def test_it_is_refused_with_field_value_and_remedy_and_nothing_is_done(
    lax: Cluster, environments: Environments, start_controller: StartController, requests: Requests, engine: str
) -> None:
    start_controller(release_engine=engine, **POLICY)
    for what, attack in ATTACKS.items():
        if engine not in attack.engines:
            continue
        before, since = _namespace(lax, attack.name), requests.mark()
        environment = environments.apply(attack.manifest())
        message = environment.stalled(attack.reason)["message"]
        assert attack.field in message, what
        assert repr(attack.value) in message or not attack.value, what
        assert attack.allowed_by in message, what
        assert environment.status()["applicationStatus"] == "failed", what
        environment.delete()
        environment.gone()
        _assert_without_effect(requests, since, what)
        assert _namespace(lax, attack.name) == before, what


def _namespace(cluster: Cluster, name: str) -> dict[str, Any] | None:
    return cluster.get(NAMESPACES, name)


def _assert_without_effect(requests: Requests, since: int, what: str) -> None:
    written = {(entry.resource, entry.subresource) for entry in requests.writes(since)}
    assert written == {(ENVIRONMENTS.plural, ""), (ENVIRONMENTS.plural, "status")}, what
    # Its own finalizer, on and off, is all that it ever wrote to the environment itself.
    sent = [json.dumps(entry.body) for entry in requests.writes(since) if not entry.subresource]
    assert all("finalizers" in body and "spec" not in body for body in sent), what


# What the schema can say, it says: the author hears of it at once. The rest depends on options.
REFUSED_AT_THE_DOOR = (
    "values from the engine's own files",
    "a name that is a path",
    "a Secret by a path",
    "another namespace",
    "deprecated secrets",
    "Helm 2",
    "a Helm repository",
    "a path out of the repository",
    "a path in and out",
    "a path with a hidden line",
    "a user that looks like a host",
    "a way up",
    "a backslash",
    "letters that look alike",
    "an option for git",
    "a ref that is an option",
)


def test_the_schema_refuses_hostile_values(cluster: Cluster) -> None:
    for what in REFUSED_AT_THE_DOOR:
        document = ATTACKS[what].manifest()
        document["metadata"]["name"] = cluster.name("pr-74")
        with pytest.raises(Invalid):
            cluster.client.create(ENVIRONMENTS, document)


@pytest.mark.parametrize("name", [name for name, attack in ATTACKS.items() if attack.reason == "FieldNotAllowed"])
def test_unlisted_fields_are_refused_or_dropped(cluster: Cluster, name: str) -> None:
    document = ATTACKS[name].manifest()
    document["metadata"]["name"] = cluster.name("pr-74")
    try:
        created = cluster.client.create(ENVIRONMENTS, document)
    except Invalid:
        return
    assert created["spec"]["application"]["release"].keys() == {"chart", "releaseName", "values"}


PASSWORD_URLS = (
    "https://alice:hunter2@github.com/stakater-lab/inventory",
    "https://hunter2@github.com/stakater-lab/inventory",
    "HTTPS://alice:hunter2@github.com/stakater-lab/inventory",
    "ssh://alice:hunter2@github.com/stakater-lab/inventory",
    "https://alice:hunter2%40github.com/stakater-lab/inventory",
    "https://github.com/stakater-lab/inventory?access_token=hunter2",
)


def test_a_password_in_a_url_appears_in_no_log_line_event_or_status(
    lax: Cluster, environments: Environments, start_process: StartProcess
) -> None:
    process = start_process("--log-level=debug", release_engine="helm-operator")
    release = {"chart": CHART, "repositoryOfAnother": "https://alice:hunter2@charts.example.com"}
    documents = [
        *(manifest(f"url-{number}", chart={**CHART, "git": url}) for number, url in enumerate(PASSWORD_URLS)),
        manifest("field", **release),
    ]
    for document in documents:
        environment = environments.apply(document)
        environment.until(lambda obj: _is_stalled(obj), "it is stalled")
        eventually(lambda environment=environment: _has_event(environment), "an Event reports the refusal")
        assert "hunter2" not in json.dumps([environment.status(), environment.events()])
        process.logged("status", environment.name)
    assert "hunter2" not in json.dumps(lax.list(CORE_EVENTS, "default"))
    assert process.output()
    assert "hunter2" not in process.output()


def _is_stalled(obj: Mapping[str, Any]) -> bool:
    return any(c["type"] == "Stalled" for c in obj["status"]["conditions"])


def _has_event(environment: Environment) -> bool:
    return any(event["reason"] == "Stalled" for event in environment.events())


@pytest.fixture(params=ENGINES)
def answering(request: pytest.FixtureRequest, both_engines: Cluster) -> Iterator[str]:
    """Each of the two engines in turn, answering at once."""
    engine = Engine(both_engines, double=DOUBLES[request.param])
    engine.start()
    yield request.param
    engine.close()


def test_names_that_are_crafted_to_collide_are_two_environments(
    cluster: Cluster, environments: Environments, answering: str, start_controller: StartController
) -> None:
    start_controller(release_engine=answering)
    # Names join to the same text in both, or one is the other's release; a release's name counts in its namespace only.
    crafted = {"shop-a": "b", "shop": "a-b", "a-b": "{}shop", "b": "{}b", "shop-a-b": "{}shop-a"}
    # What is random must come first, or they would not collide on a real cluster.
    unique = cluster.beginning
    crafted = {name: release.format(unique) for name, release in crafted.items()}
    made = {
        name: environments.apply(manifest(f"{unique}{name}", releaseName=release)) for name, release in crafted.items()
    }
    for environment in made.values():
        environment.deployed()
    releases = RELEASES[answering]

    def uid(name: str) -> str:
        return str(cluster.client.get(releases, crafted[name], namespace=made[name].name)["metadata"]["uid"])

    uids = {name: uid(name) for name in crafted}
    made["shop"].patch_release(releaseName="b")
    made["shop"].deployed()
    made["shop-a"].delete()
    made["shop-a"].gone()

    for name in crafted.keys() - {"shop", "shop-a"}:
        assert uid(name) == uids[name]
        assert made[name].storage(crafted[name])
    assert made["shop"].storage("b")
    assert not made["shop"].storage("a-b")
