"""Keeps the pull request calm while the engine deploys the same generation again. Pure.

- An engine may retry a failed release for ever, or roll it back after it has said that it failed. The pull request
  would change to "is being deployed" and back with every try. So a generation that has failed remains failed until it
  is deployed, suspended or over, or the spec changes.
- Flux follows the branch. When somebody pushes, it often deploys the new chart before the environment knows of the new
  commit. So the commit status of a generation that was deployed stays until there is another result.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from controller.report.feedback import Feedback, State
from controller.report.record import Record

_TRIES: Final = (State.PENDING, State.DEPLOYING)


def noted(record: Record, seen: Feedback) -> Record:
    """Return the record after this state of the environment was seen."""
    match seen.state:
        case State.FAILED:
            return replace(record, failed=seen.generation, deployed=0)
        case State.DEPLOYED:
            return replace(record, failed=0, deployed=seen.generation)
        case _ if _is_another_try(seen, record):
            return record
        case _:
            return replace(record, failed=0, deployed=0)


def steady(seen: Feedback, record: Record, failure: Feedback | None) -> Feedback | None:
    """Return what to show instead of this state; None if that is what the pull request shows already.

    Args:
        record: before this state was seen.
        failure: what was to be shown when the generation failed; None if this process has not seen that.
    """
    if not _is_another_try(seen, record):
        return seen
    if seen.generation == record.deployed:
        return replace(seen, was_deployed=True)
    return replace(seen, state=State.FAILED, reason=failure.reason, problem=failure.problem) if failure else None


def _is_another_try(seen: Feedback, record: Record) -> bool:
    # In the record, 0 stands for none.
    return seen.state in _TRIES and seen.generation > 0 and seen.generation in (record.failed, record.deployed)
