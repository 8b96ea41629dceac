"""From a raw delivery to the answer: verify, read, judge, and name what the next steps of the pipeline need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from controller.pipeline.webhooks import body, gitea, github, gitlab, signature
from controller.pipeline.webhooks.body import BodyError
from controller.pipeline.webhooks.decision import Decision, Rules, Verdict, judge
from controller.pipeline.webhooks.pullrequest import GITEA, GITHUB, GITLAB, Happening, PullRequest
from controller.pipeline.webhooks.signature import Unverified


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A webhook's request.

    Attributes:
        raw: its body, byte for byte as it came: the signature is over that.
        event: X-GitHub-Event, X-Gitlab-Event, X-Gitea-Event or X-Gitea-Event-Type; "" takes it from the body.
        signature: X-Hub-Signature-256, X-Gitlab-Token, X-Gitea-Signature or X-Forgejo-Signature; "" if absent.
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
    if stranger := _stranger(document):
        raise BodyError(f"the body is {stranger}'s, which is not supported; GitHub, GitLab, Gitea and Forgejo are")
    provider = _provider(document, delivery.event, proven)
    if proven and provider and provider not in _PROVEN_BY[proven]:
        raise Unverified(f"the body is of {provider}, its proof of {proven}")
    if not provider:
        raise BodyError("the body is neither GitHub's nor GitLab's nor Gitea's; name the event with --event-type")
    # GitLab's named event says less than the body: a system hook sends everything under one name.
    event = gitlab.event(document) if provider == GITLAB else gitea.event(delivery.event) or github.event(document)
    if event != (gitlab.KIND if provider == GITLAB else github.EVENT):
        return Decision(Verdict.IGNORE, _other_event(event), provider)
    if provider == GITLAB and not gitlab.has_action(document):
        return Decision(Verdict.IGNORE, "a merge request to which nothing happened: a test of the webhook", provider)
    pull = _READERS[provider](document)
    verdict, reason = judge(pull, rules)
    return Decision(verdict, reason, provider, _parameters(pull, name(pull)))


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any]], PullRequest]]] = {
    GITHUB: github.read,
    GITLAB: gitlab.read,
    GITEA: gitea.read,
}
# Gitea signs as GitHub does, and in its own way too.
_PROVEN_BY: Final[Mapping[str, tuple[str, ...]]] = {GITHUB: (GITHUB, GITEA), GITLAB: (GITLAB,), GITEA: (GITEA,)}


def _stranger(document: Mapping[str, Any]) -> str:
    """The provider of a body that we recognise but do not support, or ""."""
    if "pullrequest" in document or "eventKey" in document:
        return "Bitbucket"
    if "eventType" in document and "resource" in document:
        return "Azure DevOps"
    pull = document.get("pull_request")
    return "Gogs" if isinstance(pull, Mapping) and "head_branch" in pull else ""


def _provider(document: Mapping[str, Any], event: str, proven: str) -> str:
    if event.endswith(" Hook"):
        return GITLAB
    if not event and gitlab.is_of_gitlab(document):
        return GITLAB
    if event or github.is_of_github(document):
        # Only the body of a pull request shows that it is Gitea's and not GitHub's; for other events the proof does.
        return GITEA if proven == GITEA or gitea.is_of_gitea(document) else GITHUB
    return ""


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
        "repository_id": pull.repository_id,
        "git_url": pull.source_url if pinned else pull.repository_url,
        "git_ref": pull.commit if pull.is_fork else pull.branch,
        "commit": pull.commit,
        "base_ref": pull.base_branch,
        "fork": pull.is_fork,
        "event_time": _event_time(pull),
    }


def _event_time(pull: PullRequest) -> str:
    # Providers count whole seconds. Half a second more makes a reopening later than a close in the same second, so
    # that it overrules the tombstone of the close.
    if pull.time and Happening.REOPENED in pull.happenings:
        return f"{pull.time.removesuffix('Z')}.5Z"
    return pull.time
