"""Every event that the controller logs, with its level, meaning and remedy: docs/reference.md is generated from it.

An event is the fixed text of a log line, in the field `event`; everything that varies stands in other fields. A test
compares the table with the code. As in `reasons.py`, the texts are Markdown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One event: its level, what happened, and what an operator does ("" for nothing)."""

    name: str
    level: Literal["debug", "info", "warning", "error"]
    meaning: str
    remedy: str = ""


_REPORT: Final = "Report the fault with the traceback of this line."
_SEE_ERROR: Final = "The field `error` has the cause."
_RETRIED: Final = "If it lasts, the field `error` has the cause."

_OF_PROCESS: Final = (
    LogEvent("controller starting", "info", "The process has read its configuration and connects."),
    LogEvent(
        "cannot start",
        "error",
        "The configuration, the kubeconfig or an address cannot be used; the process exits with 1.",
        "Correct what the field `error` names.",
    ),
    LogEvent(
        "API server not usable yet",
        "warning",
        "The first request failed. The process waits and tries again.",
        "Do what the field `error` says.",
    ),
    LogEvent("controller stopping", "info", "A signal asked the process to stop; running reconciles may finish."),
    LogEvent("controller stopped", "info", "The process has ended as asked."),
    LogEvent(
        "exiting",
        "error",
        "The process exits with 1: the caches were not filled in time, or the lease was lost.",
        "See the lines before it.",
    ),
    LogEvent(
        "component did not stop in time",
        "warning",
        "The part `name` was still busy at the end of `--graceful-timeout`.",
        "Raise `--graceful-timeout` and the pod's `terminationGracePeriodSeconds` if it happens often.",
    ),
    LogEvent(
        "reconciles did not finish in time",
        "warning",
        "Reconciles that ran at the end of `--graceful-timeout` are interrupted. The next process repeats them.",
        "Raise `--graceful-timeout` and the pod's `terminationGracePeriodSeconds` if it happens often.",
    ),
    LogEvent("HTTP request failed", "error", "A request to `path` was answered with 500.", _REPORT),
)

_OF_DRY_RUN: Final = (
    LogEvent("write planned", "info", "A dry run would make this write. Each write is logged once."),
    LogEvent("dry run complete", "info", "Everything was looked at; `writes` is the number of planned writes."),
    LogEvent(
        "dry run incomplete",
        "error",
        "The objects in `failed` could not be looked at, or the process was stopped early.",
        "Remove the cause, which the lines before it name, and repeat the dry run.",
    ),
)

_OF_RECONCILES: Final = (
    LogEvent("object created", "info", "The controller created the object `kind`, `name`."),
    LogEvent("object patched", "info", "The controller changed the object `kind`, `name`."),
    LogEvent("object applied", "info", "The controller applied the shared object `kind`, `name`."),
    LogEvent("object deleted", "info", "The controller deleted the object `kind`, `name`."),
    LogEvent("status written", "info", "The status of an EnvironmentProvisioner or of the TronadorConfig changed."),
    LogEvent(
        "object contested",
        "warning",
        "Somebody else undoes what the controller writes, or the API server drops a part of it.",
        "See [the condition `Contested`](#others-undo-what-the-controller-writes).",
    ),
    LogEvent(
        "status rewritten by others",
        "warning",
        "Another client keeps changing the status of the TronadorConfig, so the controller writes it less often.",
        "Find the client in the object's `managedFields`, and stop it.",
    ),
    LogEvent(
        "effect failed",
        "warning",
        "The API server refused a step of the phase. The environment's conditions show the reason if that lasts.",
        "See [the reason](#condition-types-and-reasons) in the field `reason`.",
    ),
    LogEvent(
        "effect postponed",
        "debug",
        "A step of the phase has to wait for something that passes by itself, such as the end of a namespace.",
    ),
    LogEvent(
        "optional read failed",
        "debug",
        "What may lead to a URL, or Pods and Events of an environment, could not be read. So the URL is missing, or "
        "the status does not say yet why it does not run.",
    ),
    LogEvent("reconcile failed", "error", "A request failed. The reconcile is repeated after a back-off.", _RETRIED),
    LogEvent(
        "reconcile failed terminally",
        "error",
        "A reconcile failed in a way that a repetition cannot change. The next change of the object starts another.",
        "Correct what the field `error` names.",
    ),
    LogEvent("reconcile crashed", "error", "A reconcile ended with an unexpected exception. It is repeated.", _REPORT),
    LogEvent("reconcile interrupted", "debug", "The process stops, so a reconcile was interrupted."),
    LogEvent(
        "reconcile postponed", "debug", "A cache has not caught up with the controller's own writes. It is repeated."
    ),
    LogEvent(
        "reconcile repeated after a conflict",
        "debug",
        "Another client changed or deleted an object meanwhile. The reconcile is repeated with the new state.",
    ),
    LogEvent(
        "error not written to the status",
        "warning",
        "A reconcile failed, and so did the write that would show it in the status.",
        "See the other lines with the same `reconcile_id`.",
    ),
    LogEvent(
        "status not judged", "debug", "After an error the status is computed from the last one, and not from caches."
    ),
    LogEvent(
        "repository of environment not found",
        "error",
        "An environment cannot be read, so every change of the TronadorConfig reconciles it.",
        _REPORT,
    ),
    LogEvent("environment not counted", "error", "An environment cannot be read, so no gauge counts it.", _REPORT),
    LogEvent("wake-up stream ended", "debug", "The watch for the end of an uninstall ended; reads replace it."),
)

