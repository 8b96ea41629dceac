"""The engines that can install the demonstration's chart, by the name that `make demo ENGINE=...` takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from controller.api import flux, helm_operator
from controller.apimachinery import conditions
from controller.apimachinery.resources import Resource

# In seconds: long enough for an eye to follow, and a failure shows in seconds instead of the five minutes of a release.
_PACE: Final = ("--install-delay", "1.5", "--upgrade-delay", "1.5", "--uninstall-delay", "1", "--longest-wait", "4")


@dataclass(frozen=True, slots=True)
class Engine:
    """One of them: how its stand-in is started, and how to read its HelmReleases.

    Attributes:
        name: as `--release-engine` takes it, and what its log is called.
        title: for people.
        releases: its HelmReleases.
        flags: of the stand-in, beside those that say where the chart lies.
        note: what could surprise in the output, or "".
    """

    name: str
    title: str
    releases: Resource
    flags: tuple[str, ...]
    note: str = ""

    def state(self, release: Mapping[str, Any]) -> str:
        """Return the state of a HelmRelease in one word."""
        status = release.get("status") or {}
        if self.releases == helm_operator.HELM_RELEASES:
            return str(status.get("phase") or "new")
        if release["metadata"].get("deletionTimestamp"):
            return "Uninstalling"
        ready = conditions.find(status.get("conditions"), "Ready") or {}
        return str(ready.get("reason") or "new")


ENGINES: Final[Mapping[str, Engine]] = {
    engine.name: engine
    for engine in (
        Engine(
            "helm-operator",
            "a Helm Operator",
            helm_operator.HELM_RELEASES,
            (
                *("--mirror-delay", "2", "--sync-interval", "5", "--git-retry-interval", "1"),
                *("--git-poll-interval", "1", *_PACE),
            ),
            note="(A Helm Operator reports ChartFetchFailed until it has cloned the repository. That is normal.)",
        ),
        Engine("flux", "Flux", flux.HELM_RELEASES, ("--longest-interval", "1", *_PACE)),
    )
}
