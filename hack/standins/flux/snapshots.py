"""`status.history`: what the controller remembers of the revisions that it made, newest first. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from controller.apimachinery.timestamps import to_time
from hack.standins.helm import storage
from hack.standins.helm.storage import Release

MAX_SNAPSHOTS = 5

Snapshot = Mapping[str, Any]


def snapshot(release: Release, *, action: str = "", before: Snapshot | None = None) -> dict[str, Any]:
    """Return the snapshot of a revision that `action` made, with the test results of its previous snapshot."""
    metadata = release.chart.get("metadata") or {}
    remembered: dict[str, Any] = {
        "digest": _digest(release),
        "name": release.name,
        "namespace": release.namespace,
        "version": release.version,
        "status": release.status,
        "chartName": str(metadata.get("name") or ""),
        "chartVersion": str(metadata.get("version") or ""),
        "configDigest": config_digest(release.config),
        "firstDeployed": to_time(release.first_deployed),
        "lastDeployed": to_time(release.last_deployed),
    }
    if metadata.get("appVersion"):
        remembered["appVersion"] = str(metadata["appVersion"])
    if action:
        remembered["action"] = action
    if before is not None and "testHooks" in before:
        remembered["testHooks"] = before["testHooks"]
    return remembered


def config_digest(values: Mapping[str, Any]) -> str:
    """Return the digest by which values are compared."""
    return _sha256(values)


def is_of(remembered: Snapshot, release: Release) -> bool:
    """Whether a revision in storage is still exactly what was remembered."""
    return bool(remembered["digest"] == _digest(release))


def refreshed(
    history: Sequence[Snapshot],
    stored: Sequence[Release],
    *,
    since: int,
    made: str = "",
    changed: str | None = None,
    written: int = 0,
) -> list[dict[str, Any]]:
    """The history after an action: in front the revisions after `since`, which it made; the others up to date.

    Args:
        made: the action that new revisions name.
        changed: the action that older revisions name which have changed; None: they keep theirs.
        written: an older revision that was written together with new ones, even if it has not changed; 0: none.
    """
    by_version = {release.version: release for release in stored}
    fresh = [snapshot(release, action=made) for version, release in sorted(by_version.items()) if version > since]
    old = []
    for each in history:
        release = by_version.get(int(each["version"]))
        if int(each["version"]) > since:
            continue
        if release is None or (is_of(each, release) and not (fresh and release.version == written)):
            old.append(dict(each))
        else:
            action = str(each.get("action") or "") if changed is None else changed
            old.append(snapshot(release, action=action, before=each))
    return [*reversed(fresh), *old]


def gone(history: Sequence[Snapshot], action: str) -> list[dict[str, Any]]:
    """The history after an uninstall: the last that was seen of the newest revision is that it went."""
    newest = {"status": storage.UNINSTALLING, "action": action}
    return [{**each, **newest} if index == 0 else dict(each) for index, each in enumerate(history)]


def latest(history: Sequence[Snapshot]) -> Snapshot | None:
    """The newest revision, or None."""
    return max(history, key=lambda each: int(each["version"]), default=None)


def previous(history: Sequence[Snapshot], *, ignore_tests: bool) -> Snapshot | None:
    """The one to roll back to: the last that was good before the newest."""
    return next((each for each in history[1:] if _was_good(each, ignore_tests)), None)


def truncated(history: Sequence[Snapshot], *, ignore_tests: bool) -> list[dict[str, Any]]:
    """The history down to the one to roll back to."""
    for index, each in enumerate(history[1:], start=1):
        if _was_good(each, ignore_tests):
            return [dict(kept) for kept in history[: index + 1]]
    return [dict(kept) for kept in history[:MAX_SNAPSHOTS]]


def was_tested(each: Snapshot) -> bool:
    """Whether its tests have been run, however they ended."""
    return "testHooks" in each


def failed_tests(each: Snapshot) -> bool:
    """Whether a test of it failed."""
    return any(hook.get("phase") == "Failed" for hook in (each.get("testHooks") or {}).values())


def full_name(each: Snapshot) -> str:
    """Return the name of a revision in messages."""
    return f"{each['namespace']}/{each['name']}.v{each['version']}"


def chart_name(each: Snapshot) -> str:
    """Return the name of a chart in messages."""
    return f"{each['chartName']}@{each['chartVersion']}"


def _was_good(each: Snapshot, ignore_tests: bool) -> bool:
    deployed = each["status"] in (storage.DEPLOYED, storage.SUPERSEDED)
    return deployed and (ignore_tests or not failed_tests(each))


def _digest(release: Release) -> str:
    return _sha256(
        {
            "name": release.name,
            "namespace": release.namespace,
            "version": release.version,
            "status": release.status,
            "deployed": [to_time(release.first_deployed), to_time(release.last_deployed)],
            "chart": release.chart.get("metadata"),
            "config": release.config,
            "manifest": release.manifest,
        }
    )


def _sha256(document: Any) -> str:
    return f"sha256:{hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()}"
