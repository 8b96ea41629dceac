"""What is said on the TronadorConfig, and which environments a change of it, or of a Secret, concerns."""

import itertools
from collections import Counter
from contextlib import suppress
from datetime import timedelta

import pytest

from controller.api.tronador_config import CONFIG_NAME, TRONADOR_CONFIGS
from controller.apimachinery import conditions, objects
from controller.apimachinery.errors import ApiError, ConnectionLost, RequestTimeout, status_error
from controller.apimachinery.resources import CONFIG_MAPS, NAMESPACES, SECRETS
from controller.runtime.reconcile import Request, Result
from controller.tronadorconfig.content import recipients
from controller.tronadorconfig.content.options import TronadorConfigOptions
from controller.tronadorconfig.content.shares import Concerned, Shares
from controller.tronadorconfig.reconciling.reconciler import ConfigReconciler
from tests.unit.environment.support.builders import GIT, NOW, environment

OWN = "tronador-system"
KEY = f"{OWN}/{CONFIG_NAME}"
LOCATION = GIT.removeprefix("https://")
PROXY = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "proxy"}}
READY = {"conditions": [{"type": "ResourcesReady", "status": "True"}]}


def _config(manifests=(), *, name=CONFIG_NAME, status=None, generation=3, **spec):
    metadata = {"name": name, "namespace": OWN, "generation": generation, "resourceVersion": "7"}
    body = {"metadata": metadata, "resources": {"manifests": list(manifests)}, "spec": spec}
    return body | ({"status": status} if status else {})


def _secret(name, **data):
    return {"metadata": {"name": name, "namespace": OWN}, "data": data}


class _World:
    def __init__(self, config=None, *, environments=(), secrets=()):
        self.patches = []
        self.refusal = None
        self.silent = {}
        self.environments = list(environments)
        self.now = NOW
        self.configs = {KEY: config} if config else {}
        self.shares = Shares(
            configs=self.configs,
            secrets={objects.key(secret): secret for secret in secrets},
            options=TronadorConfigOptions(own_namespace=OWN),
        )
        self.concerned = Concerned(shares=self.shares, environments=self)
        self._reconciler = ConfigReconciler(
            client=self,
            shares=self.shares,
            environments=self,
            served=self._served,
            now=lambda: self.now,
            monotonic=lambda: (self.now - NOW).total_seconds(),
            recheck_interval=5.0,
        )

    def by_index(self, index, value):
        assert index == recipients.INDEX
        return tuple(obj for obj in self.environments if recipients.index(obj) == (value,))

    def index_sizes(self, index):
        assert index == recipients.INDEX
        return Counter(value for obj in self.environments for value in recipients.index(obj))

    def _served(self, version):
        if version in self.silent:
            raise self.silent[version]
        return frozenset({SECRETS, CONFIG_MAPS, NAMESPACES}) if version == "v1" else frozenset()

    def patch(self, resource, name, body, *, namespace="", subresource=""):
        if self.refusal:
            raise self.refusal
        assert (resource, name, namespace, subresource) == (TRONADOR_CONFIGS, CONFIG_NAME, OWN, "status")
        assert body["metadata"] == {"resourceVersion": "7"}
        self.patches.append(body["status"])
        self.configs[KEY] = {**self.configs[KEY], "status": {**self.configs[KEY].get("status", {}), **body["status"]}}
        return self.configs[KEY]

    def reconcile(self):
        return self._reconciler.reconcile(Request(KEY))

    def condition(self, type_):
        return conditions.find(self.configs[KEY]["status"]["conditions"], type_)


def test_a_valid_config_becomes_ready_once():
    deleting = environment(name="going", status=READY, deleting=True)
    world = _World(
        _config([PROXY]), environments=[environment(name="a", status=READY), environment(name="b"), deleting]
    )

    assert world.reconcile() == Result()
    assert world.condition("Ready")["status"] == "True"
    assert world.condition("Stalled") is None
    assert world.patches[0]["environments"] == 1
    assert world.patches[0]["observedGeneration"] == 3
    world.now += timedelta(hours=1)
    assert world.reconcile() == Result()
    assert len(world.patches) == 1


def test_environments_without_shared_resources_do_not_count():
    world = _World(_config(), environments=[environment(status=READY)])
    world.reconcile()
    assert world.patches[0]["environments"] == 0


