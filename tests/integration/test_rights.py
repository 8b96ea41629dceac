"""The rights in manifests/rbac are enough for everything that the controller does, and none of them is too much.

One journey per engine leads past everything that the controller can ask for. It ends at once where it is refused
something. With all rights it comes to its end; with any one of them taken away it does not.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from controller.api import flux
from controller.api.helm_operator import HELM_RELEASES
from controller.api.rbac import ENVIRONMENT_BINDING, ENVIRONMENT_ROLE, RBAC_GROUP, ROLE_BINDINGS
from controller.api.tronador_config import CONFIG_NAME, TRONADOR_CONFIGS
from controller.apimachinery.resources import CONFIG_MAPS, NAMESPACES, Resource
from controller.app.options import Options as RunOptions
from hack.localcluster import Options
from hack.localcluster.audit import AuditEntry
from hack.standins import crds, plays
from hack.yamlfiles import documents
from tests.integration.support.clusters import Cluster, config_definition, environment_definition, running_cluster
from tests.integration.support.controllers import ThreadedController
from tests.integration.support.engines import DOUBLES, Engine
from tests.integration.support.environments import RELEASE, Environment, Environments, is_deployed, tag
from tests.integration.support.requests import Requests, summary
from tests.integration.support.variables import REAL_KUBECONFIG
from tests.integration.support.waiting import eventually

RBAC = Path(__file__).parents[2] / "manifests" / "rbac"
ENGINES = ("helm-operator", "flux")
CLUSTER_ROLES = Resource(RBAC_GROUP, "v1", "clusterroles", "ClusterRole", namespaced=False)
ROLES = Resource(RBAC_GROUP, "v1", "roles", "Role", namespaced=True)
# Patient, because a busy machine renews late.
LEADER = {"leader_elect": True, "lease_duration": 30.0, "lease_renew_deadline": 20.0, "lease_retry_period": 0.1}
# Charts may make something that the controller itself may not: so it has to be allowed to bind that role by name.
OPT_IN = {
    "apiVersion": CLUSTER_ROLES.api_version,
    "kind": CLUSTER_ROLES.kind,
    "metadata": {"name": "charts-make-more", "labels": {"tronador.stakater.com/aggregate-to-release": "true"}},
    "rules": [{"apiGroups": ["cert-manager.io"], "resources": ["certificates"], "verbs": ["create"]}],
}

STREAMS = pytest.mark.skipif(
    bool(REAL_KUBECONFIG), reason="a server that streams the initial state gets no list request"
)
# In seconds. A refusal that is repeated for longer is not one of a binding that is too new.
NEW_RIGHTS = 5.0


class Refused(AssertionError):
    """The controller was refused something."""


@dataclass(frozen=True, slots=True)
class Right:
    """One verb of one rule of one role of the controller's."""

    kind: str
    role: str
    rule: int
    verb: str

    def __str__(self) -> str:
        rule = roles()[self.kind, self.role]["rules"][self.rule]
        return f"{self.verb} {'/'.join(rule['resources'])} {'/'.join(rule['apiGroups']) or 'core'}"

    def taken_from(self, role: dict[str, Any]) -> dict[str, Any]:
        """The role without it."""
        reduced = copy.deepcopy(role)
        reduced["rules"][self.rule]["verbs"].remove(self.verb)
        reduced["rules"] = [rule for rule in reduced["rules"] if rule["verbs"]]
        return reduced


def roles() -> dict[tuple[str, str], dict[str, Any]]:
    """The roles that give the controller its rights outside of environments."""
    found = documents(RBAC / "controller.yaml")
    return {(d["kind"], d["metadata"]["name"]): d for d in found if d["kind"] in ("ClusterRole", "Role")}


def rights() -> list[Right]:
    """Everything that manifests/rbac/controller.yaml grants."""
    return [
        Right(kind, name, position, verb)
        for (kind, name), role in roles().items()
        for position, rule in enumerate(role["rules"])
        for verb in rule["verbs"]
    ]


