"""Engine 2, Flux: the GitRepository and the HelmRelease that it should find.

Both bear the release's name and live in the environment's namespace: Flux may be told to follow no reference out of it.
Three things here keep a preview alive:
- `reconcileStrategy: Revision`: otherwise a chart whose version stays the same is never upgraded;
- unlimited retries with a remediation. By default one failure is the end until the spec changes, also where the cause
  lay in the cluster and is mended there. helm-controller waits longer and longer between two tries. Its newer strategy
  RetryOnFailure would do too, but older CRDs drop the field, and we would write it again for ever;
- every field that the CRDs have a default for is written out, so that what we want equals what the API server holds.

Values from a URL have no equivalent and would change what is deployed: the policy refuses them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from controller.api.environment import (
    ENVIRONMENT_LABEL,
    INSTANCE_LABEL,
    MANAGED_BY,
    MANAGED_BY_LABEL,
    UID_ANNOTATION,
    Environment,
)
from controller.api.flux import GIT_REPOSITORIES, HELM_RELEASES, REQUESTED_AT, GitRepository, HelmRelease
from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import Resource
from controller.environment.engines.context import Reference, ReleaseContext
from controller.environment.engines.flux_health import health

__all__ = [
    "NAME",
    "RELEASES",
    "RESOURCES",
    "RUNS_AS_ACCOUNT",
    "TELLS_WHY_IN_EVENTS",
    "FOLLOWS_REFERENCES",
    "CAN_SUSPEND",
    "SAYS_WHAT_RUNS",
    "FAILURES",
    "source",
    "desired",
    "health",
    "revision",
    "git_secret",
    "ignored_fields",
]

NAME: Final = "flux"
RELEASES: Final = HELM_RELEASES
RESOURCES: Final = (HELM_RELEASES, GIT_REPOSITORIES)
RUNS_AS_ACCOUNT: Final = True
TELLS_WHY_IN_EVENTS: Final = False
FOLLOWS_REFERENCES: Final = False
CAN_SUSPEND: Final = True
SAYS_WHAT_RUNS: Final[Mapping[Resource, tuple[str, ...]]] = {
    HELM_RELEASES: (
        "chart",
        "chartRef",
        "kubeConfig",
        "postRenderers",
        "releaseName",
        "serviceAccountName",
        "storageNamespace",
        "suspend",
        "targetNamespace",
        "values",
        "valuesFrom",
    ),
    GIT_REPOSITORIES: ("ignore", "include", "ref", "secretRef", "sparseCheckout", "suspend", "url"),
}
FAILURES: Final = (
    "ChartFetchFailed",
    "GitOperationFailed",
    "AuthenticationFailed",
    "InstallFailed",
    "UpgradeFailed",
    "TestFailed",
    "RollbackFailed",
)

# How often git is asked for news, and how long one answer may take.
_GIT_INTERVAL: Final = "1m0s"
_GIT_TIMEOUT: Final = "60s"
# How often a release is compared with what it should be; news of any kind are acted on at once.
_RELEASE_INTERVAL: Final = "10m0s"
_DEFAULT_BRANCH: Final = "master"
_ROOT: Final = "./"
_UNLIMITED: Final = -1
# What the Helm Operator takes where `rollback.retry` stands without `maxRetries`.
_RETRIES: Final = 5
_KINDS: Final = {"configMapKeyRef": "ConfigMap", "secretKeyRef": "Secret"}
_COMMIT: Final = re.compile(r"[0-9A-Fa-f]{40}")


def source(context: ReleaseContext) -> dict[str, Any]:
    """The GitRepository: where the chart lies, and whose credentials open it."""
    chart = context.environment.release.get("chart") or {}
    url = _url(str(chart.get("git") or ""))
    spec: dict[str, Any] = {
        "url": url,
        "ref": _ref(str(chart.get("ref") or "")),
        "interval": _GIT_INTERVAL,
        "timeout": _GIT_TIMEOUT,
    }
    # Over http whoever listens would learn them.
    if context.git_secret and not url.startswith("http:"):
        spec["secretRef"] = {"name": context.git_secret}
    return _object(GIT_REPOSITORIES, context.environment, spec)


def desired(context: ReleaseContext) -> dict[str, Any]:
    """The HelmRelease.

    Raises:
        KeyError: the spec refers to an object in another namespace that has no copy in `context.copies`.
    """
    environment = context.environment
    release = environment.release
    spec: dict[str, Any] = {
        "interval": _RELEASE_INTERVAL,
        "chart": {"spec": _chart(environment)},
        "releaseName": environment.release_name,
        "install": _install(release),
        "upgrade": _upgrade(release),
    }
    optional = {
        "serviceAccountName": context.service_account or None,
        "suspend": True if environment.suspended else None,
        "timeout": _duration(release.get("timeout")),
        "maxHistory": release.get("maxHistory"),
        "rollback": _rollback(release.get("rollback") or {}) or None,
        "test": _test(release.get("test") or {}) or None,
        "valuesFrom": list(_values_from(context)) or None,
        "values": release.get("values"),
    }
    return _object(HELM_RELEASES, environment, spec | _present(optional))


def revision(release: Object | None, source: Object | None) -> str:
    """Commit whose chart is deployed, or "". The release knows only its beginning; the source may know the whole."""
    deployed, commit = HelmRelease(release or {}).deployed_commit, GitRepository(source or {}).commit
    return commit if deployed and commit.startswith(deployed) else deployed


def git_secret(release: Object | None, source: Object | None) -> str:
    """Name of the Secret that opens the repository, or ""."""
    reference = objects.mapping(objects.mapping((source or {}).get("spec")).get("secretRef"))
    return objects.text(reference.get("name"))


def ignored_fields(environment: Environment) -> tuple[str, ...]:
    """Fields of `spec.application.release` that are set and mean nothing to Flux."""
    release = environment.release
    chart = release.get("chart") or {}
    ignored = []
    if chart.get("secretRef") and str(chart.get("git") or "").startswith("http:"):
        ignored.append("chart.secretRef")
    if (release.get("rollback") or {}).get("recreate"):
        ignored.append("rollback.recreate")
    if (release.get("test") or {}).get("cleanup"):
        ignored.append("test.cleanup")
    return tuple(ignored)


def _object(resource: Resource, environment: Environment, spec: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {
            "name": environment.release_name,
            "namespace": environment.namespace_name,
            "labels": {
                INSTANCE_LABEL: environment.release_name,
                MANAGED_BY_LABEL: MANAGED_BY,
                ENVIRONMENT_LABEL: environment.name,
            },
            "annotations": {UID_ANNOTATION: environment.uid} | _request(environment),
        },
        "spec": spec,
    }


def _request(environment: Environment) -> dict[str, str]:
    # Only until our status says that it was passed on. Afterwards the annotation belongs to users of Flux's own CLI.
    return {REQUESTED_AT: environment.requested_at} if environment.requested_at else {}


def _url(git: str) -> str:
    """`git` as a URL. scp's `git@host:path` is none to Flux; the case of letters matters to some servers."""
    if not git.startswith("git@"):
        return git
    host, _, path = git.partition(":")
    return f"ssh://{host}/{path.lstrip('/')}"


