"""Why a change did not reach the GitOps repository."""

from __future__ import annotations

from controller.pipeline.errors import PipelineError


class GitOpsError(PipelineError):
    """It failed, and another attempt would fail as well; the text is for people."""


class OutOfTime(GitOpsError):
    """The time allowed is over."""


class Transient(GitOpsError):
    """A failure that need not be final: there was no answer, or one that another attempt may not get."""


class LostRace(GitOpsError):
    """Somebody else pushed in between: the change has to be made again, on top of theirs."""