class Journey:
    """Leads one controller with one engine past all that it does.

    Every step waits for its effect in the cluster, or for the controller being refused something. Without
    `initial_events` the server streams no initial states, as older ones, so that they are listed.
    """

    def __init__(self, cluster: Cluster, engine: str) -> None:
        self._cluster = cluster
        self._client = cluster.client
        self._engine = engine
        self._environments = Environments(cluster)
        self.requests = Requests(cluster.audit)
        self._knows_rights_at_once = cluster.local is not None

    def go(self) -> None:
        """From the first lease to the last finalizer. Raises Refused."""
        environment, other = self._create("pr-74"), self._create("pr-75")
        self._labels_and_values(environment)
        self._stripped_objects(environment)
        if self._engine == "helm-operator":
            self._failure(environment)
        self._shared(environment)
        self._renamed(environment)
        self._lost_namespace(environment)
        self._tamper(environment, role=ENVIRONMENT_ROLE)
        self._tamper(other, role="view")
        for each in (environment, other):
            each.delete()
        for each in (environment, other):
            self._until(lambda each=each: not each.exists(), f"{each.name} is gone")

    def _create(self, name: str) -> Environment:
        environment = self._environments.create(name)
        self._deployed(environment)
        return environment

    def _labels_and_values(self, environment: Environment) -> None:
        environment.patch({"namespaceLabels": {"team": "gabbar"}})
        self._until(lambda: environment.labels().get("team") == "gabbar", "the label is there")
        # Twice the same Event: the second is counted by a patch of the first. Both are references to one branch.
        for text, ref in (("two", f"refs/heads/{RELEASE}"), ("three", RELEASE)):
            environment.patch_release(values=tag(text), chart={"ref": ref})
            self._until(lambda text=text: text in json.dumps(self._release(environment)), "the values are there")
            self._deployed(environment)
        self._until(lambda: self.requests.count("patch", "events"), "a repeated Event is counted")

    def _stripped_objects(self, environment: Environment) -> None:
        for resource in self._resources():
            self._client.patch(resource, RELEASE, {"metadata": {"labels": None}}, namespace=environment.name)
            self._until(
                lambda resource=resource: self._cluster.get(resource, RELEASE, environment.name)["metadata"].get(
                    "labels"
                ),
                f"the labels of the {resource.kind} are back",
            )

    def _failure(self, environment: Environment) -> None:
        for operation, text in (("upgrade", "four"), (None, "five")):
            failing = {"metadata": {"annotations": {plays.FAIL: operation}}}
            self._client.patch(HELM_RELEASES, RELEASE, failing, namespace=environment.name)
            environment.patch_release(values=tag(text))
            state = "failed" if operation else "deployed"
            self._until(lambda state=state: environment.status().get("applicationStatus") == state, f"it has {state}")
        self._until(lambda: self.requests.count("list", "pods"), "the Pods were read after the failure")

    def _shared(self, environment: Environment) -> None:
        """The platform team gives something to every environment, and takes it back."""
        config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "shared"}}
        namespace = RunOptions().namespace
        body = {
            "apiVersion": TRONADOR_CONFIGS.api_version,
            "kind": TRONADOR_CONFIGS.kind,
            "metadata": {"name": CONFIG_NAME, "namespace": namespace},
            "resources": {"manifests": [config_map]},
        }
        self._client.create(TRONADOR_CONFIGS, body, namespace=namespace)

        def config() -> dict[str, Any]:
            return self._client.get(TRONADOR_CONFIGS, CONFIG_NAME, namespace=namespace)

        self._until(lambda: (config().get("status") or {}).get("environments") == 2, "it is counted")
        self._client.delete(TRONADOR_CONFIGS, CONFIG_NAME, namespace=namespace)
        self._until(lambda: not self._cluster.get(CONFIG_MAPS, "shared", environment.name), "it is taken back")

    def _renamed(self, environment: Environment) -> None:
        environment.patch_release(releaseName="renamed")
        self._deployed(environment)
        self._until(lambda: not self._release(environment), "the old release is gone")

    def _lost_namespace(self, environment: Environment) -> None:
        # Suspended, because a request to a namespace that is being deleted may be refused: its bindings go first.
        environment.patch({"suspend": True})
        self._until(lambda: environment.status().get("applicationStatus") == "suspended", "it is suspended")
        self._client.delete(NAMESPACES, environment.name)
        self._until(lambda: self._cluster.get(NAMESPACES, environment.name) is None, "the namespace is gone")
        environment.patch({"suspend": False})
        self._deployed(environment)

    def _tamper(self, environment: Environment, *, role: str) -> None:
        """Put a binding that is not ours in the place of ours."""
        body = {
            "apiVersion": ROLE_BINDINGS.api_version,
            "kind": ROLE_BINDINGS.kind,
            "metadata": {"name": ENVIRONMENT_BINDING, "namespace": environment.name},
            "roleRef": {"apiGroup": RBAC_GROUP, "kind": "ClusterRole", "name": role},
            "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": environment.name}],
        }
        if self._cluster.get(ROLE_BINDINGS, ENVIRONMENT_BINDING, environment.name):
            self._client.delete(ROLE_BINDINGS, ENVIRONMENT_BINDING, namespace=environment.name)
        self._client.create(ROLE_BINDINGS, body, namespace=environment.name)

    def _deployed(self, environment: Environment) -> None:
        self._until(lambda: is_deployed(environment.get()), f"{environment.name} is deployed")

    def _resources(self) -> tuple[Resource, ...]:
        return (flux.GIT_REPOSITORIES, flux.HELM_RELEASES) if self._engine == "flux" else (HELM_RELEASES,)

    def _release(self, environment: Environment) -> dict[str, Any] | None:
        return self._cluster.get(self._resources()[-1], RELEASE, environment.name)

    def _until(self, holds: Callable[[], object], what: str) -> None:
        eventually(lambda: self._check() or holds(), what)

    def _check(self) -> None:
        if refused := self.refused():
            raise Refused(refused[0])

    def refused(self) -> list[str]:
        """What the controller was refused so far; on a real cluster what it still is some seconds later.

        An Event is not posted again, and needs no binding of an environment: it counts at once.
        """
        entries = self.requests.all()
        refused = [entry for entry in entries if entry.code == 403]
        if self._knows_rights_at_once:
            return [summary(entry) for entry in refused]
        last = {_asked(entry): entry for entry in entries}
        first = {_asked(entry): entry for entry in reversed(refused)}
        return [
            summary(entry)
            for asked, entry in first.items()
            if entry.resource == "events" or (last[asked].code == 403 and last[asked].time - entry.time >= NEW_RIGHTS)
        ]


