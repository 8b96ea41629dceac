"""Decides what a sync does next: install, upgrade, compare or refuse, in the original's order. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from hack.standins.helm import storage
from hack.standins.helm.storage import Release
from hack.standins.helm_operator.resource import HelmRelease


class SyncRefused(Exception):
    """The release is in a state that the operator does not touch."""


@dataclass(frozen=True, slots=True)
class Install:
    """Install: the release does not exist."""


@dataclass(frozen=True, slots=True)
class Upgrade:
    """Upgrade without a comparison: a first sync, a changed chart, or the retry of a rolled-back upgrade."""

    current: Release


@dataclass(frozen=True, slots=True)
class Compare:
    """Nothing seems to be newer: upgrade only if chart or values differ from those of the revision `against`."""

    current: Release
    against: Release


Action = Install | Upgrade | Compare


def decide(hr: HelmRelease, history: list[Release], *, antecedent: str, chart_changed: bool) -> Action:
    """The action of this sync.

    Args:
        hr: as it was when the sync began.
        history: the release's revisions, oldest first.
        antecedent: the owner that the release's first object names, or "" where none is named.
        chart_changed: whether chart files changed since the last attempted revision.

    Raises SyncRefused with the original's words.
    """
    if not history:
        return Install()
    current = history[-1]
    if antecedent not in ("", hr.id):
        raise SyncRefused(f"release appears to be managed by '{antecedent}'")
    if current.status != storage.DEPLOYED:
        raise SyncRefused(f"status '{current.status}' of release does not allow a safe upgrade")
    if not hr.has_synced or chart_changed:
        return Upgrade(current)
    if not hr.has_rolled_back:
        return Compare(current, current)
    if hr.retries_upgrade:
        return Upgrade(current)
    # A retry must differ from the revision that was rolled back.
    attempted = [release for release in history if release.status in (storage.FAILED, storage.SUPERSEDED)]
    return Compare(current, attempted[-1] if attempted else current)
