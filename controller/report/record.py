"""What was reported last, as the annotation `reported` keeps it, and what is due now. Pure.

The annotation has one short hash for each channel, and the generation in which the comment was last written. It holds
no number of a comment, deployment or repository. So a forged one can only keep feedback about this one
environment from being written, which a deletion of the environment does as well.

What a hash is of are facts, not texts. So another wording in a new version does not write to every pull request.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from controller.report.feedback import Feedback, State
from controller.report.options import CHANNELS

_STATUSES: Final = {
    State.PENDING: "pending",
    State.QUEUED: "pending",
    State.DEPLOYING: "pending",
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
_DIGITS: Final = 12
# What is longer was not written by us.
_LIMIT: Final = 200


@dataclass(frozen=True, slots=True)
class Record:
    """What was reported.

    Attributes:
        hashes: those of the facts that each channel shows.
        generation: the one in which the comment was last written; 0 if there was none.
    """

    hashes: Mapping[str, str] = field(default_factory=dict)
    generation: int = 0

    def reported(self, channel: str, digest: str) -> Record:
        """Return the record after a channel has shown the facts with this hash."""
        return replace(self, hashes={**self.hashes, channel: digest})

    def due(self, wanted: Mapping[str, str]) -> tuple[str, ...]:
        """Return the channels that do not show what they should. `wanted` has the hash for each."""
        return tuple(channel for channel, digest in wanted.items() if self.hashes.get(channel) != digest)


def parse(text: str) -> Record:
    """Return the record that an annotation holds. What was not written by us counts as nothing."""
    parts = dict(part.partition("=")[::2] for part in text[:_LIMIT].split(","))
    number = parts.pop(_GENERATION, "")
    return Record(
        {channel: digest for channel, digest in parts.items() if channel in CHANNELS},
        int(number) if number.isascii() and number.isdigit() else 0,
    )


def render(record: Record) -> str:
    """Return the value of the annotation."""
    parts = [f"{channel}={record.hashes[channel]}" for channel in CHANNELS if channel in record.hashes]
    return ",".join([*parts, f"{_GENERATION}={record.generation}"])


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
    if status and feedback.commit:
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


def _digest(facts: list[object]) -> str:
    text = json.dumps([str(fact) for fact in facts])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
