"""What must hold in every history: what a write may do, and how everything looks once all have come to rest."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from controller.api.environment import ADOPTED_ANNOTATION, ENVIRONMENT_LABEL, ENVIRONMENTS, FINALIZER, Environment
from controller.api.flux import GIT_REPOSITORIES
from controller.apimachinery import objects
from controller.apimachinery.resources import NAMESPACES, SECRETS
from controller.environment import engines
from controller.environment.engines import ENGINES
from controller.environment.engines.engine import Engine, ReleaseContext
from controller.environment.options import EnvironmentOptions
from tests.explore.cluster import ModelApi
from tests.explore.moves import clock
from tests.unit.environment.simulation.fake_api import FakeApi, Write
from tests.unit.environment.support.builders import NAME, NOW

_RELEASES: Final = tuple(engine.releases for engine in ENGINES.values())


class Rules:
    """See the module. `options` are the controller's."""

    def __init__(self, options: EnvironmentOptions) -> None:
        self._options = options

    def check_write(self, api: FakeApi, write: Write) -> None:
        """Raise AssertionError if the controller must not do that. `api` is the cluster after the write."""
        if write.resource == ENVIRONMENTS:
            _check_environment(api, write)
            self._check_claim(api, Environment(write.after or {}))
            return
        environment = api.peek(ENVIRONMENTS, NAME) or {"metadata": {}}
        assert FINALIZER in objects.finalizers(environment), f"{_what(write)} without our finalizer on the environment"
        if write.resource == NAMESPACES and write.before is not None:
            assert _is_ours(dict(write.before)), f"{_what(write)}, which is not ours"
        if write.verb == "delete":
            _check_deletion(api, write)
        if write.verb == "create" and write.resource in _RELEASES:
            _check_predecessor(api, write, Environment(environment))

    def check_rest(self, api: FakeApi) -> None:
        """Raise AssertionError unless a cluster in which nothing happens any more is as its users asked for."""
        found = api.peek(ENVIRONMENTS, NAME)
        namespace = api.peek(NAMESPACES, NAME)
        if found is None:
            assert not _is_ours(namespace), "the environment is gone, and its namespace stays"
            return
        environment = Environment(found)
        assert not environment.is_deleting, "the teardown does not end"
        state = environment.status.get("applicationStatus")
        if self._is_over(api, environment):
            assert state == "expired", f"the lifetime is over, and the status says {state}"
            assert not _is_ours(namespace), "the lifetime is over, and a namespace of ours exists"
            assert FINALIZER in objects.finalizers(found), "the expired environment lost its finalizer"
        elif environment.suspended:
            assert state == "suspended", f"suspended, and the status says {state}"
        elif namespace is not None and not _is_ours(namespace):
            stalled = [c["reason"] for c in environment.conditions if c["type"] == "Stalled"]
            assert stalled == ["NamespaceNotOwned"], f"the namespace is foreign, and the status says {stalled}"
        else:
            assert state == "deployed", f"nothing is left to do, and the status says {state}"
            self._check_deployed(api, environment)

    def _is_over(self, api: FakeApi, environment: Environment) -> bool:
        begun = environment.last_activity
        if not self._options.expire_after or begun is None or environment.keep or environment.suspended:
            return False
        assert isinstance(api, ModelApi)
        return begun + timedelta(seconds=self._options.expire_after) <= NOW + timedelta(days=clock(api))

    def _check_claim(self, api: FakeApi, environment: Environment) -> None:
        """A status that says "deployed" must not be about the success of an older generation."""
        status = environment.status
        is_current = status.get("observedGeneration") == environment.generation
        if status.get("applicationStatus") != "deployed" or not is_current:
            return
        wanted = self._engine.desired(self._made(environment))["spec"]
        for release in _releases(api):
            # A release with another spec was changed after the caches were read.
            assert release["spec"] != wanted or _succeeded(release), "claimed the success of an older generation"

    def _check_deployed(self, api: FakeApi, environment: Environment) -> None:
        assert environment.status["observedGeneration"] == environment.generation, "the status is of an old generation"
        made = self._made(environment)
        releases = _releases(api)
        assert len(releases) == 1, f"{len(releases)} HelmReleases of one environment"
        assert releases[0]["spec"] == self._engine.desired(made)["spec"], "the HelmRelease is not what was asked for"
        assert objects.labels(releases[0]).get(ENVIRONMENT_LABEL) == NAME, "the HelmRelease lacks our label"
        source = self._engine.desired_source(made)
        sources = [obj["spec"] for obj in api.all(GIT_REPOSITORIES, NAME)]
        assert sources == ([source["spec"]] if source else []), "the GitRepositories are not those of the release"

    @property
    def _engine(self) -> Engine:
        return ENGINES[self._options.release_engine]

    def _made(self, environment: Environment) -> ReleaseContext:
        return ReleaseContext(environment=environment, service_account=self._engine.account(self._options))


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
    namespace = api.peek(NAMESPACES, NAME)
    assert not (removed and _is_ours(namespace)), "the finalizer went while a namespace of ours exists"
    if removed:
        assert before["metadata"].get("deletionTimestamp"), "the finalizer left an environment that stays"
    status = after.get("status") or {}
    generation = after.get("metadata", {}).get("generation", 0)
    assert status.get("observedGeneration", 0) <= generation, "the status is ahead of the spec"


def _check_deletion(api: FakeApi, write: Write) -> None:
    before = write.before or {}
    if write.resource == NAMESPACES:
        assert ADOPTED_ANNOTATION not in objects.annotations(before), "deleted an adopted namespace"
        left = [release for release in _releases(api) if objects.labels(release).get(ENVIRONMENT_LABEL) == NAME]
        assert not left, "deleted the namespace before the release"
        return
    recorded = ((api.peek(ENVIRONMENTS, NAME) or {}).get("status") or {}).get("release") or {}
    is_ours = objects.labels(before).get(ENVIRONMENT_LABEL) == NAME
    assert is_ours or recorded.get("name") == write.name, f"{_what(write)}, which is not ours"


def _check_predecessor(api: FakeApi, write: Write, environment: Environment) -> None:
    recorded = environment.recorded_engine, environment.recorded_release
    if recorded == (engines.of(write.resource).name, write.name):
        return
    left = {secret["metadata"]["labels"]["name"] for secret in api.all(SECRETS, NAME)}
    assert environment.recorded_release not in left, "made a release before the old one was uninstalled"


def _releases(api: FakeApi) -> list[dict[str, Any]]:
    return [release for resource in _RELEASES for release in api.all(resource, NAME)]


def _is_ours(namespace: dict[str, Any] | None) -> bool:
    return objects.labels(namespace or {"metadata": {}}).get(ENVIRONMENT_LABEL) == NAME


def _what(write: Write) -> str:
    return f"{write.verb} {write.resource.kind} {write.name}"