@pytest.mark.parametrize(
    ("config", "reason", "again"),
    [
        (_config([PROXY | {"metadata": {}}]), "InvalidManifest", None),
        (_config([PROXY | {"apiVersion": "example.com/v1"}]), "UnknownKind", 5.0),
        (_config([PROXY, PROXY | {"kind": "Namespace"}]), "ClusterScopedKind", None),
        (_config(copySecrets=[{"name": "absent"}]), "SecretMissing", 5.0),
    ],
)
def test_problems_are_reported_and_rechecked_if_no_watch_would_notice(config, reason, again):
    world = _World(config)
    assert world.reconcile() == Result(requeue_after=again)
    assert (world.condition("Ready")["status"], world.condition("Ready")["reason"]) == ("False", reason)
    assert world.condition("Stalled")["status"] == "True"


def test_nothing_is_written_without_a_config_of_the_right_name():
    assert _World().reconcile() == Result()
    world = _World()
    world.configs[f"{OWN}/other"] = _config(name="other")
    assert world.reconcile() == Result()
    assert world.patches == []


@pytest.mark.parametrize(("code", "reason"), [(409, "Conflict"), (404, "NotFound")])
def test_a_config_that_changed_meanwhile_is_reconciled_again(code, reason):
    world = _World(_config([PROXY]))
    world.refusal = status_error(code, {"kind": "Status", "reason": reason, "message": "changed"})
    assert world.reconcile() == Result(requeue=True)


# What cannot be known

METRIC = PROXY | {"apiVersion": "metrics.k8s.io/v1beta1", "kind": "NodeMetrics"}
UNAVAILABLE = status_error(503, {"kind": "Status", "reason": "ServiceUnavailable", "message": "dead: port 4711"})


def _retry(world, seconds):
    for _ in range(seconds):
        with pytest.raises(Exception):  # noqa: B017, PT011  # whatever the worker would count and try again
            world.reconcile()
        world.now += timedelta(seconds=1)


def test_a_config_is_not_accepted_while_a_kind_cannot_be_looked_up():
    world = _World(_config([PROXY, METRIC]))
    world.silent["metrics.k8s.io/v1beta1"] = UNAVAILABLE

    _retry(world, 5)
    assert world.patches == []
    _retry(world, 1)

    ready = world.condition("Ready")
    assert (ready["status"], ready["reason"]) == ("Unknown", "RetryingAfterError")
    assert "metrics.k8s.io/v1beta1" in ready["message"]
    assert "503 ServiceUnavailable: dead" in ready["message"]
    assert world.condition("Reconciling")["status"] == "True"
    assert world.condition("Stalled") is None
    world.silent["metrics.k8s.io/v1beta1"] = status_error(503, "dead: port 4712")
    _retry(world, 20)
    assert len(world.patches) <= 2
    world.silent.clear()
    world.configs[KEY] = _config([PROXY], status=world.configs[KEY]["status"])
    assert world.reconcile() == Result()
    assert world.condition("Ready")["reason"] == "Accepted"
    assert world.condition("Reconciling") is None


def test_errors_that_take_turns_are_not_written_in_turns():
    world = _World(_config([PROXY]))
    errors = itertools.cycle([UNAVAILABLE, status_error(500, "down"), ConnectionLost("reset"), RequestTimeout("late")])

    def fail_differently(seconds):
        for _ in range(seconds):
            world.silent["v1"] = next(errors)
            _retry(world, 1)

    fail_differently(34)
    assert len(world.patches) == 1
    world.configs[KEY] = _config([PROXY], generation=4, status=world.configs[KEY]["status"])
    fail_differently(5)
    assert len(world.patches) == 2, "an error of another generation does not stand in the way"
    fail_differently(30)
    assert len(world.patches) == 3


def test_an_accepted_config_is_no_longer_accepted_if_a_kind_stops_answering():
    world = _World(_config([PROXY]))
    world.reconcile()
    world.configs[KEY] = _config([PROXY, METRIC], status=world.configs[KEY]["status"])
    world.silent["metrics.k8s.io/v1beta1"] = UNAVAILABLE

    _retry(world, 6)

    assert world.condition("Ready")["status"] == "Unknown"


def test_certain_problems_are_reported_even_if_a_kind_does_not_answer():
    world = _World(_config([METRIC, PROXY | {"kind": "Namespace"}]))
    world.silent["metrics.k8s.io/v1beta1"] = UNAVAILABLE

    assert world.reconcile() == Result(requeue_after=5.0)
    assert world.condition("Ready")["reason"] == "ClusterScopedKind"


