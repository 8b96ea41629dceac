"""Objects, observations and what they are asked for, for the tests of the heart. The defaults are all well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from controller.api.environment import (
    APPLIED_LABELS_ANNOTATION,
    ENVIRONMENT_LABEL,
    FINALIZER,
    INSTALLATION_ANNOTATION,
    MANAGED_BY,
    MANAGED_BY_LABEL,
    UID_ANNOTATION,
    Environment,
)
from controller.api.helm_operator import HELM_RELEASES
from controller.apimachinery.resources import NAMESPACES
from controller.apimachinery.timestamps import to_time
from controller.environment import namespace_labels
from controller.environment.decide import INSTALLATION, PHASES, TEARDOWN
from controller.environment.decision import Continue
from controller.environment.effects import Effect, Emit, Subject, Target
from controller.environment.engines import flux, helm_operator
from controller.environment.engines.engine import ReleaseContext
from controller.environment.observation import Observation
from controller.environment.options import EnvironmentOptions
from controller.environment.plan import Phase
from controller.tronadorconfig.content import Share

NOW = datetime(2026, 3, 21, 12, 0, 0, tzinfo=UTC)
NAME = "shop-74"
UID = "uid-1"
RELEASE_NAME = "run-pipeline"
GIT = "https://github.com/stakater-lab/stakater-nordmart-inventory"
LABELS = {"kind": "pr", "team": "gabbar", "stakater.com/tenant": "veeru"}


def ago(seconds: float) -> str:
    """A timestamp that many seconds before NOW."""
    return to_time(NOW - timedelta(seconds=seconds))


def environment(
    *,
    name: str = NAME,
    uid: str = UID,
    generation: int = 1,
    labels: Mapping[str, str] | None = None,
    release: Mapping[str, Any] | None = None,
    chart: Mapping[str, Any] | None = None,
    status: Mapping[str, Any] | None = None,
    finalizers: Sequence[str] = (FINALIZER,),
    deleting: bool = False,
    suspend: bool | None = None,
    expire_after: str = "",
    annotations: Mapping[str, str] | None = None,
    version: str = "10",
) -> dict[str, Any]:
    """An EnvironmentProvisioner. `release` and `chart` are laid over good ones; a value of None is kept as null."""
    whole_chart = {"git": GIT, "path": "deploy", "ref": "run-pipeline"} | dict(chart or {})
    spec: dict[str, Any] = {
        "application": {"release": {"chart": whole_chart, "releaseName": RELEASE_NAME} | dict(release or {})},
        "namespaceLabels": LABELS if labels is None else labels,
    }
    if suspend is not None:
        spec["suspend"] = suspend
    if expire_after:
        spec["lifecycle"] = {"expireAfter": expire_after}
    metadata: dict[str, Any] = {
        "name": name,
        "uid": uid,
        "generation": generation,
        "resourceVersion": version,
        "creationTimestamp": ago(3600),
    }
    if annotations:
        metadata["annotations"] = dict(annotations)
    if finalizers:
        metadata["finalizers"] = list(finalizers)
    if deleting:
        metadata["deletionTimestamp"] = ago(1)
    obj = {
        "apiVersion": "tronador.stakater.com/v1alpha1",
        "kind": "EnvironmentProvisioner",
        "metadata": metadata,
        "spec": spec,
    }
    if status is not None:
        obj["status"] = dict(status)
    return obj


def our_labels(labels: Mapping[str, str] = LABELS, *, name: str = NAME, adopted: bool = False) -> dict[str, str]:
    """What a namespace carries because of an environment with these labels."""
    managed_by = {} if adopted else {MANAGED_BY_LABEL: MANAGED_BY}
    return {**labels, **managed_by, ENVIRONMENT_LABEL: name}


def namespace(
    *,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    applied: Mapping[str, str] | None = None,
    name: str = NAME,
    uid: str = "ns-1",
    deleting: bool = False,
    conditions: Sequence[Mapping[str, Any]] = (),
    version: str = "20",
    finalizers: Sequence[str] = (),
    spec_finalizers: Sequence[str] = (),
) -> dict[str, Any]:
    """A namespace of ours that is just right; `labels`, `annotations` and the `applied` memory replace its own.

    A real one has `kubernetes` among its `spec_finalizers` until its content is gone.
    """
    remembered = our_labels(name=name) if applied is None else applied
    metadata: dict[str, Any] = {
        "name": name,
        "uid": uid,
        "resourceVersion": version,
        "labels": dict(our_labels(name=name) if labels is None else labels),
        "annotations": {
            UID_ANNOTATION: UID,
            INSTALLATION_ANNOTATION: EnvironmentOptions(service_account="").own_namespace,
            APPLIED_LABELS_ANNOTATION: namespace_labels.memory_of(remembered),
        }
        if annotations is None
        else dict(annotations),
    }
    if deleting:
        metadata["deletionTimestamp"] = ago(1)
    if finalizers:
        metadata["finalizers"] = list(finalizers)
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": metadata,
        "spec": {"finalizers": list(spec_finalizers)},
        "status": {"phase": "Terminating" if deleting else "Active", "conditions": list(conditions)},
    }


def foreign_namespace(**kwargs: Any) -> dict[str, Any]:
    """A namespace that somebody else made."""
    return namespace(**({"labels": {"owner": "somebody"}, "annotations": {}} | kwargs))


def helm_release(
    of: Mapping[str, Any] | None = None,
    *,
    name: str | None = None,
    status: Mapping[str, Any] | None = None,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    uid: str = "hr-1",
    generation: int = 1,
    deleting: bool = False,
) -> dict[str, Any]:
    """The HelmRelease that an environment wants, as the API server would hold it."""
    obj = helm_operator.desired(context(of))
    metadata = obj["metadata"] | {
        "uid": uid,
        "generation": generation,
        "resourceVersion": "30",
        "creationTimestamp": ago(1800),
    }
    if name is not None:
        metadata["name"] = name
    if labels is not None:
        metadata["labels"] = dict(labels)
    if annotations is not None:
        metadata["annotations"] = dict(annotations)
    if deleting:
        metadata |= {"deletionTimestamp": ago(1), "finalizers": ["example.com/hold"]}
    return obj | {"metadata": metadata} | ({"status": dict(status)} if status is not None else {})


def context(of: Mapping[str, Any] | None = None) -> ReleaseContext:
    """What an engine knows of a release that needs nothing beside its environment."""
    return ReleaseContext(environment=Environment(of or environment()))


def operator_options(**options: Any) -> EnvironmentOptions:
    """The options where the Helm Operator is the engine, and no URLs are looked for."""
    defaults = {"service_account": "", "release_engine": helm_operator.ENGINE.name, "discover_urls": False}
    return EnvironmentOptions(**{**defaults, **options})


def flux_release(of: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The HelmRelease of Flux that an environment wants, as the API server would hold it."""
    obj = flux.desired(context(of))
    return obj | {"metadata": obj["metadata"] | {"uid": "hr-2", "generation": 1, "resourceVersion": "31"}}


