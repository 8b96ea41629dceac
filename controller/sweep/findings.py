"""Shows what a sweep found, as JSON for programs and as text for people. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controller.apimachinery.timestamps import to_time
from controller.sweep.verdicts import Finding, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """The result of one run.

    Attributes:
        path: the folder in the repository.
        apply: whether anything was to be written.
        refusal: why nothing was retired although something should be, or "".
    """

    path: str
    apply: bool
    found: Sequence[Finding]
    refusal: str = ""

    @property
    def has_failed(self) -> bool:
        """Whether anything could not be found out or done."""
        return bool(self.refusal) or any(finding.verdict is Verdict.UNKNOWN for finding in self.found)

    def as_json(self) -> Mapping[str, Any]:
        """Return the report for programs."""
        return {
            "path": self.path,
            "apply": self.apply,
            "counts": {str(verdict): number for verdict, number in self._counts().items()},
            "retired": [finding.name for finding in self.found if finding.retired],
            "environments": [_plain(finding) for finding in self.found],
        }

    def rows(self) -> list[list[str]]:
        """Return the rows of a table for people: all environments that are not simply open."""
        shown = [finding for finding in self.found if finding.verdict is not Verdict.OPEN]
        return [[one.name, str(one.verdict), self._action(one), one.reason] for one in shown]

    def summary(self) -> str:
        """Return the result in a line."""
        counts = ", ".join(f"{number} {verdict}" for verdict, number in self._counts().items() if number)
        going = sum(finding.is_going for finding in self.found)
        retired = sum(finding.retired for finding in self.found)
        done = f"{retired} retired" if self.apply else f"{going} would be retired (add --apply)"
        total = f"{len(self.found)} environment{'' if len(self.found) == 1 else 's'}"
        return f"{total}{f': {counts}' if counts else ''}; {done}"

    def _action(self, finding: Finding) -> str:
        if finding.retired:
            return "retired"
        return "would retire" if finding.is_going and not self.apply and not self.refusal else "kept"

    def _counts(self) -> Mapping[Verdict, int]:
        counts = Counter(finding.verdict for finding in self.found)
        return {verdict: counts[verdict] for verdict in Verdict}


def _plain(finding: Finding) -> Mapping[str, Any]:
    return {
        "name": finding.name,
        "repository": finding.repository,
        "pullRequest": finding.pull_request,
        "verdict": str(finding.verdict),
        "reason": finding.reason,
        "since": to_time(finding.since) if finding.since else "",
        "retired": finding.retired,
    }
