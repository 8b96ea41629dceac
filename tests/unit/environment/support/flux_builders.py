"""Flux's objects with a status, in Flux's own words. The defaults are a release that is deployed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from controller.api.environment import Environment
from controller.environment.engines import flux
from controller.environment.engines.engine import ReleaseContext
from tests.unit.environment.support.builders import NAME, RELEASE_NAME, ago, environment

COMMIT = "6f50ff2ff844f5f7c2b6627e3d7319e4717ac847"
NEXT_COMMIT = "0123456789abcdef0123456789abcdef01234567"

Json = dict[str, Any]


def context(**changes: Any) -> ReleaseContext:
    """The context of a good environment; `changes` are those of `builders.environment`."""
    return ReleaseContext(environment=Environment(environment(**changes)))


def condition(type_: str, status: str, reason: str, message: str = "", *, generation: int = 1) -> Json:
    """One condition, as Flux writes it."""
    return {
        "type": type_,
        "status": status,
        "reason": reason,
        "message": message or words(reason),
        "observedGeneration": generation,
        "lastTransitionTime": ago(60),
    }


def release(
    *conditions: Mapping[str, Any],
    generation: int = 1,
    observed: int | None = None,
    commit: str = COMMIT,
    history: Sequence[Mapping[str, Any]] = (),
    deleting: bool = False,
    suspended: bool = False,
) -> Json:
    """A HelmRelease with these conditions. `observed` is as new as `generation` unless it is given."""
    obj = flux.desired(replace(context(), suspended=suspended))
    obj["metadata"] |= {"uid": "hr-1", "generation": generation, "resourceVersion": "30"}
    if deleting:
        obj["metadata"] |= {"deletionTimestamp": ago(1), "finalizers": ["finalizers.fluxcd.io"]}
    status: Json = {"observedGeneration": generation if observed is None else observed, "conditions": list(conditions)}
    if commit:
        status["lastAttemptedRevision"] = chart_version(commit)
    if history:
        status["history"] = list(history)
    return obj | {"status": status}


def deployed(*, generation: int = 1, **changes: Any) -> Json:
    """A HelmRelease that is ready."""
    return release(
        condition("Ready", "True", "InstallSucceeded", generation=generation),
        condition("Released", "True", "InstallSucceeded"),
        generation=generation,
        **changes,
    )


def source(
    *conditions: Mapping[str, Any], generation: int = 1, observed: int | None = None, commit: str = COMMIT
) -> Json:
    """A GitRepository with these conditions; without any, one that is ready."""
    obj = flux.desired_source(context())
    obj["metadata"] |= {"uid": "gr-1", "generation": generation, "resourceVersion": "31"}
    ready = [condition(type_, "True", "Succeeded", generation=generation) for type_ in ("Ready", "ArtifactInStorage")]
    status: Json = {
        "observedGeneration": generation if observed is None else observed,
        "conditions": list(conditions) or ready,
    }
    if commit:
        status["artifact"] = {"revision": f"run-pipeline@sha1:{commit}"}
    return obj | {"status": status}


def unfetched(reason: str = "GitOperationFailed", *, generation: int = 1, **changes: Any) -> Json:
    """A GitRepository that cannot be fetched."""
    return source(
        condition("Reconciling", "True", "ProgressingWithRetry", generation=generation),
        condition("Ready", "False", reason, generation=generation),
        condition("FetchFailed", "True", reason, generation=generation),
        generation=generation,
        **changes,
    )


def chart_version(commit: str) -> str:
    """The version of a chart that was built from the commit."""
    return f"0.0.0+{commit[:12]}"


def words(reason: str) -> str:
    """What Flux says with a reason."""
    return _WORDS[reason].format(full=f"{NAME}/{RELEASE_NAME}", chart=f"shop@{chart_version(COMMIT)}", commit=COMMIT)


_WORDS = {
    "InstallSucceeded": "Helm install succeeded for release {full}.v1 with chart {chart}",
    "InstallFailed": "Helm install failed for release {full} with chart {chart}: image must be set",
    "UpgradeSucceeded": "Helm upgrade succeeded for release {full}.v2 with chart {chart}",
    "UpgradeFailed": "Helm upgrade failed for release {full} with chart {chart}: image must be set",
    "TestSucceeded": "Helm test succeeded for release {full}.v1 with chart {chart}: 1 test hook completed successfully",
    "TestFailed": "Helm test failed for release {full}.v1 with chart {chart}: pod shop-test failed",
    "RollbackSucceeded": "Helm rollback to previous release {full}.v1 with chart {chart} succeeded",
    "RollbackFailed": "Helm rollback to previous release {full}.v1 with chart {chart} failed: timed out",
    "UninstallSucceeded": "Helm uninstall remediation for release {full}.v1 with chart {chart} succeeded",
    "UninstallFailed": "Helm uninstall remediation for release {full}.v1 with chart {chart} failed: timed out",
    "RetriesExceeded": "Failed to upgrade after 1 attempt(s)",
    "MissingRollbackTarget": "Failed to perform remediation: missing target release for rollback",
    "Progressing": "Running 'upgrade' action with timeout of 5m0s",
    "ProgressingWithRetry": "processing object: new generation 1 -> 2",
    "SourceNotReady": "HelmChart '{full}' is not ready: does not have an artifact",
    "DependencyNotReady": "dependency 'other' is not ready",
    "ArtifactFailed": "could not get Source object: HelmChart not found",
    "ValuesError": "could not resolve Secret chart values reference 'shop/values' with key 'values.yaml': not found",
    "ChartMutateError": "cannot set the version of the chart",
    "RESTClientError": "no such account",
    "ResourceManagerError": "no such account",
    "FactoryError": "no storage",
    "AccessDenied": "can't access 'GitRepository/other/shop', cross-namespace references have been blocked",
    "HealthCheckCanceled": "New reconciliation triggered by GitRepository/shop/shop",
    "Succeeded": "stored artifact for revision 'run-pipeline@sha1:{commit}'",
    "GitOperationFailed": 'failed to checkout and determine revision: couldn\'t find remote ref "refs/heads/gone"',
    "AuthenticationFailed": "failed to get secret 'shop/git': not found",
    "URLInvalid": "failed to parse url 'https://%zz': invalid URL escape",
    "DirCreationFailed": "failed to create temporary working directory: no space left on device",
}
