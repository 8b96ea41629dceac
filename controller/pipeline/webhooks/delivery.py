"""From a raw delivery to the answer: verify, read, judge, and name what the next steps of the pipeline need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from controller.pipeline.webhooks import body, github, gitlab, signature
from controller.pipeline.webhooks.body import BodyError
from controller.pipeline.webhooks.decision import Decision, Rules, Verdict, judge
from controller.pipeline.webhooks.pullrequest import GITHUB, GITLAB, PullRequest
from controller.pipeline.webhooks.signature import Unverified


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A webhook's request.

    Attributes:
        raw: its body, byte for byte as it came: the signature is over that.
        event: X-GitHub-Event or X-Gitlab-Event; "" lets the body tell.
        signature: X-Hub-Signature-256 or X-Gitlab-Token; "" is none.
        secret: the webhook's secret; None believes every delivery.
    """

    raw: bytes
    event: str = ""
    signature: str = ""
    secret: bytes | None = None


def decide(delivery: Delivery, rules: Rules, *, name: Callable[[PullRequest], str]) -> Decision:
    """The answer; `name` gives a pull request's environment its name. Raises Unverified and BodyError."""
    proven = ""
    if delivery.secret is not None:
        # Before anything else is done with the bytes.
        proven = signature.verify(delivery.raw, signature=delivery.signature, secret=delivery.secret)
    document = body.parse(delivery.raw)
    provider = _provider(document, delivery.event)
    if proven and provider and provider != proven:
        raise Unverified(f"the body is of {provider}, its proof of {proven}")
    if provider == GITHUB:
        event, expected, read = delivery.event or github.event(document), github.EVENT, github.read
    elif provider == GITLAB:
        # A named event says less than the body here: a system hook tells everything under one name.
        event, expected, read = gitlab.event(document), gitlab.KIND, gitlab.read
    else:
        raise BodyError("the body is neither GitHub's nor GitLab's; name the event with --event-type")
    if event != expected:
        return Decision(Verdict.IGNORE, _other_event(event), provider)
    pull = read(document)
    verdict, reason = judge(pull, rules)
    return Decision(verdict, reason, provider, _parameters(pull, name(pull)))


def _provider(document: Mapping[str, Any], event: str) -> str:
    if event.endswith(" Hook"):
        return GITLAB
    if event:
        return GITHUB
    if gitlab.is_of_gitlab(document):
        return GITLAB
    return GITHUB if github.is_of_github(document) else ""


def _other_event(event: str) -> str:
    if event == "ping":
        return "a ping: the webhook is set up"
    return f"the event {event!r} is not about pull requests" if event else "the event is not about pull requests"


def _parameters(pull: PullRequest, name: str) -> dict[str, Any]:
    # A fork is pinned to the commit that was looked at, in the fork: see decision.py.
    pinned = pull.is_fork and pull.source_url
    return {
        "name": name,
        "repo_name": pull.repository,
        "pr_number": pull.number,
        "repository_url": pull.repository_url,
        "git_url": pull.source_url if pinned else pull.repository_url,
        "git_ref": pull.commit if pull.is_fork else pull.branch,
        "commit": pull.commit,
        "base_ref": pull.base_branch,
        "fork": pull.is_fork,
        "event_time": pull.time,
    }
