"""Engine 1, the legacy Helm Operator: the HelmRelease that it should find, and what its status means.

Its status has traps, and this module is where they end:
- the first sync of every chart reports ChartFetchFailed, because the mirror of the repository is not there yet;
- `ChartFetched=False` may stay for ever on a healthy release, and `Released=True` stays while the next spec is rolled
  out. So the phase decides, and a finished phase counts only once the operator has observed the current generation;
- a failed upgrade blocks every later one unless `rollback.enable` is set.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
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
from controller.apimachinery.timestamps import from_time
from controller.environment.engines.health import Health, State

NAME: Final = "helm-operator"
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


def desired(environment: Environment) -> dict[str, Any]:
    """The HelmRelease for an environment: its release, field by field, with the engine's own dead ends avoided."""
    release = environment.release
    chart = release.get("chart") or {}
    spec: dict[str, Any] = {
        "chart": {field: chart[field] for field in _COPIED_CHART_FIELDS if chart.get(field)},
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


def health(release: Object | None, *, grace_from: datetime | None, grace: float, now: datetime) -> Health:
    """How the release fares.

    Args:
        release: the HelmRelease, or None where it does not exist yet.
        grace_from: when we began to wait for the chart of this generation; None while we have not recorded it.
        grace: seconds that fetching the chart may take.
        now: wall clock.
    """
    view = HelmRelease(release or {})
    phase = view.phase
    if release is None or not phase:
        return Health(State.PENDING, "Pending", WAITING_FOR_CHART)
    if phase in _UNDER_WAY:
        return Health(State.DEPLOYING, phase, _progress_message(view))
    if not view.is_observed:
        # The end of the sync before, or of this one a moment before it is recorded: either way it is under way.
        if phase == "ChartFetchFailed":
            return Health(State.PENDING, phase, WAITING_FOR_CHART)
        return Health(State.DEPLOYING, phase, _running(view))
    if phase == "ChartFetchFailed":
        return _chart_fetch_failed(view, grace_from=grace_from, grace=grace, now=now)
    released = view.condition("Released")
    message = str(released.get("message") or "")
    if phase == "Succeeded" and released.get("status") == "True":
        return Health(State.DEPLOYED, phase, message)
    if phase == "Succeeded" or _test_failure_ignored(view):
        return Health(State.DEPLOYING, phase, message)
    return Health(State.FAILED, phase, message or _phase_message(view))


def _chart_fetch_failed(view: HelmRelease, *, grace_from: datetime | None, grace: float, now: datetime) -> Health:
    moments = [grace_from, from_time(view.condition("Released").get("lastTransitionTime"))]
    start = max((moment for moment in moments if moment is not None), default=now)
    left = (start + timedelta(seconds=grace) - now).total_seconds()
    if grace_from is None or left > 0:
        return Health(State.PENDING, view.phase, WAITING_FOR_CHART, changes_after=max(left, 1.0))
    return Health(State.FAILED, view.phase, str(view.condition("Released").get("message") or ""))


def _test_failure_ignored(view: HelmRelease) -> bool:
    test: Mapping[str, Any] = (view.obj.get("spec") or {}).get("test") or {}
    return view.phase == "TestFailed" and bool(test.get("ignoreFailures"))


def _progress_message(view: HelmRelease) -> str:
    # One text for the whole installation: its stages pass quickly, and each new text would be a write.
    if view.phase not in _INSTALLING:
        return _phase_message(view)
    return _running(view)


def _running(view: HelmRelease) -> str:
    deployed = view.condition("Deployed")
    if deployed.get("status") == "Unknown" and deployed.get("message"):
        return str(deployed["message"])
    action = "upgrade" if view.revision else "installation"
    release, namespace = view.status.get("releaseName") or view.name, objects.namespace(view.obj)
    return f"Running {action} for Helm release '{release}' in '{namespace}'."


def _phase_message(view: HelmRelease) -> str:
    of_phase = (c for c in view.status.get("conditions") or () if c.get("reason") == view.phase)
    return str(next((c["message"] for c in of_phase if c.get("message")), ""))
