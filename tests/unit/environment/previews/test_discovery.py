"""When the controller looks for URLs, and what an environment shows of them, in whole environments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from controller.api.environment import ADOPT_ANNOTATION, ENVIRONMENTS, PREVIEW_URL_ANNOTATION, RECONCILE_AT_ANNOTATION
from controller.api.rbac import ROLE_BINDINGS
from controller.apimachinery.errors import ApiError, ConnectionLost, status_error
from controller.apimachinery.resources import NAMESPACES, Resource
from controller.environment import engines
from controller.environment.options import EnvironmentOptions
from controller.environment.previews import discovery
from controller.environment.previews.kinds import HTTP_ROUTES, INGRESSES, ROUTES, SERVICES
from tests.unit.environment.simulation.fake_operator import DOMAIN
from tests.unit.environment.simulation.world import World
from tests.unit.environment.support.builders import NAME, RELEASE_NAME, environment, operator_options

URL = f"https://{RELEASE_NAME}.{DOMAIN}"
ROUTE = {
    "metadata": {"name": "gate", "namespace": NAME},
    "spec": {"hostnames": ["gate.example.com"]},
    "status": {"parents": [{"conditions": [{"type": "Accepted", "status": "True"}]}]},
}


class Looks:
    """A world, and which kinds the controller lists in it."""

    def __init__(self, options: EnvironmentOptions) -> None:
        self.world = World(options)
        self.api = self.world.api
        self.listed: list[Resource] = []
        # By kind, how the API server refuses to list it; None: for ever.
        self.refused: dict[Resource, ApiError] = {}
        # Whether the chart has no Ingress.
        self.is_hidden = False
        self.api.refuse = self._refuse

    def _refuse(self, verb: str, resource: Resource, namespace: str, name: str) -> ApiError | None:
        if verb != "list" or resource not in (*discovery._BUILT_IN, *discovery._OPTIONAL):
            return None
        assert namespace == NAME
        self.listed.append(resource)
        if self.is_hidden:
            self.api.remove(INGRESSES, RELEASE_NAME, NAME)
        return self.refused.get(resource)

    def deploy(self) -> None:
        """Create the environment, and run until it is at rest."""
        self.api.put(ENVIRONMENTS, environment(finalizers=(), uid=""))
        self.world.run(NAME)

    def find_nothing_once(self) -> None:
        """Create the environment, and run until the first look. What leads to a URL does not exist yet."""
        self.is_hidden = True
        self.api.put(ENVIRONMENTS, environment(finalizers=(), uid=""))
        while not self.listed:
            self.world.sync()
            self.world.reconcile(NAME)
            self.world.engines_step()
            self.world.seconds += 0.01

    def annotate(self, name: str, value: str | None) -> None:
        """Set an annotation of the environment."""
        self.api.edit(
            ENVIRONMENTS, NAME, "", lambda obj: obj["metadata"].setdefault("annotations", {}).update({name: value})
        )

    @property
    def status(self) -> dict[str, Any]:
        """The status of the environment."""
        found = self.api.peek(ENVIRONMENTS, NAME)
        assert found is not None
        status: dict[str, Any] = found["status"]
        return status

    @property
    def deployed_writes(self) -> int:
        """The writes of the status."""
        return sum(write.subresource == "status" for write in self.api.writes)


@pytest.fixture
def make() -> Callable[..., Looks]:
    """Makes worlds whose controller looks for URLs."""

    def make(**options: Any) -> Looks:
        account = {"service_account": "tronador-controller", "own_namespace": "tronador-system"}
        return Looks(operator_options(**{**account, "discover_urls": True, **options}))

    return make


def forbidden() -> ApiError:
    """A 403."""
    return status_error(403, {"kind": "Status", "code": 403, "reason": "Forbidden", "message": "forbidden"})


def push(looks: Looks) -> None:
    """Another commit is deployed."""
    looks.api.edit(ENVIRONMENTS, NAME, "", lambda obj: obj["spec"]["application"]["release"].update(values={"a": 1}))
    looks.world.run(NAME)


@pytest.mark.parametrize("engine", [engine.name for engine in engines.ENGINES.values()])
def test_the_url_stands_in_the_write_that_says_deployed(make, engine):
    looks = make(release_engine=engine, status_settle=60.0)
    looks.deploy()
    assert looks.status["url"] == URL
    assert looks.status["urls"] == [{"url": URL, "kind": "Ingress", "name": RELEASE_NAME}]
    assert looks.status["applicationStatus"] == "deployed"
    assert looks.deployed_writes == 1
    assert looks.listed == [INGRESSES, SERVICES]


def test_nothing_is_read_again_until_another_generation_is_deployed(make):
    looks = make()
    looks.deploy()
    looks.listed.clear()
    for seconds in (0.1, 60.0, 3600.0):
        looks.world.seconds += seconds
        looks.world.run(NAME)
    looks.world.restart()
    looks.world.run(NAME)
    assert looks.listed == []
    push(looks)
    assert looks.listed == [INGRESSES, SERVICES]
    assert looks.status["url"] == URL


def test_a_request_for_a_reconcile_looks_again(make):
    looks = make()
    looks.deploy()
    looks.api.edit(INGRESSES, RELEASE_NAME, NAME, lambda obj: obj["spec"]["rules"][0].update(host="new.example.com"))
    looks.annotate(RECONCILE_AT_ANNOTATION, "now")
    looks.world.run(NAME)
    assert looks.status["url"] == "http://new.example.com"


@pytest.mark.parametrize("kind", [INGRESSES, SERVICES])
def test_a_look_that_fails_takes_back_no_url(make, kind):
    looks = make()
    looks.deploy()
    looks.refused[kind] = status_error(503, {"kind": "Status", "code": 503, "reason": "Timeout", "message": "later"})

    looks.annotate(RECONCILE_AT_ANNOTATION, "now")
    looks.world.run(NAME)

    assert looks.listed.count(kind) > 1
    assert looks.status["url"] == URL


def test_a_declared_url_ends_the_looks(make):
    looks = make()
    looks.find_nothing_once()
    looks.annotate(PREVIEW_URL_ANNOTATION, "https://declared.example.com")
    looks.world.run(NAME)

    assert looks.status["url"] == "https://declared.example.com"
    assert looks.world.seconds < 10


def test_while_nothing_is_found_the_looks_become_rarer_and_end_after_two_minutes(make):
    looks = make()
    looks.is_hidden = True
    looks.deploy()
    assert looks.listed == [INGRESSES, SERVICES] * (1 + len(discovery.PAUSES))
    assert discovery.WINDOW == 120.0
    assert looks.world.seconds == pytest.approx(discovery.WINDOW, abs=5.0)
    assert looks.deployed_writes == 1
    assert not {"url", "urls"} & looks.status.keys()
    looks.listed.clear()
    looks.world.restart()
    looks.world.seconds += 3600.0
    looks.world.run(NAME)
    assert looks.listed == []


def test_a_url_that_comes_late_is_found_and_written_once(make):
    looks = make()
    looks.is_hidden = True
    looks.api.put(ENVIRONMENTS, environment(finalizers=(), uid=""))
    while len(looks.listed) < 6:
        looks.world.sync()
        pause = looks.world.reconcile(NAME).requeue_after
        looks.world.engines_step()
        looks.world.seconds += pause or 0.01
    looks.is_hidden = False
    service = {
        "metadata": {"name": "shop", "namespace": NAME, "annotations": {"tronador.stakater.com/expose": "true"}},
        "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]},
        "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}},
    }
    looks.api.put(SERVICES, service)
    before = looks.deployed_writes
    looks.world.run(NAME)
    assert looks.status["url"] == "http://192.0.2.1"
    assert len(looks.listed) == 8
    assert looks.deployed_writes == before + 1


def test_a_restart_within_the_two_minutes_does_not_end_the_looks(make):
    looks = make()
    looks.find_nothing_once()
    looks.world.restart()
    looks.world.seconds += 1.0
    looks.is_hidden = False
    looks.api.put(INGRESSES, {"metadata": {"name": "x", "namespace": NAME}, "spec": {"rules": [{"host": "x.example"}]}})
    looks.world.run(NAME)
    assert looks.status["url"] == "http://x.example"


def test_events_of_the_cluster_cause_no_look_before_its_time(make):
    looks = make()
    looks.find_nothing_once()
    looks.listed.clear()
    for number in range(20):
        looks.annotate("example.com/noise", str(number))
        looks.world.sync()
        assert 0 < (looks.world.reconcile(NAME).requeue_after or 0.0) <= 1.0
    assert looks.listed == []


def test_a_kind_that_the_cluster_serves_is_read_and_comes_first(make):
    looks = make()
    looks.api.serves |= {HTTP_ROUTES, ROUTES}
    looks.api.put(HTTP_ROUTES, ROUTE)
    looks.deploy()
    assert looks.listed == [INGRESSES, SERVICES, HTTP_ROUTES, ROUTES]
    assert [entry["url"] for entry in looks.status["urls"]] == ["https://gate.example.com", URL]


def test_of_any_number_of_objects_only_the_first_ones_are_read(make):
    looks = make()
    for number in range(discovery.LIMIT):
        looks.api.put(INGRESSES, {"metadata": {"name": f"a-{number:03}", "namespace": NAME}, "spec": {}})
    looks.deploy()

    # That of the chart comes after them.
    assert "url" not in looks.status


def test_a_kind_that_may_not_be_read_is_named_in_one_event(make):
    looks = make()
    looks.api.serves |= {HTTP_ROUTES}
    looks.refused[HTTP_ROUTES] = forbidden()
    looks.api.put(HTTP_ROUTES, ROUTE)
    looks.deploy()
    assert looks.status["url"] == URL
    assert looks.world.recorded.events.count("URLsNotRead") == 1
    [note] = [note for note in looks.world.recorded.notes if "HTTPRoute" in note]
    assert "list httproutes.gateway.networking.k8s.io in namespace shop-74" in note
    assert 'tronador.stakater.com/aggregate-to-environment="true"' in note
    assert looks.deployed_writes == 1


def test_a_forbidden_kind_is_named_once_even_if_nothing_is_found(make):
    looks = make()
    looks.is_hidden = True
    looks.api.serves |= {HTTP_ROUTES}
    looks.refused[HTTP_ROUTES] = forbidden()
    looks.deploy()
    assert looks.world.recorded.events.count("URLsNotRead") == 1


@pytest.mark.parametrize(
    "error",
    [
        ConnectionLost("reset"),
        status_error(503, {"kind": "Status", "code": 503, "reason": "ServiceUnavailable", "message": "no"}),
        status_error(400, {"kind": "Status", "code": 400, "reason": "BadRequest", "message": "no"}),
    ],
    ids=["lost", "503", "400"],
)
def test_a_kind_that_cannot_be_read_holds_nothing_up(make, error):
    looks = make(status_settle=60.0)
    looks.api.silent[ROUTES.api_version] = error
    looks.refused[SERVICES] = error
    looks.deploy()
    assert looks.status["url"] == URL
    assert looks.deployed_writes == 1
    assert looks.status["conditions"][0] | {"lastTransitionTime": "", "message": ""} == {
        "type": "Ready",
        "status": "True",
        "reason": "Deployed",
        "observedGeneration": 1,
        "lastTransitionTime": "",
        "message": "",
    }


def test_a_missing_role_binding_is_made_again_and_then_the_url_is_found(make):
    looks = make()
    binding = "tronador-controller"
    looks.api.put(ENVIRONMENTS, environment(finalizers=(), uid=""))
    looks.world.sync()
    looks.world.reconcile(NAME)
    looks.api.remove(ROLE_BINDINGS, binding, NAME)

    def refuse(verb: str, resource: Resource, namespace: str, name: str) -> ApiError | None:
        is_bound = looks.api.peek(ROLE_BINDINGS, binding, NAME) is not None
        return forbidden() if verb == "list" and resource in (INGRESSES, SERVICES) and not is_bound else None

    looks.api.refuse = refuse
    looks.world.run(NAME)
    assert looks.api.peek(ROLE_BINDINGS, binding, NAME) is not None
    assert looks.status["url"] == URL
    assert "URLsNotRead" not in looks.world.recorded.events


def test_without_an_account_of_its_own_the_controller_makes_no_binding(make):
    looks = make(service_account="")
    looks.deploy()
    assert looks.api.all(ROLE_BINDINGS) == []
    assert looks.status["url"] == URL


def test_no_look_and_no_binding_if_urls_are_not_to_be_discovered(make):
    looks = make(discover_urls=False)
    looks.deploy()
    assert looks.listed == looks.api.all(ROLE_BINDINGS) == []
    assert "url" not in looks.status


def test_switching_the_discovery_off_removes_what_was_found(make):
    looks = make()
    looks.deploy()
    looks.world.options = operator_options(service_account="tronador-controller", own_namespace="tronador-system")
    looks.world.restart()
    looks.world.run(NAME)
    assert not {"url", "urls"} & looks.status.keys()


def test_a_declared_url_comes_first_and_follows_its_annotation(make):
    looks = make(url_template="https://{{ENVIRONMENT_NAME}}.example.com")
    looks.deploy()
    template = {"url": f"https://{NAME}.example.com", "kind": "EnvironmentProvisioner", "name": NAME}
    found = {"url": URL, "kind": "Ingress", "name": RELEASE_NAME}
    assert looks.status["urls"] == [template, found]
    looks.listed.clear()
    looks.annotate(PREVIEW_URL_ANNOTATION, "https://mine.example.com")
    looks.world.run(NAME)
    assert looks.status["url"] == "https://mine.example.com"
    assert looks.status["urls"] == [template | {"url": "https://mine.example.com"}, found]
    assert looks.listed == []


def test_the_url_stays_while_the_next_snapshot_is_on_its_way(make):
    looks = make(status_settle=0.0)
    looks.deploy()
    looks.is_hidden = True
    looks.api.edit(ENVIRONMENTS, NAME, "", lambda obj: obj["spec"]["application"]["release"].update(values={"a": 1}))
    looks.world.sync()
    looks.world.reconcile(NAME)
    assert looks.status["applicationStatus"] != "deployed"
    assert looks.status["url"] == URL
    looks.world.run(NAME)
    assert looks.status["applicationStatus"] == "deployed"
    assert "url" not in looks.status


def test_the_url_stays_if_the_next_snapshot_is_refused(make):
    looks = make()
    looks.deploy()
    looks.annotate(PREVIEW_URL_ANNOTATION, "ftp://mine.example.com")
    looks.world.run(NAME)
    assert looks.status["applicationStatus"] == "failed"
    assert looks.status["url"] == URL


def test_an_adopted_namespace_shows_only_what_belongs_to_the_release(make):
    looks = make()
    annotations = {ADOPT_ANNOTATION: NAME}
    looks.api.put(NAMESPACES, {"metadata": {"name": NAME, "labels": {}, "annotations": annotations}})
    other = {"metadata": {"name": "a", "namespace": NAME}, "spec": {"rules": [{"host": "other.example.com"}]}}
    looks.api.put(INGRESSES, other)
    own = {"meta.helm.sh/release-name": RELEASE_NAME}
    ours = {
        "metadata": {"name": "b", "namespace": NAME, "annotations": own},
        "spec": {"rules": [{"host": "b.example"}]},
    }
    looks.api.put(INGRESSES, ours)
    looks.deploy()
    assert [entry["name"] for entry in looks.status["urls"]] == ["b"]


def test_the_url_goes_with_the_namespace(make):
    looks = make(status_settle=0.0)
    looks.deploy()
    looks.api.edit(NAMESPACES, NAME, "", lambda obj: obj["metadata"].update(finalizers=["example.com/keep"]))
    looks.api.remove(ENVIRONMENTS, NAME)
    for _ in range(8):
        looks.world.sync()
        looks.world.reconcile(NAME)
        looks.world.engines_step()
        looks.world.seconds += 1.0
    assert looks.status["applicationStatus"] == "uninstalling"
    assert not {"url", "urls"} & looks.status.keys()
