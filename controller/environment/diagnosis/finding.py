"""What one Pod or one Event shows, before findings with the same cause become one problem."""

from __future__ import annotations

from dataclasses import dataclass

from controller.api.problems import ProblemReason


@dataclass(frozen=True, slots=True, order=True)
class Workload:
    """Who owns a Pod: what a person knows from the chart."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding.

    Attributes:
        workload: who has the problem.
        reason: see ProblemReason.
        message: a sentence for people, of any length.
        container: its name, or "" for a finding about the whole Pod.
        is_vague: whether it says only what everybody waits for. Any other finding is more useful.
    """

    workload: Workload
    reason: ProblemReason
    message: str
    container: str = ""
    is_vague: bool = False
