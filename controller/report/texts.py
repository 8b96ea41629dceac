"""The texts of feedback: a comment in Markdown, and descriptions of one line. Pure.

A comment begins with a hidden marker, by which we find it again. Only the beginning of a comment counts, because an
author's text may contain another marker.
"""

from __future__ import annotations

from datetime import UTC
from typing import Final

from controller.report import inert
from controller.report.feedback import REASON_LIMIT, Feedback, State

# The limit of GitHub for statuses of commits and of deployments.
DESCRIPTION_LIMIT: Final = 140
_SHORT_COMMIT: Final = 8

_SENTENCES: Final = {
    State.PENDING: "is waiting for the cluster",
    State.QUEUED: "is waiting for a free place",
    State.DEPLOYING: "is being deployed",
    State.DEPLOYED: "is deployed",
    State.FAILED: "has failed",
    State.SUSPENDED: "is suspended: changes are not deployed",
    State.EXPIRED: "has expired, and nothing of it runs any more",
    State.GONE: "is removed",
}
_DESCRIPTIONS: Final = {
    State.PENDING: "Waiting for the cluster",
    State.QUEUED: "Waiting for a free place",
    State.DEPLOYING: "Deploying",
    State.DEPLOYED: "Deployed",
    State.FAILED: "Failed",
    State.SUSPENDED: "Suspended",
    State.EXPIRED: "Expired",
    State.GONE: "Removed",
}


def marker(environment: str, cluster: str) -> str:
    """Return the first line of the comment about an environment."""
    return f"<!-- tronador environment={environment} cluster={cluster} -->"


def is_about(body: str, environment: str, cluster: str) -> bool:
    """Whether a comment with this body is the one about the environment."""
    return same_text(body).split("\n", 1)[0].rstrip() == marker(environment, cluster)


def same_text(body: str) -> str:
    """Return a body so that two are equal if and only if they say the same: the servers change line ends."""
    return body.replace("\r\n", "\n").strip()


def comment(feedback: Feedback, *, cluster: str, host: str) -> str:
    """Return the comment. `host` is the one of the pull request, to which no link may lead."""
    lines = [
        marker(feedback.environment, cluster),
        f"**Preview environment `{feedback.environment}` {_SENTENCES[feedback.state]}.**",
    ]
    facts = []
    if feedback.url:
        facts.append(f"- URL: {inert.link(feedback.url, avoid=host)}")
    if feedback.commit:
        facts.append(f"- Commit: `{feedback.commit[:_SHORT_COMMIT]}`")
    if feedback.expires is not None:
        facts.append(f"- Expires: {feedback.expires.astimezone(UTC):%Y-%m-%d %H:%M} UTC")
    if facts:
        lines += ["", *facts]
    if feedback.reason:
        lines += ["", inert.block(feedback.reason, limit=REASON_LIMIT)]
    return "\n".join(lines)


def superseded(commit: str) -> str:
    """Return the description of the status of a commit that was never deployed, because `commit` came after it."""
    return f"Superseded by {commit[:_SHORT_COMMIT]}"


def description(feedback: Feedback) -> str:
    """Return one line of plain text, such as `Failed: ImagePullFailed: Container shop: ...`.

    There is room for one cause only. That of the Pods says more than the engine, which has only waited for them.
    """
    what = _DESCRIPTIONS[feedback.state]
    cause = feedback.problem or feedback.reason
    if feedback.state is State.FAILED and cause:
        what = f"{what}: {cause}"
    return inert.line(what, limit=DESCRIPTION_LIMIT)