def _ref(ref: str) -> dict[str, str]:
    # One string cannot tell a tag from a branch: tags are written refs/tags/x.
    if _COMMIT.fullmatch(ref):
        return {"commit": ref}
    if ref.startswith("refs/"):
        return {"name": ref}
    return {"branch": ref or _DEFAULT_BRANCH}


def _chart(environment: Environment) -> dict[str, Any]:
    path = str((environment.release.get("chart") or {}).get("path") or "")
    spec: dict[str, Any] = {
        "chart": _within(path) or _ROOT,
        "version": "*",
        "sourceRef": {
            "kind": GIT_REPOSITORIES.kind,
            "name": environment.release_name,
            "namespace": environment.namespace_name,
        },
        "reconcileStrategy": "Revision",
    }
    entries = environment.release.get("valuesFrom") or ()
    files: list[Mapping[str, Any]] = [entry["chartFileRef"] for entry in entries if entry.get("chartFileRef")]
    if files:
        # Whoever lists files no longer gets the chart's own, and paths begin at the repository's root.
        spec["valuesFiles"] = [_within(path, file) for file in ("values.yaml", *(str(f["path"]) for f in files))]
        # One switch for all: a file that must be there outweighs those that need not.
        if all(file.get("optional") for file in files):
            spec["ignoreMissingValuesFiles"] = True
    return spec


def _within(*parts: str) -> str:
    """Path within the repository, without a beginning slash and without dots; "" for the root."""
    return "/".join(step for part in parts for step in part.split("/") if step not in ("", "."))


def _install(release: Mapping[str, Any]) -> dict[str, Any]:
    return {"remediation": {"retries": _UNLIMITED}} | _common(release)


def _upgrade(release: Mapping[str, Any]) -> dict[str, Any]:
    return _common(release) | _present(
        {
            "remediation": _remediation(_present(release.get("rollback") or {})),
            "force": True if release.get("forceUpgrade") else None,
            "preserveValues": True if release.get("resetValues") is False else None,
        }
    )


def _common(release: Mapping[str, Any]) -> dict[str, Any]:
    return _present(
        {
            "crds": "Skip" if release.get("skipCRDs") else None,
            "disableOpenAPIValidation": True if release.get("disableOpenAPIValidation") else None,
            "disableWait": True if release.get("wait") is False else None,
        }
    )


def _remediation(rollback: Mapping[str, Any]) -> dict[str, Any] | None:
    """What follows a failed upgrade; None where the environment wants no rollback."""
    if rollback and not rollback.get("enable"):
        return None
    remediation: dict[str, Any] = {"retries": _UNLIMITED, "strategy": "rollback"}
    if rollback.get("retry"):
        # 0 is without limit there, and "none" here.
        remediation["retries"] = rollback.get("maxRetries", _RETRIES) or _UNLIMITED
    elif "retry" in rollback:
        remediation |= {"retries": 0, "remediateLastFailure": True}
    return remediation


def _rollback(rollback: Mapping[str, Any]) -> dict[str, Any]:
    return _present(
        {
            "timeout": _duration(rollback.get("timeout")),
            "disableHooks": rollback.get("disableHooks"),
            "force": rollback.get("force"),
            "disableWait": True if rollback.get("wait") is False else None,
        }
    )


def _test(test: Mapping[str, Any]) -> dict[str, Any]:
    return _present(
        {
            "enable": test.get("enable"),
            "ignoreFailures": test.get("ignoreFailures"),
            "timeout": _duration(test.get("timeout")),
        }
    )


def _values_from(context: ReleaseContext) -> Iterator[dict[str, Any]]:
    own = context.environment.namespace_name
    for entry in context.environment.release.get("valuesFrom") or ():
        for field, kind in _KINDS.items():
            if not (reference := entry.get(field)):
                continue
            name, namespace = str(reference["name"]), str(reference.get("namespace") or own)
            yield {
                "kind": kind,
                "name": name if namespace == own else context.copies[Reference(kind, namespace, name)],
            } | _present({"valuesKey": reference.get("key") or None, "optional": reference.get("optional")})


def _duration(seconds: int | None) -> str | None:
    return None if seconds is None else f"{seconds}s"


def _present(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {field: value for field, value in fields.items() if value is not None}
