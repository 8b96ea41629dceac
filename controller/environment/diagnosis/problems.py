"""The problems of an environment, from the Pods and the Warning Events of its namespace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from controller.api.problems import MESSAGE_LIMIT, MOST, Problem, ProblemReason
from controller.apimachinery import objects
from controller.apimachinery.objects import Object, text
from controller.environment import core_events
from controller.environment.diagnosis import events as of_events
from controller.environment.diagnosis import pods as of_pods
from controller.environment.diagnosis import wording, workloads
from controller.environment.diagnosis.finding import Finding, Workload

_RANKS: Final = {reason: rank for rank, reason in enumerate(ProblemReason)}
_KIND_LIMIT: Final = 63
_NAME_LIMIT: Final = 253


def find(
    pods: Sequence[Object], events: Sequence[Object], *, since: datetime, now: datetime, release: str = ""
) -> tuple[Problem, ...]:
    """Return the problems, at most MOST, the most useful first. The same objects in another order give the same.

    Args:
        pods: the Pods of the namespace.
        events: its Warning Events.
        since: when the release left its last good state, at the earliest.
        now: the time of the wall clock.
        release: if not "", workloads do not count whose Pods are labelled with another release.
    """
    about = _by_pod(events)
    foreign = {workloads.of_pod(pod) for pod in pods if workloads.is_foreign(pod, release)}
    current = of_pods.newest(pod for pod in pods if workloads.of_pod(pod) not in foreign)
    findings = [
        finding
        for workload, found in current.items()
        for pod in found
        for finding in of_pods.of_pod(pod, workload, about.get(objects.uid(pod), ()), now)
    ]
    newest = {workload: of_pods.created(found) for workload, found in current.items()}
    of_owners = of_events.of_owners(events, newest, since=since, now=now)
    findings += [finding for finding in of_owners if finding.workload not in foreign]
    if any(finding.reason is ProblemReason.VOLUME_PENDING and not finding.container for finding in findings):
        findings += of_events.of_claims(events)
    names = {objects.name(pod): workloads.of_pod(pod).name for pod in pods if workloads.of_pod(pod).kind != "Pod"}
    return tuple(_problem(finding, names) for finding in _causes(findings)[:MOST])


def _by_pod(events: Iterable[Object]) -> Mapping[str, list[Object]]:
    found: dict[str, list[Object]] = {}
    for event in events:
        regarding = core_events.regarding(event)
        if regarding.get("kind") == "Pod":
            found.setdefault(text(regarding.get("uid")), []).append(event)
    return found


def _causes(findings: Iterable[Finding]) -> list[Finding]:
    """Return one finding for each cause: the most useful of each container, whatever number of Pods it is in."""
    best: dict[tuple[Workload, str], Finding] = {}
    for finding in sorted(findings, key=_order):
        best.setdefault((finding.workload, finding.container), finding)
    explained = {finding.workload for finding in best.values() if finding.container and not finding.is_vague}
    return [finding for finding in best.values() if not (finding.workload in explained and _is_general(finding))]


def _is_general(finding: Finding) -> bool:
    """Return whether a finding adds nothing to what a container of the same workload shows."""
    return finding.is_vague or (finding.reason is ProblemReason.HOOK_FAILED and not finding.container)


def _order(finding: Finding) -> tuple[object, ...]:
    return (
        # Nothing waits for a CronJob.
        finding.workload.kind == workloads.CRON_JOB,
        finding.is_vague,
        _RANKS[finding.reason],
        finding.workload,
        finding.container,
        # Of the same words, the longer ones say more.
        -len(finding.message),
        finding.message,
    )


def _problem(finding: Finding, names: Mapping[str, str]) -> Problem:
    message = wording.clean(finding.message, names)
    return Problem(
        # Who creates a Pod may name any owner.
        kind=wording.printable(finding.workload.kind)[:_KIND_LIMIT],
        name=wording.printable(finding.workload.name)[:_NAME_LIMIT],
        reason=str(finding.reason),
        message=wording.cut(message[:1].upper() + message[1:], MESSAGE_LIMIT),
    )
