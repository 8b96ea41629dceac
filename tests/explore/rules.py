"""What must hold in every history: what a write may do, and how everything looks once all have come to rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from controller.api.engines import AUTO
from controller.api.environment import (
    ADOPTED_ANNOTATION,
    ENVIRONMENT_LABEL,
    ENVIRONMENTS,
    FINALIZER,
    UID_ANNOTATION,
    Environment,
)
from controller.api.flux import GIT_REPOSITORIES
from controller.apimachinery import objects
from controller.apimachinery.resources import CONFIG_MAPS, NAMESPACES, SECRETS
from controller.environment import engines
from controller.environment.engines import ENGINES
from controller.environment.engines.engine import Engine, ReleaseContext
from controller.environment.options import EnvironmentOptions
from hack.soak.marks import is_ours
from tests.explore import configs
from tests.explore.calls import Call
from tests.explore.cluster import ModelApi
from tests.explore.moves import clock, elapsed, installer, is_abandoned, settings
from tests.unit.environment.simulation.fake_api import FakeApi, Write
from tests.unit.environment.support.builders import NOW

_RELEASES: Final = tuple(engine.releases for engine in ENGINES.values())


class Rules:
    """See the module. `options` are the controller's. `names` are those of the environments."""

    def __init__(self, options: EnvironmentOptions, names: Sequence[str]) -> None:
        self._options = options
        self._names = names

    def check_write(self, api: FakeApi, write: Write) -> None:
        """Raise AssertionError if the controller must not do that. `api` is the cluster after the write."""
        if write.resource == ENVIRONMENTS:
            _check_environment(api, write)
            self._check_claim(api, Environment(write.after or {}))
            return
        name = write.name if write.resource == NAMESPACES else write.namespace
        environment = api.peek(ENVIRONMENTS, name) or {"metadata": {}}
        assert FINALIZER in objects.finalizers(environment), f"{_what(write)} without our finalizer on the environment"
        if write.resource == NAMESPACES and write.before is not None:
            assert is_ours(dict(write.before)), f"{_what(write)}, which is not ours"
        if write.resource == NAMESPACES and write.before is None:
            limit = self._options.limits.max_environments
            assert not 0 < limit < len(_holders(api)), f"more than {limit} environments have a namespace"
        if write.resource == CONFIG_MAPS:
            _check_shared(api, write)
        if write.verb == "delete":
            self._check_deletion(api, write)
        if write.verb == "create" and write.resource in _RELEASES:
            self._check_predecessor(api, write, Environment(environment))

    def check_call(self, asked: Call, read: Mapping[str, Any] | None) -> None:
        """Raise AssertionError if the controller must not ask for that, because of what it has read of the object.

        An object that somebody creates between the look and the write cannot be seen.
        """
        if asked.is_write and asked.resource == CONFIG_MAPS and read is not None:
            assert _has_marks(read), f"{asked}, which is not ours"

    def check_rest(self, api: FakeApi) -> None:
        """Raise AssertionError unless a cluster in which nothing happens any more is as its users asked for."""
        assert isinstance(api, ModelApi)
        for name in self._names:
            self._check_rest(api, name)

    def _check_rest(self, api: ModelApi, name: str) -> None:
        found = api.peek(ENVIRONMENTS, name)
        namespace = api.peek(NAMESPACES, name)
        if found is None:
            assert not is_ours(namespace), "the environment is gone, and its namespace stays"
            return
        environment = Environment(found)
        assert not environment.is_deleting, "the teardown does not end"
        state = environment.status.get("applicationStatus")
        if self._is_over(api, environment):
            assert state == "expired", f"the lifetime is over, and the status says {state}"
            assert not is_ours(namespace), "the lifetime is over, and a namespace of ours exists"
            assert FINALIZER in objects.finalizers(found), "the expired environment lost its finalizer"
        elif environment.suspended:
            assert state == "suspended", f"suspended, and the status says {state}"
        elif namespace is not None and not is_ours(namespace):
            stalled = [c["reason"] for c in environment.conditions if c["type"] == "Stalled"]
            assert stalled == ["NamespaceNotOwned"], f"the namespace is foreign, and the status says {stalled}"
        elif namespace is None and self._options.limits.any:
            assert state == "queued", f"it has no namespace, and the status says {state}"
            limit = self._options.limits.max_environments
            assert len(_holders(api)) >= limit, "an environment waits while a place is free"
        elif not (state == "pending" and configs.may_be_lost(api)) and not (
            state == "failed" and _has_taken_names(api, name)
        ):
            assert state == "deployed", f"nothing is left to do, and the status says {state}"
            self._check_deployed(api, environment)

    def _is_over(self, api: ModelApi, environment: Environment) -> bool:
        begun = environment.last_activity
        if not self._options.expire_after or begun is None or environment.keep or environment.suspended:
            return False
        return begun + timedelta(seconds=self._options.expire_after) <= NOW + timedelta(days=clock(api))

    def _check_claim(self, api: FakeApi, environment: Environment) -> None:
        """A status that says "deployed" must not be about the success of an older generation."""
        status = environment.status
        is_current = status.get("observedGeneration") == environment.generation
        if status.get("applicationStatus") != "deployed" or not is_current:
            return
        engine = self._engine(api, environment)
        wanted = engine.desired(self._made(environment, engine))["spec"]
        for release in _releases(api, environment.name):
            # A release with another spec was changed after the caches were read.
            assert release["spec"] != wanted or _succeeded(release), "claimed the success of an older generation"

    def _check_deployed(self, api: ModelApi, environment: Environment) -> None:
        _check_shares(api, environment)
        assert environment.status["observedGeneration"] == environment.generation, "the status is of an old generation"
        engine = self._engine(api, environment)
        made = self._made(environment, engine)
        releases = _releases(api, environment.name)
        assert len(releases) == 1, f"{len(releases)} HelmReleases of one environment"
        assert releases[0]["spec"] == engine.desired(made)["spec"], "the HelmRelease is not what was asked for"
        assert objects.labels(releases[0]).get(ENVIRONMENT_LABEL) == environment.name, "the HelmRelease lacks our label"
        source = engine.desired_source(made)
        sources = [obj["spec"] for obj in api.all(GIT_REPOSITORIES, environment.name)]
        assert sources == ([source["spec"]] if source else []), "the GitRepositories are not those of the release"

    def _check_deletion(self, api: FakeApi, write: Write) -> None:
        before = write.before or {}
        if write.resource == NAMESPACES:
            assert ADOPTED_ANNOTATION not in objects.annotations(before), "deleted an adopted namespace"
            releases = _releases(api, write.name)
            left = [release for release in releases if objects.labels(release).get(ENVIRONMENT_LABEL) == write.name]
            assert not left or self._is_late(api), "deleted the namespace before the release"
            installed = [secret for secret in api.all(SECRETS, write.name) if not is_abandoned(secret)]
            assert not installed or self._is_late(api), "deleted the namespace before the end of an uninstall"
            return
        recorded = ((api.peek(ENVIRONMENTS, write.namespace) or {}).get("status") or {}).get("release") or {}
        is_ours = objects.labels(before).get(ENVIRONMENT_LABEL) == write.namespace
        assert is_ours or recorded.get("name") == write.name, f"{_what(write)}, which is not ours"

    def _check_predecessor(self, api: FakeApi, write: Write, environment: Environment) -> None:
        """When a release is made, no other one may be installed that the controller can know of.

        It cannot know of one that is not recorded, and that the caches do not show yet or that somebody else deleted.
        """
        made = {
            (name, objects.name(obj))
            for name, engine in ENGINES.items()
            for obj in api.all(engine.releases, write.namespace)
        }
        recorded = environment.recorded_engine, environment.recorded_release
        for secret in api.all(SECRETS, write.namespace):
            installed = installer(secret), secret["metadata"]["labels"]["name"]
            is_hidden = installed != recorded and (installed in made or is_abandoned(secret))
            is_wanted = installed == (engines.of(write.resource).name, write.name)
            assert is_wanted or is_hidden or self._is_late(api), "made a release before the old one was uninstalled"

    def _is_late(self, api: FakeApi) -> bool:
        """Return whether so much time has passed that the controller need not wait for an uninstall any more."""
        assert isinstance(api, ModelApi)
        return elapsed(api) >= self._options.teardown_timeout

    def _engine(self, api: FakeApi, environment: Environment) -> Engine:
        """Return the engine that the environment should have; that of its record if the controller keeps that one."""
        assert isinstance(api, ModelApi)
        chosen = settings(api) or self._options.release_engine
        return ENGINES[environment.recorded_engine if chosen == AUTO else chosen]

    def _made(self, environment: Environment, engine: Engine) -> ReleaseContext:
        return ReleaseContext(environment=environment, service_account=engine.account(self._options))