_OF_CACHES: Final = (
    LogEvent(
        "list or watch failed",
        "warning",
        "The cache of `resource` cannot be kept current. Only the first failure of a kind is logged.",
        "See the runbook [TronadorCacheOutOfDate](runbooks.md#tronadorcacheoutofdate).",
    ),
    LogEvent(
        "list or watch not permitted",
        "warning",
        "The API server does not let the controller read `resource`.",
        "Grant the rights of `manifests/rbac`, or renew the credentials.",
    ),
    LogEvent(
        "resource not installed",
        "warning",
        "The API server does not know `resource`. The controller waits for it.",
        "Install its CRD, unless the cluster does not use that release engine.",
    ),
    LogEvent("list or watch recovered", "info", "The `operation` that failed before works again."),
    LogEvent("cache update failed", "error", "An exception ended a list or watch. It is repeated.", _REPORT),
    LogEvent("silent watch reopened", "debug", "A watch sent nothing for so long that it may be dead."),
    LogEvent("initial state not streamed", "debug", "The API server does not stream lists, so a list is read."),
    LogEvent(
        "watch event skipped",
        "warning",
        "A watch sent an event of an unknown `type`.",
        "Find out which proxy or API server sends it.",
    ),
    LogEvent(
        "object skipped",
        "warning",
        "An object is malformed, so the controller ignores it; `problem` says what is wrong.",
        "Correct the object, or find out which API server serves it.",
    ),
    LogEvent(
        "object partly unreadable",
        "warning",
        "The field `field` of an object has a value that cannot be read.",
        "See the runbook [TronadorUnreadableObjects](runbooks.md#tronadorunreadableobjects).",
    ),
    LogEvent("object transform failed", "error", "An object cannot be prepared for the cache. It is ignored.", _REPORT),
    LogEvent("index function failed", "error", "An object is missing from the index `index`.", _REPORT),
    LogEvent(
        "key queued in doubt",
        "error",
        "Whether a change needs a reconcile could not be found out, so one follows.",
        _REPORT,
    ),
    LogEvent("handler failed", "error", "The handler `handler` raised, so one change is lost to it.", _REPORT),
)

_OF_API_SERVER: Final = (
    LogEvent(
        "API server unavailable",
        "warning",
        "No request is answered. All requests are repeated as soon as the API server answers.",
        "See [what happens meanwhile](operations.md#when-the-api-server-is-away).",
    ),
    LogEvent("API server available again", "info", "It answers, after `seconds_away` seconds."),
    LogEvent(
        "credentials not renewed",
        "warning",
        "The API server refused the credentials, and reading others from `source` failed.",
        _SEE_ERROR,
    ),
    LogEvent("event not posted", "warning", "A Kubernetes Event is lost.", _SEE_ERROR),
    LogEvent("event not built", "error", "A Kubernetes Event is lost, because it could not be built.", _REPORT),
    LogEvent("event already posted", "debug", "The answer to an earlier try was lost, but the Event arrived."),
)

_OF_LEADER_ELECTION: Final = (
    LogEvent("lease acquired", "info", "This process is the leader now."),
    LogEvent(
        "lease lost",
        "error",
        "This process could not renew the lease in time, or `holder` has taken it over. The process exits.",
        "See the runbook [TronadorNoLeader](runbooks.md#tronadornoleader) if no process leads.",
    ),
    LogEvent(
        "lease not acquired or renewed",
        "warning",
        "A request for the lease failed. It is repeated.",
        "For a 403, grant the rights to the Lease in the field `lease`.",
    ),
    LogEvent("lease changed by another process", "debug", "Another process wrote the lease first."),
    LogEvent("lease not renewed at the first attempt", "debug", "The lease is read before the next attempt."),
    LogEvent("lease released", "info", "This process stops, and another one can lead at once."),
    LogEvent(
        "lease not released", "warning", "This process stops. Other processes wait until its lease expires.", _SEE_ERROR
    ),
)

_OF_FEEDBACK: Final = (
    LogEvent("feedback written", "info", "`tronador report` wrote to GitHub or GitLab; `channel` says what."),
    LogEvent(
        "feedback paused",
        "warning",
        "GitHub or GitLab failed, refused the credentials, or asked for a pause. Nothing is sent for `prefix` then.",
        _RETRIED,
    ),
    LogEvent("feedback resumed", "info", "GitHub or GitLab answers as it should again."),
    LogEvent(
        "feedback refused",
        "warning",
        "The credentials may not write this, or what it is about does not exist. It is tried again.",
        "Give the token or the App the missing permission, or correct what `error` names.",
    ),
    LogEvent(
        "feedback rejected",
        "warning",
        "GitHub or GitLab will never accept this feedback, so it waits for the next change of the environment.",
        _SEE_ERROR,
    ),
    LogEvent(
        "environment not reported",
        "info",
        "No prefix of `--credentials` is for the repository of an environment. Each repository is logged once.",
        "Add a prefix, if it should be.",
    ),
)

LOG_EVENTS: Final = (
    *_OF_PROCESS,
    *_OF_DRY_RUN,
    *_OF_RECONCILES,
    *_OF_CACHES,
    *_OF_API_SERVER,
    *_OF_LEADER_ELECTION,
    *_OF_FEEDBACK,
)
