"""Why an environment does not run: the reasons of `status.problems`, and a read view of one problem.

docs/reference.md is generated from the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from controller.api.reasons import Reason
from controller.apimachinery import objects

# The limits of the CRD. `MESSAGE_LIMIT` is in characters.
MOST: Final = 5
MESSAGE_LIMIT: Final = 480


class ProblemReason(StrEnum):
    """Every reason that a problem can have, the most useful first.

    What keeps a Pod from being created comes first, and then the steps of its start in order. A Pod that cannot start
    is rarely the consequence of another one, but one that runs and fails often is.
    """

    QUOTA_EXCEEDED = "QuotaExceeded"
    POD_SECURITY = "PodSecurity"
    UNSCHEDULABLE = "Unschedulable"
    VOLUME_PENDING = "VolumePending"
    IMAGE_PULL_FAILED = "ImagePullFailed"
    OOM_KILLED = "OOMKilled"
    HOOK_FAILED = "HookFailed"
    CRASH_LOOP = "CrashLoop"
    INIT_FAILED = "InitFailed"
    PROBE_FAILED = "ProbeFailed"


PROBLEM_REASONS: Final = (
    Reason(
        ProblemReason.QUOTA_EXCEEDED,
        "A ResourceQuota or a LimitRange of the namespace does not allow the Pod.",
        "Lower the requests and limits of the chart, or raise the quota.",
    ),
    Reason(
        ProblemReason.POD_SECURITY,
        "Pod Security, a policy, a webhook or another check refused the Pod or its container.",
        "Change the chart as the message says.",
    ),
    Reason(
        ProblemReason.UNSCHEDULABLE,
        "No node takes the Pod, or its node had to let it go.",
        "Lower the requests, tolerate the taint, or add nodes.",
    ),
    Reason(
        ProblemReason.VOLUME_PENDING,
        "A ConfigMap, a Secret or a volume that the Pod needs is missing, or cannot be mounted.",
        "Create what the message names.",
    ),
    Reason(
        ProblemReason.IMAGE_PULL_FAILED,
        "An image cannot be pulled. The message has the registry's words.",
        "Push the image, correct its name, or give the namespace a pull secret.",
    ),
    Reason(
        ProblemReason.OOM_KILLED,
        "A container used more memory than its limit, or than its node had.",
        "Raise the limit, or let the program use less.",
    ),
    Reason(
        ProblemReason.HOOK_FAILED,
        "A hook or another Job of the chart failed.",
        "Read the log of its Pod.",
    ),
    Reason(
        ProblemReason.CRASH_LOOP,
        "A container ends, or cannot be started, again and again.",
        "Read its log: `kubectl logs --previous`.",
    ),
    Reason(
        ProblemReason.INIT_FAILED,
        "An init container fails, or does not end.",
        "Read its log: `kubectl logs -c`.",
    ),
    Reason(
        ProblemReason.PROBE_FAILED,
        "A container runs, but its probe fails.",
        "Compare the probe with what the program serves, and give it enough time.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One problem.

    Attributes:
        kind, name: the workload that has it, such as the Deployment of a Pod.
        reason: one of ProblemReason. A newer controller may have written another one.
        message: for people, at most MESSAGE_LIMIT characters.
    """

    kind: str
    name: str
    reason: str
    message: str

    def __str__(self) -> str:
        return f"{self.reason}: {self.kind} {self.name}: {self.message}"


def of_status(status: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Return the problems in the status of an environment."""
    return tuple(
        Problem(**{field: objects.text(found.get(field)) for field in ("kind", "name", "reason", "message")})
        for found in objects.mappings(status.get("problems"))
    )