def _succeeded(release: Mapping[str, Any]) -> bool:
    """Whether the engine says of the current generation that it succeeded."""
    status, generation = release.get("status") or {}, release["metadata"]["generation"]
    ready = [c["status"] for c in status.get("conditions") or () if c["type"] in ("Ready", "Released")]
    return status.get("observedGeneration") == generation and ready == ["True"]


def _check_environment(api: FakeApi, write: Write) -> None:
    assert write.verb == "patch", "an environment is only ever patched"
    before, after = write.before or {}, write.after or {}
    assert not after or before.get("spec") == after.get("spec"), "the spec belongs to the author"
    removed = FINALIZER in objects.finalizers(before) and FINALIZER not in objects.finalizers(after)
    namespace = api.peek(NAMESPACES, write.name)
    assert not (removed and is_ours(namespace)), "the finalizer went while a namespace of ours exists"
    if removed:
        assert before["metadata"].get("deletionTimestamp"), "the finalizer left an environment that stays"
    status = after.get("status") or {}
    generation = after.get("metadata", {}).get("generation", 0)
    assert status.get("observedGeneration", 0) <= generation, "the status is ahead of the spec"


def _check_shared(api: FakeApi, write: Write) -> None:
    assert isinstance(api, ModelApi)
    if write.verb == "delete":
        assert _has_marks(write.before or {}), f"{_what(write)}, which is not ours"
        assert write.name not in configs.lost(api), f"{_what(write)}, although the TronadorConfig was lost by accident"


