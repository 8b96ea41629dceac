"""Engine 1, the legacy Helm Operator: the HelmRelease of an environment, and what its status means.

The status is misleading in several ways, and this module corrects for them:
- The first sync of every chart reports ChartFetchFailed, because the mirror of the repository does not exist yet.
- `ChartFetched=False` can remain on a healthy release, and `Released=True` remains while the next spec is rolled out.
  So the phase decides, and a final phase counts only after the operator has observed the current generation.
- A failed upgrade blocks every later one unless `rollback.enable` is set.

The operator applies every chart as cluster-admin and cannot be suspended. It has no finalizer: a deleted HelmRelease
disappears at once, and the uninstall starts after that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from controller.api.engines import ENGINES, HELM_OPERATOR
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
from controller.apimachinery.resources import SECRETS
from controller.environment.effects import Listing, Patch, Target
from controller.environment.engines.engine import (
    CHART_FETCH_FAILED,
    WAITING_FOR_CHART,
    Engine,
    Health,
    Reference,
    ReleaseContext,
    State,
)
from controller.environment.engines.helm_operator_events import explain, warnings

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
# The phases of a running sync, in the operator's own words. No sync ends in one of them.
_INSTALLING: Final = frozenset({"ChartFetched", "Installing", "Upgrading", "Deployed"})
_UNDER_WAY: Final = _INSTALLING | {"Testing", "Tested", "RollingBack"}


def place(environment: Environment, name: str) -> Target:
    """Return where the HelmRelease of that name lies."""
    return Target(HELM_RELEASES, name, environment.namespace_name)


def desired(context: ReleaseContext) -> dict[str, Any]:
    """Return the HelmRelease: the fields of the environment's release, and settings that keep it from getting stuck."""
    environment = context.environment
    release = environment.release
    spec: dict[str, Any] = {
        "chart": _chart(context),
        # The operator's default can be Helm 2, which needs a server in the cluster.
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


def desired_source(context: ReleaseContext) -> dict[str, Any] | None:
    """Return None: the HelmRelease itself says where its chart is."""
    return None


def ignored_fields(environment: Environment) -> tuple[str, ...]:
    """Return nothing: the fields of an environment's release are those of this engine."""
    return ()


def revision(release: Object | None, source: Object | None) -> str:
    """Return the git revision that is deployed, or ""."""
    return HelmRelease(release or {}).revision


def git_secret(release: Object | None, source: Object | None) -> str:
    """Return the name of the Secret with the credentials of the chart's repository, or ""."""
    chart = objects.mapping(objects.mapping((release or {}).get("spec")).get("chart"))
    return objects.text(objects.mapping(chart.get("secretRef")).get("name"))


def health(release: Object | None, source: Object | None, *, chart_patience: float) -> Health:
    """Return the health of the release.

    Args:
        release: the HelmRelease, or None if it does not exist yet.
        source: None.
        chart_patience: seconds for which fetching the chart may continue to fail; 0 if it has failed for too long.
    """
    view = HelmRelease(release or {})
    phase = view.phase
    if release is None or not phase:
        return Health(State.PENDING, "Pending", WAITING_FOR_CHART)
    if phase in _UNDER_WAY:
        return Health(State.DEPLOYING, phase, _progress_message(view))
    if not view.is_observed:
        # The end of the sync before, or of this one just before it is recorded. In both cases, work is in progress.
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


def foreign_references(environment: Environment) -> Mapping[Reference, bool]:
    """Return nothing: the operator reads Secrets and ConfigMaps in every namespace."""
    return {}


def suspend(target: Target, release: Object) -> Patch | None:
    """Return None: the operator cannot suspend a release."""
    return None


def resume(target: Target, release: Object) -> Patch | None:
    """Return None: the operator cannot suspend a release."""
    return None


def leftovers(release: Target) -> Listing | None:
    """Return the Secrets in which Helm keeps the revisions of a release. Only their metadata is read."""
    selector = f"owner=helm,name={release.name}"
    return Listing(SECRETS, release.namespace, label_selector=selector, metadata_only=True)


def _chart(context: ReleaseContext) -> dict[str, Any]:
    chart = context.environment.chart
    copied = {field: chart[field] for field in _COPIED_CHART_FIELDS if chart.get(field)}
    given = {"secretRef": {"name": context.git_secret}} if context.git_secret else {}
    return given | copied


def _released_message(view: HelmRelease) -> str:
    return objects.text(view.condition("Released").get("message"))


def _test_failure_ignored(view: HelmRelease) -> bool:
    test = objects.mapping(objects.mapping(view.obj.get("spec")).get("test"))
    return view.phase == "TestFailed" and bool(test.get("ignoreFailures"))


def _progress_message(view: HelmRelease) -> str:
    # One text for the whole installation, because its stages are short and each new text is a write.
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


ENGINE: Final = Engine(
    facts=ENGINES[HELM_OPERATOR],
    failures=("ChartFetchFailed", "DeployFailed", "Failed", "TestFailed", "RolledBack", "RollbackFailed"),
    account_field="",
    deployed_fields={
        HELM_RELEASES: (
            "chart",
            "helmVersion",
            "releaseName",
            "targetNamespace",
            "valueFileSecrets",
            "values",
            "valuesFrom",
        ),
    },
    finalizers={},
    values_labels={},
    place=place,
    desired=desired,
    desired_source=desired_source,
    health=health,
    revision=revision,
    git_secret=git_secret,
    ignored_fields=ignored_fields,
    foreign_references=foreign_references,
    suspend=suspend,
    resume=resume,
    evidence=warnings,
    explain=explain,
    leftovers=leftovers,
)
