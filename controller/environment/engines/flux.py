"""Engine 2, Flux: the GitRepository and the HelmRelease of an environment.

Both have the name of the release and are in the environment's namespace, because Flux can be configured to follow no
reference out of it. Three settings keep a preview alive:
- `reconcileStrategy: Revision`. Without it, a chart whose version stays the same is never upgraded.
- Unlimited retries with a remediation. By default, one failure is final until the spec changes, even after its cause in
  the cluster was repaired. helm-controller waits longer after each try. Its newer strategy RetryOnFailure would work
  too, but older CRDs drop the field, and the controller would write it again and again.
- Every field for which the CRDs have a default is set. So the desired object equals the one that the API server stores.

Flux cannot read values from a URL, and a release without them would deploy something else. The policy refuses them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from controller.api.engines import ENGINES, FLUX
from controller.api.environment import (
    ENVIRONMENT_LABEL,
    INSTANCE_LABEL,
    MANAGED_BY,
    MANAGED_BY_LABEL,
    UID_ANNOTATION,
    Environment,
)
from controller.api.flux import (
    EVENT_PREFIX,
    FINALIZER,
    GIT_REPOSITORIES,
    HELM_RELEASES,
    REQUESTED_AT,
    WATCH_LABEL,
    WATCHED,
    GitRepository,
    HelmRelease,
)
from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import Resource
from controller.environment.effects import Listing, Patch, Target
from controller.environment.engines import references
from controller.environment.engines.engine import Engine, Reference, ReleaseContext
from controller.environment.engines.flux_health import health

# How often Flux asks git for new commits, and how long git may take to answer.
_GIT_INTERVAL: Final = "1m0s"
_GIT_TIMEOUT: Final = "60s"
# How often Flux compares a release with the cluster. It acts on every change at once.
_RELEASE_INTERVAL: Final = "10m0s"
_DEFAULT_BRANCH: Final = "master"
_ROOT: Final = "./"
_UNLIMITED: Final = -1
# What the Helm Operator uses if `rollback.retry` is set without `maxRetries`.
_RETRIES: Final = 5
_COMMIT: Final = re.compile(r"[0-9A-Fa-f]{40}")


def place(environment: Environment, name: str) -> Target:
    """Return where the HelmRelease of that name lies."""
    return Target(HELM_RELEASES, name, environment.namespace_name)


def desired_source(context: ReleaseContext) -> dict[str, Any]:
    """Return the GitRepository: where the chart is, and which Secret has the credentials."""
    chart = context.environment.chart
    url = _url(str(chart.get("git") or ""))
    spec: dict[str, Any] = {
        "url": url,
        "ref": _ref(str(chart.get("ref") or "")),
        "interval": _GIT_INTERVAL,
        "timeout": _GIT_TIMEOUT,
    }
    # Over http, everybody on the way could read them.
    if context.git_secret and not url.startswith("http:"):
        spec["secretRef"] = {"name": context.git_secret}
    return _object(GIT_REPOSITORIES, context.environment, spec)


def desired(context: ReleaseContext) -> dict[str, Any]:
    """Return the HelmRelease.

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
        "suspend": True if context.suspended else None,
        "timeout": _duration(release.get("timeout")),
        "maxHistory": release.get("maxHistory"),
        "rollback": _rollback(release.get("rollback") or {}) or None,
        "test": _test(release.get("test") or {}) or None,
        "valuesFrom": list(_values_from(context)) or None,
        "values": release.get("values"),
    }
    return _object(HELM_RELEASES, environment, spec | _present(optional), _event_metadata(context))


def revision(release: Object | None, source: Object | None) -> str:
    """Return the commit whose chart is deployed, or "".

    The HelmRelease has only its first digits. The GitRepository has all of them, if it has found no newer commit.
    """
    deployed, commit = HelmRelease(release or {}).deployed_commit, GitRepository(source or {}).commit
    return commit if deployed and commit.startswith(deployed) else deployed


def git_secret(release: Object | None, source: Object | None) -> str:
    """Return the name of the Secret with the credentials of the repository, or ""."""
    reference = objects.mapping(objects.mapping((source or {}).get("spec")).get("secretRef"))
    return objects.text(reference.get("name"))


def ignored_fields(environment: Environment) -> tuple[str, ...]:
    """Return the fields of `spec.application.release` that are set and that Flux has no equivalent for."""
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


def suspend(target: Target, release: Object) -> Patch | None:
    """Return the patch that suspends a HelmRelease, or None if it is suspended already."""
    return None if _is_suspended(release) else _patch(target, release, "add", True)


def resume(target: Target, obj: Object) -> Patch | None:
    """Return the patch that resumes an object, or None if it is not suspended.

    helm-controller removes its finalizer from a suspended HelmRelease without an uninstall.
    """
    return _patch(target, obj, "replace", False) if _is_suspended(obj) else None


def evidence(target: Target, release: Object | None) -> Listing | None:
    """Return None: the status of a HelmRelease says why it failed."""
    return None


