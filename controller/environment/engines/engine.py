"""What every release engine offers. Each is a module of this package; nothing in it does I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from controller.api.environment import Environment
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import Resource
from controller.environment.engines.context import ReleaseContext
from controller.environment.engines.health import Health


class Engine(Protocol):
    """One release engine."""

    @property
    def NAME(self) -> str:  # noqa: N802  a module's constant
        """As `--release-engine` and `status.release.engine` have it."""
        ...

    @property
    def RELEASES(self) -> Resource:  # noqa: N802
        """Its HelmReleases."""
        ...

    @property
    def RESOURCES(self) -> tuple[Resource, ...]:  # noqa: N802
        """Everything that it must serve: its HelmReleases, and where charts have an object of their own, those."""
        ...

    @property
    def RUNS_AS_ACCOUNT(self) -> bool:  # noqa: N802
        """Whether it applies a chart with the rights of an account in the environment's namespace."""
        ...

    @property
    def TELLS_WHY_IN_EVENTS(self) -> bool:  # noqa: N802
        """Whether the reason of a failure is only found in the Events about the HelmRelease."""
        ...

    @property
    def FOLLOWS_REFERENCES(self) -> bool:  # noqa: N802
        """Whether it reads Secrets and ConfigMaps in other namespaces itself; if not, it is given copies."""
        ...

    @property
    def CAN_SUSPEND(self) -> bool:  # noqa: N802
        """Whether a HelmRelease can be told to rest, by `spec.suspend`."""
        ...

    @property
    def SAYS_WHAT_RUNS(self) -> Mapping[Resource, tuple[str, ...]]:  # noqa: N802
        """The fields of the specs of its objects that say what is deployed, and as whom."""
        ...

    @property
    def FAILURES(self) -> tuple[str, ...]:  # noqa: N802
        """Reasons of failures, as far as they are known before they happen: metrics start at zero for each."""
        ...

    def desired(self, context: ReleaseContext) -> dict[str, Any]:
        """The HelmRelease."""
        ...

    def source(self, context: ReleaseContext) -> dict[str, Any] | None:
        """The object that says where the chart lies, or None where the HelmRelease says so itself."""
        ...

    def health(self, release: Object | None, source: Object | None, *, chart_patience: float) -> Health:
        """How the release fares.

        `chart_patience`: seconds for which fetching the chart may go on failing; 0 when it has failed for too long.
        """
        ...

    def revision(self, release: Object | None, source: Object | None) -> str:
        """Git revision that is deployed, or ""."""
        ...

    def git_secret(self, release: Object | None, source: Object | None) -> str:
        """Name of the Secret that opens the chart's repository, as the objects in the cluster say, or ""."""
        ...

    def ignored_fields(self, environment: Environment) -> tuple[str, ...]:
        """Fields of `spec.application.release` that are set and mean nothing to this engine."""
        ...
