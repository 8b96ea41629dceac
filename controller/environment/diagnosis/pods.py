"""What a Pod shows: whether a node has taken it, its volumes, and its containers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from controller.api.problems import ProblemReason
from controller.apimachinery import conditions, objects
from controller.apimachinery.objects import Object, mapping, mappings, text
from controller.environment import core_events
from controller.environment.diagnosis import containers, scheduling, volumes, wording, workloads
from controller.environment.diagnosis.containers import Container, Role
from controller.environment.diagnosis.finding import Finding, Workload

# Reasons of a Pod that its node refused, or had to let go.
_REFUSED: Final = re.compile(
    r"Evicted|NodeAffinity|NodeShutdown|OutOf\w+|UnexpectedAdmissionError|Preempting|Terminated"
)
# Reasons of a container that waits for the node to prepare its Pod.
_PREPARING: Final = ("ContainerCreating", "PodInitializing", "")
_OF_INIT: Final = re.compile(r"spec\.initContainers\{(.*)\}")
_OF_MAIN: Final = re.compile(r"spec\.containers\{(.*)\}")


def of_pod(pod: Object, workload: Workload, events: Sequence[Object], now: datetime) -> Iterator[Finding]:
    """Return the findings about one Pod.

    Args:
        pod: a Pod that is not being deleted.
        workload: its workload.
        events: the Warning Events about it.
        now: the time of the wall clock.
    """
    status = mapping(pod.get("status"))
    if status.get("phase") == "Succeeded":
        return
    reason, message = text(status.get("reason")), wording.said(status)
    if status.get("phase") == "Failed" and _REFUSED.fullmatch(reason):
        yield Finding(workload=workload, reason=ProblemReason.UNSCHEDULABLE, message=wording.sentence(reason, message))
        return
    scheduled = conditions.find(status.get("conditions"), "PodScheduled") or {}
    if scheduled.get("status") == conditions.FALSE:
        yield _unscheduled(workload, text(scheduled.get("reason")), wording.said(scheduled))
        return
    found = False
    for container in _containers(pod, workload, events):
        if trouble := containers.find(container, now):
            found = True
            yield Finding(
                workload=workload,
                reason=trouble.reason,
                message=trouble.message,
                container=container.name,
                is_vague=trouble.is_vague,
            )
    if not found and _is_preparing(pod):
        said = volumes.words(wording.said(event) for event in events if core_events.reason(event) in volumes.REASONS)
        if said:
            message = wording.sentence("a volume cannot be mounted", said)
            yield Finding(workload=workload, reason=ProblemReason.VOLUME_PENDING, message=message)


def _unscheduled(workload: Workload, reason: str, message: str) -> Finding:
    if reason == "SchedulingGated":
        gated = "the Pod waits until its scheduling gates are removed."
        return Finding(workload=workload, reason=ProblemReason.UNSCHEDULABLE, message=gated, is_vague=True)
    is_volume = volumes.is_about_claim(message)
    said = wording.sentence(scheduling.words(message) or "no node is available")
    cause = ProblemReason.VOLUME_PENDING if is_volume else ProblemReason.UNSCHEDULABLE
    return Finding(workload=workload, reason=cause, message=said)


def _containers(pod: Object, workload: Workload, events: Sequence[Object]) -> Iterator[Container]:
    """Return the containers of a Pod in the order of their start."""
    spec, status = mapping(pod.get("spec")), mapping(pod.get("status"))
    ends = workloads.ends(pod, workload)
    for field, statuses, pattern in (
        ("initContainers", "initContainerStatuses", _OF_INIT),
        ("containers", "containerStatuses", _OF_MAIN),
    ):
        known = {text(found.get("name")): found for found in mappings(status.get(statuses))}
        for found in mappings(spec.get(field)):
            name = text(found.get("name"))
            yield Container(
                role=_role(found, is_init=field == "initContainers"),
                spec=found,
                status=known.get(name, {}),
                events=[event for event in events if _name_of(event, pattern) == name],
                ends=ends,
            )


def _role(spec: Object, *, is_init: bool) -> Role:
    if not is_init:
        return Role.MAIN
    return Role.SIDECAR if spec.get("restartPolicy") == "Always" else Role.INIT


def _name_of(event: Object, pattern: re.Pattern[str]) -> str:
    found = pattern.fullmatch(text(core_events.regarding(event).get("fieldPath")))
    return found[1] if found else ""


def _is_preparing(pod: Object) -> bool:
    status = mapping(pod.get("status"))
    statuses = (*mappings(status.get("initContainerStatuses")), *mappings(status.get("containerStatuses")))
    return status.get("phase") == "Pending" and all(_waits(found) for found in statuses)


def _waits(status: Object) -> bool:
    state = mapping(status.get("state"))
    return text(mapping(state.get("waiting")).get("reason")) in _PREPARING and not state.get("running")


def newest(pods: Iterable[Object]) -> dict[Workload, list[Object]]:
    """Return, by workload, the Pods that say how it is now.

    Pods that are being deleted are left out, and so are those of the earlier revisions of a Deployment, and those that
    ended although their workload should run, as long as there is another one.
    """
    found: dict[Workload, list[Object]] = {}
    for pod in pods:
        if not objects.is_deleting(pod):
            found.setdefault(workloads.of_pod(pod), []).append(pod)
    return {workload: _current(workload, of_workload) for workload, of_workload in found.items()}


def _current(workload: Workload, pods: Sequence[Object]) -> list[Object]:
    latest = max(pods, key=_age_key)
    if workload.kind in (workloads.JOB, workloads.CRON_JOB):
        has_succeeded = any(_phase(pod) == "Succeeded" for pod in pods)
        return [] if has_succeeded else list(pods)
    current = [pod for pod in pods if workloads.revision(pod) == workloads.revision(latest)]
    return [pod for pod in current if _phase(pod) != "Failed"] or [latest]


def created(pods: Iterable[Object]) -> str:
    """Return the time of creation of the newest Pod, as text, or ""."""
    return max((text(objects.metadata(pod).get("creationTimestamp")) for pod in pods), default="")


def _age_key(pod: Object) -> tuple[str, str]:
    return text(objects.metadata(pod).get("creationTimestamp")), objects.name(pod)


def _phase(pod: Object) -> str:
    return text(mapping(pod.get("status")).get("phase"))
