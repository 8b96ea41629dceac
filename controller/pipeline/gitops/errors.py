"""Why a change did not reach the GitOps repository."""

from __future__ import annotations

from controller.pipeline.errors import PipelineError


class GitOpsError(PipelineError):
    """It failed, and another attempt would fail as well; the text is for people."""


class OutOfTime(GitOpsError):
    """The time allowed is over."""


class Transient(GitOpsError):
    """Nothing that is surely final: no answer, or one that another attempt may well not get."""


class LostRace(GitOpsError):
    """Somebody else pushed in between: the change is to be made anew, on top of theirs."""
