"""What a release engine is for the rest of the controller: a value made of pure functions and of facts.

Each engine is a module of this package with one such value, `ENGINE`. Callers take it from the table in `__init__` and
never ask which one it is: where engines differ, a field here differs. A function of an engine gets a ReleaseContext or
objects of the cluster, and answers with an object, an effect or a Health.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Protocol

from controller.api.engines import EngineFacts
from controller.api.environment import Environment
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import Resource
from controller.environment.effects import Listing, Patch, Target
from controller.environment.options import EnvironmentOptions

# The reason while a release is being deleted and its uninstall has failed so far. The message says why.
UNINSTALL_FAILED: Final = "UninstallFailed"
# The reason when the chart could not be fetched for too long.
CHART_FETCH_FAILED: Final = "ChartFetchFailed"
WAITING_FOR_CHART: Final = "Waiting for the chart to be fetched."


@dataclass(frozen=True, slots=True)
class Reference:
    """An object in some namespace that a release refers to. `kind` is Secret or ConfigMap."""

    kind: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseContext:
    """An environment, and what was prepared for its release.

    Attributes:
        environment: the environment.
        git_secret: the Secret with the credentials of the repository, in the environment's namespace, or "".
        service_account: the account whose rights apply to the chart, in the environment's namespace, or "".
        copies: by object in another namespace, the name of its copy in the environment's namespace.
        suspended: whether the engine must not touch the release.
        preview_url: where the application can be seen, as far as that is known before it is deployed, or "".
    """

    environment: Environment
    git_secret: str = ""
    service_account: str = ""
    copies: Mapping[Reference, str] = field(default_factory=dict)
    suspended: bool = False
    preview_url: str = ""


class State(StrEnum):
    """`status.applicationStatus`."""

    PENDING = "pending"
    QUEUED = "queued"
    DEPLOYING = "deploying"
    DEPLOYED = "deployed"
    FAILED = "failed"
    SUSPENDED = "suspended"
    UNINSTALLING = "uninstalling"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Health:
    """The health of a release.

    Attributes:
        state: for `status.applicationStatus`.
        reason: CamelCase, for conditions.
        message: what the engine itself says.
        changes_after: seconds after which the state changes although nothing happens, or None.
        is_begun: whether the engine has begun with the current spec. Until then, the Pods are those of an earlier one.
    """

    state: State
    reason: str
    message: str
    changes_after: float | None = None
    is_begun: bool = True


class Judge(Protocol):
    """Returns the health of a release, from the release and its source. Each is None if it does not exist.

    `chart_patience`: seconds for which fetching the chart may continue to fail; 0 if it has failed for too long.
    """

    def __call__(self, release: Object | None, source: Object | None, *, chart_patience: float) -> Health: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """One release engine. "Release" is its own kind of object for a release, and "source" the one for its chart.

    Attributes:
        facts: its row of the table in `controller.api.engines`.
        failures: the reasons of failures that are known before they occur. Metrics start at zero for each of them.
        account_field: the field of a release's spec that names the service account whose rights apply; "" if the
            engine applies every chart with its own rights.
        deployed_fields: by kind, the fields of the spec that say what is deployed, and with whose rights.
        finalizers: by kind, the engine's own finalizers, each with a clause that says who removes it, for messages.
        values_labels: the labels on a Secret or ConfigMap with values that make the engine act on its changes at once.
        place: where the release of an environment with a certain name lies.
        desired: the release that an environment asks for.
        desired_source: the source that an environment asks for, or None if the engine has no such kind.
        health: returns the health of the release.
        revision: the git revision that is deployed, or "". Takes the release and its source.
        git_secret: the name of the Secret for the chart's repository in the objects of the cluster, or "". Takes the
            release and its source.
        ignored_fields: the fields of `spec.application.release` that are set and have no effect.
        foreign_references: the objects in other namespaces that the engine cannot read, so that it needs copies, and
            whether each of them has to exist.
        suspend: the write that stops the engine from touching a release, or None if there is nothing to write.
        resume: the write that a suspended object of the engine needs before its deletion, or None. Without it the
            engine would not uninstall.
        evidence: what to read to learn why a release failed, or None if its status says so.
        explain: why the release failed, from the objects of `evidence`; "" if they do not say.
        leftovers: the Secrets in which Helm keeps the release. They show whether an uninstall has ended after the
            release itself is gone. None if the release stays until its uninstall has ended.
    """

    facts: EngineFacts
    failures: tuple[str, ...]
    account_field: str
    deployed_fields: Mapping[Resource, tuple[str, ...]]
    finalizers: Mapping[Resource, Mapping[str, str]]
    values_labels: Mapping[str, str]
    place: Callable[[Environment, str], Target]
    desired: Callable[[ReleaseContext], dict[str, Any]]
    desired_source: Callable[[ReleaseContext], dict[str, Any] | None]
    health: Judge
    revision: Callable[[Object | None, Object | None], str]
    git_secret: Callable[[Object | None, Object | None], str]
    ignored_fields: Callable[[Environment], tuple[str, ...]]
    foreign_references: Callable[[Environment], Mapping[Reference, bool]]
    suspend: Callable[[Target, Object], Patch | None]
    resume: Callable[[Target, Object], Patch | None]
    evidence: Callable[[Target, Object | None], Listing | None]
    explain: Callable[[Object | None, Sequence[Object]], str]
    leftovers: Callable[[Target], Listing | None]

    @property
    def name(self) -> str:
        """Its value of `--release-engine` and `status.release.engine`."""
        return self.facts.name

    @property
    def releases(self) -> Resource:
        """The kind of its releases."""
        return self.facts.releases

    @property
    def resources(self) -> tuple[Resource, ...]:
        """Everything that a cluster must serve for this engine."""
        return self.facts.resources

    def source_of(self, release: Target) -> Target | None:
        """Return where the source of a release lies, or None. It has the same name and is deleted after the release."""
        return None if self.facts.sources is None else Target(self.facts.sources, release.name, release.namespace)

    def account(self, options: EnvironmentOptions) -> str:
        """Return the service account, in the environment's namespace, that a release needs, or ""."""
        return options.release_service_account if self.account_field else ""
