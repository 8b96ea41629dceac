"""What Events about the owners of Pods show. If a Pod cannot be created, nothing else says why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from controller.api.problems import ProblemReason
from controller.apimachinery.objects import Object, text
from controller.apimachinery.timestamps import from_time
from controller.environment import core_events
from controller.environment.diagnosis import wording, workloads
from controller.environment.diagnosis.finding import Finding, Workload

# A controller repeats such an Event at least every thousand seconds as long as it cannot create a Pod.
_LASTS: Final = timedelta(minutes=20)
_CREATORS: Final = ("ReplicaSet", "StatefulSet", "DaemonSet", "Job", "ReplicationController")
_AROUND: Final = re.compile(
    r"""^(?:
    Error\ creating
    | create\ (?:Pod|Claim)\ \S+(?:\ for\ Pod\ \S+)?\ in\ StatefulSet\ \S+\ failed(?:\ error)?
    | (?:pods|persistentvolumeclaims)\ "[^"]*"\ is\ forbidden
    | (?:Pod|PersistentVolumeClaim)\ "[^"]*"\ is\ invalid
    | Internal\ error\ occurred
    )(?::\s+|\s+)""",
    re.VERBOSE,
)
_QUOTA: Final = re.compile(
    r"exceeded quota|failed quota|usage per (?:Container|Pod|PersistentVolumeClaim) is|max limit to request ratio"
)
# What is in use changes with each other Pod.
_USED: Final = re.compile(r", used: .*?(?=, limited: )")
# Without one of these words, the API server itself had a problem, and the controller tries again.
_REFUSAL: Final = re.compile(r"forbidden|denied|is invalid|webhook|not found|unable to validate")
_JOB_FAILED: Final[Mapping[str, str]] = {
    "BackoffLimitExceeded": "all its attempts failed",
    "DeadlineExceeded": "it took longer than its deadline",
    "PodFailurePolicy": "its Pod failed in a way that ends it",
}
_CLAIM_FAILED: Final = ("ProvisioningFailed", "FailedBinding", "VolumeMismatch")


def of_owners(
    events: Iterable[Object], newest: Mapping[Workload, str], *, since: datetime, now: datetime
) -> Iterator[Finding]:
    """Return the findings about workloads that cannot create Pods, and about Jobs that failed.

    Args:
        events: Warning Events.
        newest: by workload, the time of creation of its newest Pod. An earlier Event is about an earlier Pod.
        since: what happened earlier is about an earlier state of the release.
        now: the time of the wall clock.
    """
    for event in events:
        regarding = core_events.regarding(event)
        kind, name = text(regarding.get("kind")), text(regarding.get("name"))
        moment = core_events.moment(event)
        if kind not in _CREATORS or moment is None or moment < max(since, now - _LASTS):
            continue
        workload = workloads.of_object(kind, name)
        created = from_time(newest.get(workload, ""))
        reason, message = core_events.reason(event), wording.said(event)
        if reason == "FailedCreate" and _REFUSAL.search(message) and not (created and moment < created):
            yield Finding(workload=workload, reason=_refused(message), message=_why(message, name, workload))
        if kind == workloads.JOB and (why := _JOB_FAILED.get(reason)):
            yield Finding(workload=workload, reason=ProblemReason.HOOK_FAILED, message=f"{why}.")


def of_claims(events: Iterable[Object]) -> Iterator[Finding]:
    """Return why a PersistentVolumeClaim has no volume. Only of interest while a Pod waits for one."""
    for event in events:
        regarding = core_events.regarding(event)
        if regarding.get("kind") == "PersistentVolumeClaim" and core_events.reason(event) in _CLAIM_FAILED:
            workload = Workload("PersistentVolumeClaim", text(regarding.get("name")))
            said = wording.sentence("it has no volume", wording.said(event))
            yield Finding(workload=workload, reason=ProblemReason.VOLUME_PENDING, message=said)


def _refused(message: str) -> ProblemReason:
    return ProblemReason.QUOTA_EXCEEDED if _QUOTA.search(message) else ProblemReason.POD_SECURITY


def _why(message: str, creator: str, workload: Workload) -> str:
    while (shorter := _AROUND.sub("", message)) != message:
        message = shorter
    # A policy may name the Pod, and each attempt has a name of its own.
    attempt = re.compile(rf"(?<![\w-]){re.escape(creator)}(?:-[a-z0-9]{{5}}|-)?(?![\w-])")
    message = attempt.sub(lambda _: workload.name, _USED.sub("", message))
    return wording.sentence("its Pods cannot be created", message)