def explain(release: Object | None, events: Sequence[Object]) -> str:
    """Return "": there is nothing to add to the status."""
    return ""


def leftovers(release: Target) -> Listing | None:
    """Return None: a HelmRelease has a finalizer until it is uninstalled."""
    return None


def _is_suspended(obj: Object) -> bool:
    return objects.mapping(obj.get("spec")).get("suspend") is True


def _patch(target: Target, obj: Object, operation: str, suspend: bool) -> Patch:
    same_object = {"op": "test", "path": "/metadata/uid", "value": objects.uid(obj)}
    return Patch(target, [same_object, {"op": operation, "path": "/spec/suspend", "value": suspend}])


def _object(
    resource: Resource, environment: Environment, spec: dict[str, Any], annotations: Mapping[str, str] | None = None
) -> dict[str, Any]:
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
            "annotations": {UID_ANNOTATION: environment.uid, **(annotations or {})} | _request(environment),
        },
        "spec": spec,
    }


def _event_metadata(context: ReleaseContext) -> dict[str, str]:
    """Return the annotations from which Flux's notification-controller knows the pull request.

    Flux copies them to each event about the release, and its providers for pull requests and commits need them. Without
    a commit there are none, so an environment of a pipeline that passes nothing about its commit stays as it is.
    """
    environment = context.environment
    known = {
        "change_request": environment.pull_request,
        "commit": environment.commit,
        "preview-url": context.preview_url,
        "branch": environment.branch,
        "author": environment.author,
    }
    return {f"{EVENT_PREFIX}{key}": value for key, value in known.items() if value} if environment.commit else {}


def _request(environment: Environment) -> dict[str, str]:
    # Set only until our status says that the request was passed on. Then the annotation belongs to users of Flux's CLI.
    return {REQUESTED_AT: environment.requested_at} if environment.requested_at else {}


def _url(git: str) -> str:
    """Return `git` as a URL. Flux does not accept `git@host:path`. Some servers distinguish upper and lower case."""
    if not git.startswith("git@"):
        return git
    host, _, path = git.partition(":")
    return f"ssh://{host}/{path.lstrip('/')}"


def _ref(ref: str) -> dict[str, str]:
    # A name alone could be a branch or a tag, so a tag has to be written as refs/tags/x.
    if _COMMIT.fullmatch(ref):
        return {"commit": ref}
    if ref.startswith("refs/"):
        return {"name": ref}
    return {"branch": ref or _DEFAULT_BRANCH}


def _chart(environment: Environment) -> dict[str, Any]:
    path = str(environment.chart.get("path") or "")
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
        # A list of files replaces the chart's own values.yaml, and paths start at the root of the repository.
        spec["valuesFiles"] = [_within(path, file) for file in ("values.yaml", *(str(f["path"]) for f in files))]
        # There is one switch for all files, so a single required file makes all of them required.
        if all(file.get("optional") for file in files):
            spec["ignoreMissingValuesFiles"] = True
    return spec


def _within(*parts: str) -> str:
    """Return the path in the repository without a leading slash and without ".", or "" for the root."""
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
    """Return what follows a failed upgrade, or None if the environment does not ask for a rollback."""
    if rollback and not rollback.get("enable"):
        return None
    remediation: dict[str, Any] = {"retries": _UNLIMITED, "strategy": "rollback"}
    if rollback.get("retry"):
        # 0 means unlimited for the Helm Operator, and no retry for Flux.
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
        for field, resource in references.KINDS.items():
            if not (reference := entry.get(field)):
                continue
            name, namespace = str(reference["name"]), str(reference.get("namespace") or own)
            yield {
                "kind": resource.kind,
                "name": name if namespace == own else context.copies[Reference(resource.kind, namespace, name)],
            } | _present({"valuesKey": reference.get("key") or None, "optional": reference.get("optional")})


def _duration(seconds: int | None) -> str | None:
    return None if seconds is None else f"{seconds}s"


def _present(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {field: value for field, value in fields.items() if value is not None}


ENGINE: Final = Engine(
    facts=ENGINES[FLUX],
    failures=(
        "ChartFetchFailed",
        "GitOperationFailed",
        "AuthenticationFailed",
        "ValuesError",
        "StateError",
        "InstallFailed",
        "UpgradeFailed",
        "TestFailed",
        "RollbackFailed",
    ),
    account_field="serviceAccountName",
    deployed_fields={
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
    },
    finalizers={
        HELM_RELEASES: {FINALIZER: "Flux's helm-controller removes it after the uninstall"},
        GIT_REPOSITORIES: {FINALIZER: "Flux's source-controller removes it"},
    },
    values_labels={WATCH_LABEL: WATCHED},
    place=place,
    desired=desired,
    desired_source=desired_source,
    health=health,
    revision=revision,
    git_secret=git_secret,
    ignored_fields=ignored_fields,
    foreign_references=references.foreign,
    suspend=suspend,
    resume=resume,
    evidence=evidence,
    explain=explain,
    leftovers=leftovers,
)