def _asked(entry: AuditEntry) -> tuple[str, str, str]:
    return entry.verb, f"{entry.path}/{entry.name}", entry.subresource


@contextmanager
def journey(engine: str, *, without: Right | None = None) -> Iterator[Journey]:
    """A journey that can begin, with all rights but one."""
    # A server that streams no initial states, as an older one does: then they are listed. It knows new rights at once:
    # every refusal counts.
    with running_cluster(Options(initial_events=False, rights_delay=0.0)) as cluster:
        cluster.install(environment_definition())
        cluster.install(config_definition())
        for definition in crds.definitions():
            cluster.install(definition)
        cluster.put(CLUSTER_ROLES, OPT_IN)
        eventually(
            lambda: "cert-manager" in json.dumps(cluster.client.get(CLUSTER_ROLES, "tronador-release")), "opted in"
        )
        if without is not None:
            _take(cluster, without)
        installs = Engine(cluster, double=DOUBLES[engine])
        installs.start()
        options = {**LEADER, "release_engine": engine, "discover_urls": True}
        controller = ThreadedController(cluster.controller_kubeconfig, **options)
        try:
            controller.start(wait=False)
            yield Journey(cluster, engine)
        finally:
            controller.stop()
            installs.close()
            if without is not None:
                cluster.put(_resource(without), roles()[without.kind, without.role])


def _take(cluster: Cluster, right: Right) -> None:
    role = right.taken_from(roles()[right.kind, right.role])
    namespace = role["metadata"].get("namespace", "")
    cluster.client.patch(_resource(right), right.role, {"rules": role["rules"]}, namespace=namespace)


def _resource(right: Right) -> Resource:
    return CLUSTER_ROLES if right.kind == "ClusterRole" else ROLES


@pytest.mark.parametrize("engine", ENGINES)
def test_the_rights_in_the_manifests_are_sufficient(engine: str) -> None:
    with journey(engine) as whole:
        whole.go()
        assert whole.refused() == []


def _engine_of(right: Right) -> str:
    """The engine whose journey needs the right."""
    rule = roles()[right.kind, right.role]["rules"][right.rule]
    needs_flux = any("fluxcd.io" in group and group != HELM_RELEASES.group for group in rule["apiGroups"])
    return "flux" if needs_flux or rule["verbs"] == ["bind"] else "helm-operator"


@pytest.mark.slow
@pytest.mark.parametrize(
    "right", [pytest.param(right, marks=STREAMS if right.verb == "list" else []) for right in rights()], ids=str
)
def test_removing_any_right_causes_a_refusal(right: Right) -> None:
    with journey(_engine_of(right), without=right) as lamed, pytest.raises(Refused):
        lamed.go()


# One line for the quick tests: what is granted and never asked for is found in the audit log too.
@STREAMS
def test_every_granted_right_is_used() -> None:
    asked: set[tuple[str, str, str]] = set()
    for engine in ENGINES:
        with journey(engine) as whole:
            whole.go()
            asked |= {
                (entry.group, "/".join(filter(None, (entry.resource, entry.subresource))), entry.verb)
                for entry in whole.requests.all()
            }
    granted = {
        (group, resource, verb)
        for role in roles().values()
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
        if verb != "bind"
    }
    assert granted - asked == set()