def test_an_internal_error_is_named_by_its_class_in_the_configs_status():
    world = _World(_config([PROXY]))
    world.environments = {"hunter2": None}["hunter2"]

    _retry(world, 7)

    ready = world.condition("Ready")
    assert (ready["status"], ready["reason"]) == ("Unknown", "InternalError")
    assert "hunter2" not in ready["message"]
    world.environments = []
    world.reconcile()
    assert world.condition("Ready")["reason"] == "Accepted"


def test_the_first_error_is_raised_if_the_status_write_fails_too():
    world = _World(_config([METRIC]))
    world.silent["metrics.k8s.io/v1beta1"] = UNAVAILABLE
    world.refusal = status_error(500, "down")

    _retry(world, 8)

    assert world.patches == []


# Whom a change concerns


def test_a_change_concerns_only_environments_whose_share_changes():
    mapped, other = environment(name="mapped"), environment(name="other", chart={"git": "https://git.example/a/b"})
    concerned = _World(environments=[mapped, other]).concerned
    plain = _config([PROXY])
    mapping = _config([PROXY], mappings=[{"repos": [LOCATION], "imagePullSecret": "registry"}])

    assert concerned.by_config(plain, mapping) == ("mapped",)
    assert concerned.by_config(None, plain) == concerned.by_config(plain, None) == ("other", "mapped")
    assert concerned.by_config(plain, _config([PROXY], status={"environments": 2})) == ()
    assert concerned.by_config(plain, _config([PROXY], orgLevelSecrets={})) == ()
    assert concerned.by_config(None, _config([PROXY], name="other")) == ()


@pytest.mark.parametrize(("fails", "writes"), [(False, [6, 1, 1]), (True, [2, 2, 2])], ids=["sound", "an error lasts"])
def test_a_contested_status_is_corrected_at_growing_intervals(fails, writes):
    world = _World(_config([PROXY]))
    if fails:
        world.silent = {"v1": status_error(503, {"reason": "ServiceUnavailable"})}
        with pytest.raises(ApiError):
            world.reconcile()
        world.now += timedelta(seconds=10)
    written = []
    for _ in range(3):
        world.patches.clear()
        for _ in range(240):
            world.configs[KEY] = {**world.configs[KEY], "status": {"environments": 7}}
            with suppress(ApiError):
                world.reconcile()
            world.now += timedelta(seconds=0.25)
        written.append(len(world.patches))
    assert written == writes


def test_a_change_of_a_config_is_written_at_once_even_if_its_status_is_contested():
    world = _World(_config([PROXY]))
    for _ in range(5):
        world.configs[KEY] = {**world.configs[KEY], "status": {"environments": 7}}
        result = world.reconcile()
    assert result.requeue_after == pytest.approx(1.0)
    world.environments.append(environment(name="a", status=READY))
    world.reconcile()
    assert world.configs[KEY]["status"]["environments"] == 1


def test_a_config_concerns_environments_that_lost_theirs_even_if_it_is_empty():
    lost = {"conditions": [{"type": "ResourcesReady", "status": "Unknown", "reason": "TronadorConfigLost"}]}
    world = _World(environments=[environment(name="lost", status=lost), environment(name="other", status=READY)])

    assert world.concerned.by_config(None, _config()) == ("lost",)


def test_a_changed_secret_concerns_environments_with_a_copy():
    mapped, other = environment(name="mapped"), environment(name="other", chart={"git": "https://git.example/a/b"})
    config = _config(copySecrets=[{"name": "git", "repos": [LOCATION]}])
    concerned = _World(config, environments=[mapped, other]).concerned

    assert concerned.by_secret(_secret("git", a="MQ=="), _secret("git", a="Mg==")) == ("mapped",)
    assert concerned.by_secret(None, _secret("git")) == concerned.by_secret(_secret("git"), None) == ("mapped",)
    labelled = {**_secret("git", a="MQ=="), "metadata": {"name": "git", "labels": {"a": "b"}}}
    assert concerned.by_secret(_secret("git", a="MQ=="), labelled) == ()
    assert concerned.by_secret(None, _secret("other")) == ()


def test_an_environment_that_cannot_be_compared_does_not_affect_the_others():
    unforeseen = environment(name="unforeseen")
    unforeseen["spec"], unforeseen["status"] = _Unforeseen(), READY
    world = _World(
        _config([PROXY]), environments=[environment(name="a", status=READY), unforeseen, environment(name="b")]
    )

    assert world.concerned.by_config(None, _config([PROXY])) == ("unforeseen", "b", "a")
    world.reconcile()
    assert world.patches[0]["environments"] == 1


class _Unforeseen(dict):
    """Stands for a form that the code has a bug with."""

    def get(self, *_):
        raise RecursionError
