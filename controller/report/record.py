"""What was reported last, as the annotation `reported` keeps it, and what is due now. Pure.

The annotation has one short hash for each channel, the generation in which the comment was last written, the one with
the last result, and the commit whose status is pending. It holds no number of a comment, deployment or repository. So a
forged one can keep feedback about this one environment from being written, which a deletion of the environment does as
well, or end a pending status of ours of another commit in the same repository. It can do nothing else.

What a hash is of are facts, not texts. So another wording in a new version does not write to every pull request.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from controller.report.feedback import COMMIT, Feedback, State
from controller.report.options import CHANNELS

# GitHub's word for a status that has not ended.
PENDING: Final = "pending"
# The one for a status that ended without a result.
SUPERSEDED: Final = "error"
_STATUSES: Final = {
    State.PENDING: PENDING,
    State.QUEUED: PENDING,
    State.DEPLOYING: PENDING,
    State.DEPLOYED: "success",
    State.FAILED: "failure",
}
_DEPLOYMENTS: Final = {
    State.PENDING: "queued",
    State.QUEUED: "queued",
    State.DEPLOYING: "in_progress",
    State.DEPLOYED: "success",
    State.FAILED: "failure",
    State.EXPIRED: "inactive",
    State.GONE: "inactive",
}
_GENERATION: Final = "generation"
_FAILED: Final = "failed"
_DEPLOYED: Final = "deployed"
_PENDING: Final = "pending"
_DIGITS: Final = 12
# What is longer was not written by us.
_LIMIT: Final = 200


@dataclass(frozen=True, slots=True)
class Record:
    """What was reported.

    Attributes:
        hashes: those of the facts that each channel shows.
        generation: the one in which the comment was last written; 0 if there was none.
        failed: the one that was last seen to have failed; 0 if something else has happened since.
        deployed: the same for one that was deployed.
        pending: the commit whose status was last written, and is pending; "" if that one has ended.
    """

    hashes: Mapping[str, str] = field(default_factory=dict)
    generation: int = 0
    failed: int = 0
    deployed: int = 0
    pending: str = ""

    def reported(self, channel: str, digest: str) -> Record:
        """Return the record after a channel has shown the facts with this hash."""
        return replace(self, hashes={**self.hashes, channel: digest})

    def due(self, wanted: Mapping[str, str]) -> tuple[str, ...]:
        """Return the channels that do not show what they should. `wanted` has the hash for each."""
        return tuple(channel for channel, digest in wanted.items() if self.hashes.get(channel) != digest)


def parse(text: str) -> Record:
    """Return the record that an annotation holds. What was not written by us counts as nothing."""
    parts = dict(part.partition("=")[::2] for part in text[:_LIMIT].split(","))
    pending = parts.get(_PENDING, "")
    return Record(
        {channel: digest for channel, digest in parts.items() if channel in CHANNELS},
        generation=_number(parts.get(_GENERATION, "")),
        failed=_number(parts.get(_FAILED, "")),
        deployed=_number(parts.get(_DEPLOYED, "")),
        pending=pending if COMMIT.fullmatch(pending) else "",
    )


def render(record: Record) -> str:
    """Return the value of the annotation."""
    parts = [f"{channel}={record.hashes[channel]}" for channel in CHANNELS if channel in record.hashes]
    parts.append(f"{_GENERATION}={record.generation}")
    others = {_FAILED: record.failed, _DEPLOYED: record.deployed, _PENDING: record.pending}
    return ",".join([*parts, *(f"{name}={value}" for name, value in others.items() if value)])


def status_of(state: State) -> str:
    """Return GitHub's word for the commit status of a state; "" if the status is left as it is."""
    return _STATUSES.get(state, "")


def deployment_of(state: State) -> str:
    """Return GitHub's word for the deployment of a state; "" if the deployment is left as it is."""
    return _DEPLOYMENTS.get(state, "")


def wanted(feedback: Feedback, *, channels: Iterable[str], cluster: str, context: str) -> Mapping[str, str]:
    """Return the hash of the facts that each channel should show. Channels without anything to show are left out."""
    repository = feedback.repository.location.lower() if feedback.repository else ""
    whose = [feedback.uid, feedback.environment, cluster, repository]
    status, deployment = status_of(feedback.state), deployment_of(feedback.state)
    facts: dict[str, list[object]] = {}
    if feedback.pull_request:
        expires = feedback.expires.isoformat() if feedback.expires else ""
        shown = [feedback.state, feedback.url, feedback.commit, expires, feedback.reason]
        facts["comment"] = [feedback.pull_request, *shown]
    if status and feedback.commit and not (status == PENDING and feedback.was_deployed):
        # Only a change of the state counts, because each write is another line in the history of the commit.
        facts["status"] = [context, feedback.commit, status]
    if deployment and (feedback.commit or feedback.state.is_over):
        # What is over is over for all commits.
        commit = "" if feedback.state.is_over else feedback.commit
        facts["deployment"] = [commit, deployment, feedback.url if deployment == "success" else ""]
    return {
        channel: _digest([channel, *whose, *facts[channel]])
        for channel in CHANNELS
        if channel in facts and channel in channels
    }


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


def _digest(facts: list[object]) -> str:
    text = json.dumps([str(fact) for fact in facts])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
