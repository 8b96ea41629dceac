"""Why a change did not reach the GitOps repository."""

from __future__ import annotations

from controller.pipeline.errors import PipelineError


class GitOpsError(PipelineError):
    """A failure that another attempt cannot correct. The message is for users."""


class OutOfTime(GitOpsError):
    """The timeout has expired."""


class Transient(GitOpsError):
    """A failure that may be temporary: there was no answer, or another attempt may get a different one."""


class LostRace(GitOpsError):
    """Somebody else pushed first. The change has to be decided again on top of that push."""
