"""A HelmRelease of Flux: its fields with the defaults that the helm-controller reads them with. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from hack.standins.flux.resources import FORCE_AT, REQUESTED_AT, RESET_AT, seconds

INSTALL = "install"
UPGRADE = "upgrade"
DEFAULT_TIMEOUT = 300.0
DEFAULT_RETRY_INTERVAL = 300.0
DEFAULT_MAX_HISTORY = 5
_LONGEST_NAME = 53


@dataclass(frozen=True, slots=True)
class Remediation:
    """What to do after an action fails.

    Attributes:
        retries: number of retries; below 0: without limit.
        of_last: whether the last failure is remediated too.
        strategy: `rollback` or `uninstall`.
    """

    retries: int
    of_last: bool
    strategy: str
    ignores_tests: bool

    def exhausted(self, failures: int) -> bool:
        """Whether this number of failures exceeds the limit."""
        return 0 <= self.retries < failures


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
    def spec(self) -> Mapping[str, Any]:
        return self.obj.get("spec") or {}

    @property
    def suspended(self) -> bool:
        return bool(self.spec.get("suspend"))

    @property
    def interval(self) -> float:
        return seconds(self.spec, "interval", 60.0)

    @property
    def chart(self) -> Mapping[str, Any]:
        """The chart's template; empty with a chartRef, which this stand-in does not follow."""
        return (self.spec.get("chart") or {}).get("spec") or {}

    @property
    def chart_name(self) -> str:
        """The HelmChart that the original makes."""
        return f"{self.namespace}-{self.name}"

    @property
    def release_name(self) -> str:
        """The given name, else one from target namespace and name, shortened where it is too long for Helm."""
        target = self.spec.get("targetNamespace")
        name = str(self.spec.get("releaseName") or (f"{target}-{self.name}" if target else self.name))
        if len(name) <= _LONGEST_NAME:
            return name
        return f"{name[:40]}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"

    @property
    def release_namespace(self) -> str:
        return str(self.spec.get("targetNamespace") or self.namespace)

    @property
    def storage_namespace(self) -> str:
        return str(self.spec.get("storageNamespace") or self.namespace)

    @property
    def service_account(self) -> str:
        """The account of the same namespace that it acts as, or "" for the controller's own rights."""
        return str(self.spec.get("serviceAccountName") or "")

    @property
    def max_history(self) -> int:
        value = self.spec.get("maxHistory")
        return DEFAULT_MAX_HISTORY if value is None else int(value)

    @property
    def values(self) -> Mapping[str, Any]:
        return self.spec.get("values") or {}

    @property
    def value_sources(self) -> Sequence[Mapping[str, Any]]:
        return self.spec.get("valuesFrom") or ()

    @property
    def tests(self) -> bool:
        return bool(self.section("test").get("enable"))

    @property
    def ignores_test_failures(self) -> bool:
        return bool(self.section("test").get("ignoreFailures"))

    def section(self, name: str) -> Mapping[str, Any]:
        """`install`, `upgrade`, `rollback`, `test` or `uninstall`."""
        return self.spec.get(name) or {}

    def timeout(self, section: str) -> float:
        """Seconds that an action may take."""
        return seconds(self.section(section), "timeout", seconds(self.spec, "timeout", DEFAULT_TIMEOUT))

    def wait(self, section: str) -> float:
        """Seconds that an action waits for readiness; 0: it does not."""
        return 0.0 if self.section(section).get("disableWait") else self.timeout(section)

    @property
    def skips_crds(self) -> bool:
        """Whether the chart's CRDs are left out of the installation."""
        install = self.section(INSTALL)
        return str(install.get("crds") or ("Skip" if install.get("skipCRDs") else "Create")) == "Skip"

    def retry_interval(self, action: str) -> float | None:
        """Return the seconds until the next attempt if the action's strategy is to keep retrying; else None."""
        strategy = self.section(action).get("strategy") or {}
        if strategy.get("name") != "RetryOnFailure":
            return None
        return seconds(strategy, "retryInterval", DEFAULT_RETRY_INTERVAL)

    def remediation(self, action: str) -> Remediation | None:
        """Return the remediation of a failed `install` or `upgrade`; None if neither was attempted."""
        if action not in (INSTALL, UPGRADE):
            return None
        section = self.section(action).get("remediation") or {}
        retries = int(section.get("retries") or 0)
        of_last = section.get("remediateLastFailure")
        ignores = section.get("ignoreTestFailures")
        return Remediation(
            retries=retries,
            of_last=(action == UPGRADE and retries > 0) if of_last is None else bool(of_last),
            strategy="uninstall" if action == INSTALL else str(section.get("strategy") or "rollback"),
            ignores_tests=self.ignores_test_failures if ignores is None else bool(ignores),
        )

    def asked_to_reset(self, status: Mapping[str, Any]) -> str:
        """Return the token of a request to reset the failure counts, or "" if there is no unhandled one."""
        return self._asked(RESET_AT, str(status.get("lastHandledResetAt") or ""))

    def asked_to_force(self, status: Mapping[str, Any]) -> str:
        """Return the token of a request to force an action, or "" if there is no unhandled one."""
        return self._asked(FORCE_AT, str(status.get("lastHandledForceAt") or ""))

    def _asked(self, annotation: str, handled: str) -> str:
        annotations = objects.annotations(self.obj)
        token = annotations.get(annotation) or ""
        return token if token == annotations.get(REQUESTED_AT) and token != handled else ""
