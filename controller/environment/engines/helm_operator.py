"""Engine 1, the legacy Helm Operator: the HelmRelease that it should find, and what its status means.

Its status has traps, and this module is where they end:
- the first sync of every chart reports ChartFetchFailed, because the mirror of the repository is not there yet;
- `ChartFetched=False` may stay for ever on a healthy release, and `Released=True` stays while the next spec is rolled
  out. So the phase decides, and a finished phase counts only once the operator has observed the current generation;
- a failed upgrade blocks every later one unless `rollback.enable` is set.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from controller.api.environment import (
    ENVIRONMENT_LABEL,
    INSTANCE_LABEL,
    MANAGED_BY,
    MANAGED_BY_LABEL,
    UID_ANNOTATION,
    Environment,
)
from controller.api.helm_operator import HELM_RELEASES, HelmRelease
from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import Resource
from controller.environment.engines.context import ReleaseContext
from controller.environment.engines.health import Health, State

NAME: Final = "helm-operator"
RELEASES: Final = HELM_RELEASES
RESOURCES: Final = (HELM_RELEASES,)
# The operator applies every chart as cluster-admin, knows no suspension, and says why something failed only in Events.
RUNS_AS_ACCOUNT: Final = False
FOLLOWS_REFERENCES: Final = True
CAN_SUSPEND: Final = False
TELLS_WHY_IN_EVENTS: Final = True
SAYS_WHAT_RUNS: Final[Mapping[Resource, tuple[str, ...]]] = {
    HELM_RELEASES: (
        "chart",
        "helmVersion",
        "releaseName",
        "targetNamespace",
        "valueFileSecrets",
        "values",
        "valuesFrom",
    ),
}
FAILURES: Final = ("ChartFetchFailed", "DeployFailed", "Failed", "TestFailed", "RolledBack", "RollbackFailed")
CHART_FETCH_FAILED: Final = "ChartFetchFailed"
WAITING_FOR_CHART: Final = "Waiting for the chart to be fetched."

_COPIED_CHART_FIELDS: Final = ("git", "path", "ref", "secretRef")
_COPIED_FIELDS: Final = (
    "timeout",
    "maxHistory",
    "wait",
    "skipCRDs",
    "disableOpenAPIValidation",
    "forceUpgrade",
    "resetValues",
    "valuesFrom",
    "values",
)
# What a running sync passes through, in the original's words. An older generation's sync never stops in one of these.
_INSTALLING: Final = frozenset({"ChartFetched", "Installing", "Upgrading", "Deployed"})
_UNDER_WAY: Final = _INSTALLING | {"Testing", "Tested", "RollingBack"}


def desired(context: ReleaseContext) -> dict[str, Any]:
    """The HelmRelease for an environment: its release, field by field, with the engine's own dead ends avoided."""
    environment = context.environment
    release = environment.release
    spec: dict[str, Any] = {
        "chart": _chart(context),
        # The operator's default may be Helm 2, which needs a server of its own.
        "helmVersion": "v3",
        "releaseName": environment.release_name,
        "rollback": release.get("rollback") or {"enable": True},
        "test": release.get("test") or {},
    }
    spec |= {field: release[field] for field in _COPIED_FIELDS if release.get(field) is not None}
    return {
        "apiVersion": HELM_RELEASES.api_version,
        "kind": HELM_RELEASES.kind,
        "metadata": {
            "name": environment.release_name,
            "namespace": environment.namespace_name,
            "labels": {
                INSTANCE_LABEL: environment.release_name,
                MANAGED_BY_LABEL: MANAGED_BY,
                ENVIRONMENT_LABEL: environment.name,
            },
            "annotations": {UID_ANNOTATION: environment.uid},
        },
        "spec": spec,
    }


def source(context: ReleaseContext) -> None:
    """The HelmRelease itself says where its chart lies."""


def ignored_fields(environment: Environment) -> tuple[str, ...]:
    """It is the engine whose fields these are."""
    return ()


def revision(release: Object | None, source: Object | None) -> str:
    """Git revision that is deployed, or ""."""
    return HelmRelease(release or {}).revision


def git_secret(release: Object | None, source: Object | None) -> str:
    """Name of the Secret that opens the chart's repository, or ""."""
    chart = objects.mapping(objects.mapping((release or {}).get("spec")).get("chart"))
    return objects.text(objects.mapping(chart.get("secretRef")).get("name"))


def health(release: Object | None, source: Object | None, *, chart_patience: float) -> Health:
    """How the release fares.

    Args:
        release: the HelmRelease, or None where it does not exist yet.
        source: nothing, with this engine.
        chart_patience: seconds for which fetching the chart may go on failing; 0 when it has failed for too long.
    """
    view = HelmRelease(release or {})
    phase = view.phase
    if release is None or not phase:
        return Health(State.PENDING, "Pending", WAITING_FOR_CHART)
    if phase in _UNDER_WAY:
        return Health(State.DEPLOYING, phase, _progress_message(view))
    if not view.is_observed:
        # The end of the sync before, or of this one a moment before it is recorded: either way it is under way.
        if phase == CHART_FETCH_FAILED:
            return Health(State.PENDING, phase, WAITING_FOR_CHART)
        return Health(State.DEPLOYING, phase, _running(view))
    if phase == CHART_FETCH_FAILED:
        if chart_patience > 0:
            return Health(State.PENDING, phase, WAITING_FOR_CHART, changes_after=chart_patience)
        return Health(State.FAILED, phase, _released_message(view))
    released = view.condition("Released")
    message = _released_message(view)
    if phase == "Succeeded" and released.get("status") == "True":
        return Health(State.DEPLOYED, phase, message)
    if phase == "Succeeded" or _test_failure_ignored(view):
        return Health(State.DEPLOYING, phase, message)
    return Health(State.FAILED, phase, message or _phase_message(view))


def _chart(context: ReleaseContext) -> dict[str, Any]:
    chart = context.environment.release.get("chart") or {}
    copied = {field: chart[field] for field in _COPIED_CHART_FIELDS if chart.get(field)}
    given = {"secretRef": {"name": context.git_secret}} if context.git_secret else {}
    return given | copied


def _released_message(view: HelmRelease) -> str:
    return objects.text(view.condition("Released").get("message"))


def _test_failure_ignored(view: HelmRelease) -> bool:
    test = objects.mapping(objects.mapping(view.obj.get("spec")).get("test"))
    return view.phase == "TestFailed" and bool(test.get("ignoreFailures"))


def _progress_message(view: HelmRelease) -> str:
    # One text for the whole installation: its stages pass quickly, and each new text would be a write.
    if view.phase not in _INSTALLING:
        return _phase_message(view)
    return _running(view)


def _running(view: HelmRelease) -> str:
    deployed = view.condition("Deployed")
    if deployed.get("status") == "Unknown" and (message := objects.text(deployed.get("message"))):
        return message
    action = "upgrade" if view.revision else "installation"
    release, namespace = objects.text(view.status.get("releaseName")) or view.name, objects.namespace(view.obj)
    return f"Running {action} for Helm release '{release}' in '{namespace}'."


def _phase_message(view: HelmRelease) -> str:
    of_phase = (objects.text(c.get("message")) for c in view.conditions if c.get("reason") == view.phase)
    return next((message for message in of_phase if message), "")
