"""Verifies, reads and decides a raw delivery, and returns the parameters for the next steps of the pipeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.pipeline.webhooks.delivery import Delivery
from controller.pipeline.webhooks.providers import identify
from controller.pipeline.webhooks.pullrequest import Happening, PullRequest
from controller.pipeline.webhooks.rules import Rules, Verdict, judge


@dataclass(frozen=True, slots=True)
class Decision:
    """The decision about a delivery.

    Attributes:
        reason: a sentence for users.
        provider: the name of the provider's row; Forgejo has that of `gitea`.
        parameters: values for the flags of `render`, `publish` and `retire`, whose names have underscores here. Empty
            if the delivery is not about a pull request.
    """

    verdict: Verdict
    reason: str
    provider: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


def decide(delivery: Delivery, rules: Rules, *, name: Callable[[PullRequest], str]) -> Decision:
    """Return the decision. `name` returns the name of a pull request's environment. Raises Unverified and BodyError."""
    provider, body = identify(delivery)
    found = provider.read(delivery, body)
    if isinstance(found, str):
        return Decision(Verdict.IGNORE, found, provider.name)
    verdict, reason = judge(found, rules)
    return Decision(verdict, reason, provider.name, _parameters(found, name(found)))


def _parameters(pull: PullRequest, name: str) -> dict[str, Any]:
    # A fork is pinned to the reviewed commit, in the fork itself: see rules.py.
    pinned = pull.is_fork and pull.source_url
    return {
        "name": name,
        "repo_name": pull.repository,
        "pr_number": pull.number,
        "repository_url": pull.repository_url,
        "repository_id": pull.repository_id,
        "git_url": pull.source_url if pinned else pull.repository_url,
        "git_ref": pull.commit if pull.is_fork else pull.branch,
        "commit": pull.commit,
        "branch": pull.branch,
        "author": pull.author,
        "pull_request_url": pull.url,
        "base_ref": pull.base_branch,
        "fork": pull.is_fork,
        "event_time": _event_time(pull),
    }


def _event_time(pull: PullRequest) -> str:
    # Providers send whole seconds. Half a second more makes a reopening later than a close in the same second, so that
    # it overrides the tombstone of the close.
    if pull.time and Happening.REOPENED in pull.happenings:
        return f"{pull.time.removesuffix('Z')}.5Z"
    return pull.time