def foreign_release(name: str = RELEASE_NAME) -> dict[str, Any]:
    """A HelmRelease that somebody else made."""
    return helm_release(name=name, labels={"owner": "somebody"}, annotations={})


def observation(
    *,
    environment: Mapping[str, Any] | None = None,
    namespace: Mapping[str, Any] | None = None,
    releases: Sequence[Mapping[str, Any]] = (),
    cached: Mapping[Target, Any] | None = None,
    answers: Mapping[Subject, Any] | None = None,
    ages: Mapping[str, float] | None = None,
    share: Share | None = None,
    own_secrets: Mapping[str, Any] | None = None,
    has_config: bool = True,
    now: datetime = NOW,
) -> Observation:
    """What one reconcile sees; the environment is a good one unless it is given.

    `releases` are the Helm Operator's; `cached` holds objects of any engine.
    """
    return Observation(
        cached_environment=environment if environment is not None else globals()["environment"](),
        cached_namespace=namespace,
        cached={release_target(release["metadata"]["name"]): release for release in releases} | dict(cached or {}),
        answers=answers or {},
        ages=ages or {},
        share=share or Share(),
        own_secrets=own_secrets or {},
        has_config=has_config,
        now=now,
    )


def phase(name: str) -> Phase:
    """The phase of that name."""
    return next(phase for phase in (*PHASES, INSTALLATION, TEARDOWN) if phase.name == name)


