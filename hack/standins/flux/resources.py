"""The kinds that Flux reconciles, and how they write durations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from controller.apimachinery.resources import Resource

GIT_REPOSITORIES = Resource("source.toolkit.fluxcd.io", "v1", "gitrepositories", "GitRepository", namespaced=True)
HELM_RELEASES = Resource("helm.toolkit.fluxcd.io", "v2", "helmreleases", "HelmRelease", namespaced=True)
CONFIG_MAPS = Resource("", "v1", "configmaps", "ConfigMap", namespaced=True)
SERVICE_ACCOUNTS = Resource("", "v1", "serviceaccounts", "ServiceAccount", namespaced=True)

FINALIZER = "finalizers.fluxcd.io"
REQUESTED_AT = "reconcile.fluxcd.io/requestedAt"
RESET_AT = "reconcile.fluxcd.io/resetAt"
FORCE_AT = "reconcile.fluxcd.io/forceAt"
WATCH_SELECTOR = "reconcile.fluxcd.io/watch=Enabled"

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")


def seconds(section: Mapping[str, Any], field: str, default: float) -> float:
    """The seconds of a duration field (`1m30s`), or the default where it is absent. The CRD has checked its form."""
    text = str(section.get(field) or "")
    return sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text)) if text else default


def written(duration: float) -> str:
    """Whole seconds as Go prints them: `5m0s`, `1h0m0s`, `20s`."""
    minutes, rest = divmod(int(duration), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes}m{rest}s"
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