def _check_shares(api: ModelApi, environment: Environment) -> None:
    wanted = configs.shared(api)
    there = {objects.name(obj): obj for obj in api.all(CONFIG_MAPS, environment.name)}
    ours = {name: obj["data"] for name, obj in there.items() if _has_marks(obj)}
    if configs.may_be_lost(api):
        return
    if _has_taken_names(api, environment.name):
        reasons = [c["reason"] for c in environment.conditions if c["type"] == "ResourcesReady"]
        assert reasons == ["ResourceNotOwned"], f"a name is taken, and the status says {reasons}"
    else:
        assert ours == (wanted or {}), "what is shared is not what was asked for"


def _has_taken_names(api: ModelApi, name: str) -> bool:
    there = {objects.name(obj) for obj in api.all(CONFIG_MAPS, name) if not _has_marks(obj)}
    return bool(there & (configs.shared(api) or {}).keys())


def _has_marks(obj: Mapping[str, Any]) -> bool:
    return UID_ANNOTATION in objects.annotations(obj)


def _releases(api: FakeApi, name: str) -> list[dict[str, Any]]:
    return [release for resource in _RELEASES for release in api.all(resource, name)]


def _holders(api: FakeApi) -> list[dict[str, Any]]:
    return [namespace for namespace in api.all(NAMESPACES) if is_ours(namespace)]


def _what(write: Write) -> str:
    return f"{write.verb} {write.resource.kind} {write.name}"
