"""The HelmRelease that the Helm Operator reconciles: its REST resource, and the defaults it reads a spec with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import Resource

HELM_RELEASES = Resource("helm.fluxcd.io", "v1", "helmreleases", "HelmRelease", namespaced=True)
ANTECEDENT = "helm.fluxcd.io/antecedent"
DEFAULT_MAX_HISTORY = 10
DEFAULT_MAX_RETRIES = 5
DEFAULT_TIMEOUT = 300.0


@dataclass(frozen=True, slots=True)
class HelmRelease:
    """A read view of one HelmRelease."""

    obj: Object

    @property
    def name(self) -> str:
        return objects.name(self.obj)

    @property
    def namespace(self) -> str:
        return objects.namespace(self.obj)

    @property
    def key(self) -> str:
        return objects.key(self.obj)

    @property
    def generation(self) -> int:
        return objects.generation(self.obj)

    @property
    def id(self) -> str:
        """Return the ID with which the operator marks the objects of this HelmRelease."""
        return f"{self.namespace}:helmrelease/{self.name}"

    @property
    def spec(self) -> Mapping[str, Any]:
        return self.obj.get("spec") or {}

    @property
    def status(self) -> Mapping[str, Any]:
        return self.obj.get("status") or {}

    @property
    def chart(self) -> Mapping[str, Any]:
        return self.spec.get("chart") or {}

    @property
    def release_name(self) -> str:
        """The given name, else one from namespace and name, which may be longer than Helm allows."""
        if self.spec.get("releaseName"):
            return str(self.spec["releaseName"])
        target = self.target_namespace
        prefix = target if target == self.namespace else f"{self.namespace}-{target}"
        return f"{prefix}-{self.name}"

    @property
    def target_namespace(self) -> str:
        return str(self.spec.get("targetNamespace") or self.namespace)

    @property
    def helm_version(self) -> str:
        """Return the Helm version of the spec. The default is `v2`, as in a stock installation."""
        return str(self.spec.get("helmVersion") or "v2")

    @property
    def max_history(self) -> int:
        value = self.spec.get("maxHistory")
        return DEFAULT_MAX_HISTORY if value is None else int(value)

    @property
    def reuse_values(self) -> bool:
        return self.spec.get("resetValues") is False

    @property
    def skip_crds(self) -> bool:
        return bool(self.spec.get("skipCRDs"))

    @property
    def values(self) -> Mapping[str, Any]:
        return self.spec.get("values") or {}

    @property
    def value_sources(self) -> Sequence[Mapping[str, Any]]:
        """`valuesFrom`, with the deprecated `valueFileSecrets` before it."""
        deprecated = [{"secretKeyRef": {"name": ref["name"]}} for ref in self.spec.get("valueFileSecrets") or ()]
        return [*deprecated, *(self.spec.get("valuesFrom") or ())]

    @property
    def tests(self) -> bool:
        return bool(self._section("test").get("enable"))

    @property
    def ignores_test_failures(self) -> bool:
        return bool(self._section("test").get("ignoreFailures"))

    @property
    def rolls_back(self) -> bool:
        return bool(self._section("rollback").get("enable"))

    @property
    def wait_seconds(self) -> float:
        """Return how long an installation or upgrade waits for readiness; 0: not at all.

        If `wait` is not set, enabled rollbacks or tests imply it.
        """
        wait = self.spec.get("wait")
        waits = self.rolls_back or self.tests if wait is None else bool(wait)
        return _timeout(self.spec) if waits else 0.0

    @property
    def rollback_wait_seconds(self) -> float:
        """Return how long a rollback waits for readiness; 0 unless `rollback.wait` is set."""
        rollback = self._section("rollback")
        return _timeout(rollback) if rollback.get("wait") else 0.0

    @property
    def retries_upgrade(self) -> bool:
        """Whether a rolled-back upgrade is retried: `rollback.retry`, at most `maxRetries` times (0: without limit)."""
        rollback = self._section("rollback")
        limit = rollback.get("maxRetries")
        limit = DEFAULT_MAX_RETRIES if limit is None else int(limit)
        return bool(rollback.get("retry")) and (limit == 0 or int(self.status.get("rollbackCount") or 0) <= limit)

    @property
    def has_synced(self) -> bool:
        """Whether a sync of this generation, successful or not, has ended."""
        return int(self.status.get("observedGeneration") or 0) >= self.generation

    @property
    def has_rolled_back(self) -> bool:
        """Whether this generation was rolled back."""
        conditions = self.status.get("conditions") or ()
        return self.has_synced and any(
            condition.get("type") == "RolledBack" and condition.get("status") == "True" for condition in conditions
        )

    def _section(self, name: str) -> Mapping[str, Any]:
        return self.spec.get(name) or {}


def _timeout(section: Mapping[str, Any]) -> float:
    seconds = section.get("timeout")
    return DEFAULT_TIMEOUT if seconds is None else float(seconds)