def release_target(name: str = RELEASE_NAME, *, of: str = NAME) -> Target:
    """Where a HelmRelease lies."""
    return Target(HELM_RELEASES, name, of)


def namespace_target(name: str = NAME) -> Target:
    """The namespace of that name."""
    return Target(NAMESPACES, name)


def without_events(effects: Sequence[Effect]) -> list[Effect]:
    """The effects that touch the cluster."""
    return [effect for effect in effects if not isinstance(effect, Emit)]


def event_reasons(effects: Sequence[Effect]) -> list[str]:
    """The reasons of the Events among the effects."""
    return [effect.reason for effect in effects if isinstance(effect, Emit)]


def proceed(*effects: Effect, release: Target | None = None) -> Continue:
    """The decision of a phase that has nothing to wait for."""
    return Continue(effects=tuple(effects), release=release)


def words(phase: str, *, release: str = RELEASE_NAME, of: str = NAME) -> str:
    """What the Helm Operator says when it enters a phase."""
    return f"{_WORDS[phase]} Helm release '{release}' in '{of}'."


def operator_status(
    phase: str,
    *,
    conditions: Mapping[str, tuple[str, str]] | None = None,
    observed: int = 1,
    since: float = 60.0,
    revision: str = "",
    release: str = RELEASE_NAME,
) -> dict[str, Any]:
    """A HelmRelease's status in `phase`. `conditions`: {type: (status, phase that set it)}, all `since` seconds ago."""
    set_by = {**_CONDITIONS[phase], **(conditions or {})}
    return {
        "phase": phase,
        "observedGeneration": observed,
        "releaseName": release,
        "conditions": [
            {
                "type": type_,
                "status": status,
                "reason": reason,
                "message": words(reason, release=release),
                "lastTransitionTime": ago(since),
                "lastUpdateTime": ago(0),
            }
            for type_, (status, reason) in set_by.items()
        ],
    } | ({"revision": revision} if revision else {})


_WORDS = {
    "ChartFetched": "Chart fetch was successful for",
    "ChartFetchFailed": "Chart fetch failed for",
    "Installing": "Running installation for",
    "Upgrading": "Running upgrade for",
    "Deployed": "Installation or upgrade succeeded for",
    "DeployFailed": "Installation or upgrade failed for",
    "Testing": "Testing",
    "Tested": "Tested",
    "TestFailed": "Test failed for",
    "Succeeded": "Release was successful for",
    "Failed": "Release failed for",
    "RollingBack": "Rolling back",
    "RolledBack": "Rolled back",
    "RollbackFailed": "Rollback failed for",
}
_CONDITIONS = {
    "ChartFetched": {"ChartFetched": ("True", "ChartFetched")},
    "ChartFetchFailed": {"ChartFetched": ("False", "ChartFetchFailed"), "Released": ("False", "ChartFetchFailed")},
    "Installing": {"Deployed": ("Unknown", "Installing")},
    "Upgrading": {"Deployed": ("Unknown", "Upgrading")},
    "Deployed": {"Deployed": ("True", "Deployed")},
    "DeployFailed": {"Deployed": ("False", "DeployFailed"), "Released": ("False", "DeployFailed")},
    "Testing": {"Tested": ("Unknown", "Testing")},
    "Tested": {"Tested": ("True", "Tested")},
    "TestFailed": {"Tested": ("False", "TestFailed"), "Released": ("False", "TestFailed")},
    "Succeeded": {"Released": ("True", "Succeeded")},
    "Failed": {"Released": ("False", "Failed")},
    "RollingBack": {"RolledBack": ("Unknown", "RollingBack")},
    "RolledBack": {"RolledBack": ("True", "RolledBack")},
    "RollbackFailed": {"RolledBack": ("False", "RollbackFailed")},
}
