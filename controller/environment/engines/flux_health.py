"""The health of a release of Flux, from the status of its HelmRelease and of its GitRepository.

The status is misleading in several ways:
- A condition can be about an older spec. Only conditions of the current generation count.
- A HelmRelease remains Ready when its branch is deleted or another one is chosen, because the old artifact remains. So
  the GitRepository counts too, and the release must have tried the commit that the GitRepository found.
- Between two retries, Ready is False and Reconciling is True. Ready decides.
- Every release has the reason SourceNotReady in its first seconds. A release without a chart keeps it. It counts as a
  failure only after a while.
- A failure with the current generation can be about the spec before, if that changed during the try.
- After a rollback a release runs, but not the version that was asked for. The message is about the failure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from controller.api.flux import GitRepository, HelmRelease
from controller.apimachinery import objects
from controller.apimachinery.conditions import FALSE, TRUE, reason_of
from controller.apimachinery.objects import Object
from controller.environment.engines.engine import CHART_FETCH_FAILED, UNINSTALL_FAILED, WAITING_FOR_CHART, Health, State

TAKING_UP: Final = "Flux has not processed the change yet."
UNINSTALLING: Final = "Flux is uninstalling the release."
SUSPENDED: Final = "The release is suspended."
STILL_RUNNING: Final = "The previous version is still running."
# An error of Helm can be as long as a page, and one message may have to contain two of them.
MESSAGE_LIMIT: Final = 480

_Condition = Mapping[str, Any]
# The chart is not there yet, or never will be.
_WAITS_FOR_CHART: Final = ("SourceNotReady", "DependencyNotReady", "ArtifactFailed")
# Not failures: Flux ended the try because there is a newer version, or released the lock of one that was interrupted.
_CONTINUES: Final = ("HealthCheckCanceled", "PendingRelease")
# Reasons about a try. helm-controller marks a condition with the generation that it finds when writing it. So it can be
# about an older spec, and `lastAttemptedGeneration` says which spec was tried.
_OF_A_TRY: Final = ("InstallFailed", "UpgradeFailed", "TestFailed", "RollbackSucceeded", "RollbackFailed")
# Where source-controller built a chart. The number is another one in each try, and a message must not change with it.
_BUILD_FOLDER: Final = re.compile(r"/[^ ]*/helmchart-[a-z0-9.-]+-[0-9]+/source/")
_SOURCE_TROUBLES: Final = ("FetchFailed", "StorageOperationFailed", "Stalled")
# The message at the start of every reconciliation, even if there is nothing to do.
_PRELUDE: Final = "Fulfilling prerequisites"


def health(release: Object | None, source: Object | None, *, chart_patience: float) -> Health:
    """Return the health of the release.

    Args:
        release: the HelmRelease, or None if it does not exist yet.
        source: the GitRepository, or None if it does not exist yet.
        chart_patience: seconds for which fetching the chart may continue to fail; 0 if it has failed for too long.
    """
    helm, git = HelmRelease(release or {}), GitRepository(source or {})
    if helm.is_deleting:
        return _uninstalling(helm)
    if helm.is_suspended:
        return Health(State.SUSPENDED, "Suspended", _words(helm.condition("Ready")) or SUSPENDED)
    if trouble := _trouble(git):
        return Health(State.FAILED, reason_of(trouble), _both(helm, trouble))
    if release is None or source is None or not helm.condition("Ready"):
        return Health(State.PENDING, "Pending", WAITING_FOR_CHART)
    ready = helm.current("Ready")
    if ready.get("status") == FALSE and ready.get("reason") in _WAITS_FOR_CHART:
        return _without_chart(ready, chart_patience)
    if _has_failed(helm):
        return Health(State.FAILED, reason_of(_cause(helm)), _failure(helm))
    if ready.get("status") != TRUE or not helm.is_observed or not git.is_observed or _is_busy(helm):
        return Health(State.DEPLOYING, "Progressing", _progress(helm), is_begun=not helm.is_untried)
    if _is_behind(helm, git):
        return _not_taken_up(helm, git, chart_patience)
    return Health(State.DEPLOYED, reason_of(ready), _words(ready))


def _uninstalling(helm: HelmRelease) -> Health:
    released = helm.condition("Released")
    if released.get("status") == FALSE and released.get("reason") == UNINSTALL_FAILED:
        return Health(State.UNINSTALLING, UNINSTALL_FAILED, _words(released))
    return Health(State.UNINSTALLING, "Uninstalling", UNINSTALLING)


def _trouble(git: GitRepository) -> _Condition | None:
    found = (git.current(type_) for type_ in _SOURCE_TROUBLES)
    return next((condition for condition in found if condition.get("status") == TRUE), None)


def _both(helm: HelmRelease, trouble: _Condition) -> str:
    """Return what is wrong with the source, and the health of the release without it."""
    if _has_failed(helm) and helm.current("Ready").get("reason") not in _WAITS_FOR_CHART:
        return f"{_words(trouble)} {_failure(helm)}"
    ready = helm.condition("Ready")
    if ready.get("status") == TRUE:
        return f"{_words(trouble)} {STILL_RUNNING} {_words(ready)}"
    return _words(trouble)


def _without_chart(ready: _Condition, chart_patience: float) -> Health:
    if chart_patience > 0:
        return Health(State.PENDING, reason_of(ready), WAITING_FOR_CHART, changes_after=chart_patience)
    return Health(State.FAILED, CHART_FETCH_FAILED, _words(ready))


def _has_failed(helm: HelmRelease) -> bool:
    ready = helm.current("Ready")
    if ready.get("status") == FALSE and ready.get("reason") not in _CONTINUES:
        return not (ready.get("reason") in _OF_A_TRY and helm.is_untried)
    return helm.current("Stalled").get("status") == TRUE


def _cause(helm: HelmRelease) -> _Condition:
    """Return the condition that says what failed."""
    types = ("TestSuccess", "Released", "Ready") if _remediation(helm) else ("Ready",)
    causes = (helm.current(type_) for type_ in types)
    return next((condition for condition in causes if condition.get("status") == FALSE), helm.current("Stalled"))


def _remediation(helm: HelmRelease) -> _Condition:
    """Return the condition Remediated if Ready is about the remediation instead of its cause, else an empty mapping."""
    remediated = helm.current("Remediated")
    return remediated if remediated.get("reason") == helm.current("Ready").get("reason") else {}


def _failure(helm: HelmRelease) -> str:
    words, remediation = _words(_cause(helm)), _remediation(helm)
    if remediation.get("status") == FALSE:
        return f"{words} {_words(remediation)}"
    return f"{words} {STILL_RUNNING}" if remediation.get("reason") == "RollbackSucceeded" else words


def _is_busy(helm: HelmRelease) -> bool:
    reconciling = helm.current("Reconciling")
    return reconciling.get("status") == TRUE and reconciling.get("message") != _PRELUDE


def _is_behind(helm: HelmRelease, git: GitRepository) -> bool:
    """Return whether the source has found a commit whose chart the release has not tried."""
    attempted = helm.attempted_commit
    return bool(attempted and git.commit and not git.commit.startswith(attempted))


def _not_taken_up(helm: HelmRelease, git: GitRepository, chart_patience: float) -> Health:
    if chart_patience > 0:
        return Health(State.DEPLOYING, "Progressing", TAKING_UP, changes_after=chart_patience)
    # After some build errors, the previous chart remains, and the status of the release does not mention the error.
    chart = f"{objects.namespace(helm.obj)}-{objects.name(helm.obj)}"
    message = (
        f"The chart of commit {git.commit[:12]} has not been built; the HelmChart {chart} in this namespace says why. "
        f"{STILL_RUNNING} {_words(helm.condition('Ready'))}"
    )
    return Health(State.FAILED, CHART_FETCH_FAILED, message)


def _progress(helm: HelmRelease) -> str:
    # Only an action of Helm takes time. The steps before it are short, and each new text is a write.
    running = _words(helm.current("Reconciling"))
    if not running.startswith("Running "):
        return TAKING_UP
    before = helm.current("Released")
    # The failure of the previous try is of interest until the next one has ended.
    return f"{running}. Before that: {_words(before)}" if before.get("status") == FALSE else running


def _words(condition: _Condition) -> str:
    """Return a condition's message on one line, shortened."""
    text = " ".join(_BUILD_FOLDER.sub("", objects.text(condition.get("message"))).split())
    return text if len(text) <= MESSAGE_LIMIT else f"{text[: MESSAGE_LIMIT - 1]}…"
